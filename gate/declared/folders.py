"""Digests of whole folders, as DVC computes them: md5 over the list of the folder's files and their digests.

The list is what Python's json writes of `[{"md5": ..., "relpath": ...}, ...]`, sorted by path:
https://github.com/iterative/dvc-data/blob/main/src/dvc_data/hashfile/tree.py
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from gate.archive.archive import Archive
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.declared.again import Measured, Wanted
from gate.facts.digests import DeclaredFolder
from gate.facts.seen import Seen
from gate.facts.spill import Spill

_FOLDERS = 64
"""Folders whose digests are compared; each costs a pass over what was measured."""
_IGNORE = ".dvcignore"


@dataclass(slots=True)
class Folder:
    """A declared folder, and what of it is here; `whole` when all of its files were read and can be named."""

    declared: DeclaredFolder
    files: int = 0
    whole: bool = True

    @property
    def prefix(self) -> str:
        return f"{self.declared.path}/"


class Folders:
    """The folders of one archive that have a digest."""

    def __init__(self, seen: Seen, archive: Archive) -> None:
        rows = seen.rows(DeclaredFolder)
        self._archive, self._ignored = archive, False
        self._folders = [Folder(row) for row in islice(rows, _FOLDERS)]
        self._more = next(rows, None)

    def wanted(self) -> Iterator[Wanted]:
        """The files of all folders, with the digests that the folders' lists have of them."""
        for row in self._archive.inventory() if self._folders else ():
            self._ignored = self._ignored or row.path.rpartition("/")[2] == _IGNORE
            for folder in self._folders:
                rest = row.path[len(folder.prefix) :] if row.path.startswith(folder.prefix) else ""
                if rest and "!/" not in rest:
                    folder.files += 1
                    folder.whole = folder.whole and row.sha256 != "" and "#" not in rest
                    if folder.whole:
                        yield Wanted(row, (folder.declared.algorithm,))

    def compared(self, measured: Iterable[Measured]) -> Iterator[tuple[DeclaredFolder, str] | Gap]:
        """Each folder that is here, with the digest that it has; "" where that is not known."""
        if self._more is not None:
            yield _gap(self._more, f"digests of more than {_FOLDERS} folders were not compared")
        for folder in self._folders:
            if folder.files and self._ignored:
                yield _gap(folder.declared, f"the digest of a folder was not compared: {_IGNORE} leaves out files")
            elif folder.files:
                yield folder.declared, _digest(folder, measured)


def _digest(folder: Folder, measured: Iterable[Measured]) -> str:
    files: Spill[tuple[str, str]] = Spill()
    for path, algorithm, digest in measured:
        if algorithm == folder.declared.algorithm and path.startswith(folder.prefix) and "!/" not in path:
            files.add((unquote(path[len(folder.prefix) :], errors="surrogateescape"), digest))
    if not folder.whole or files.count < folder.files:
        return ""
    whole, before = hashlib.md5(b"[", usedforsecurity=False), ""
    for name, digest in files:
        whole.update(f'{before}{{"md5": "{digest}", "relpath": {json.dumps(name)}}}'.encode())
        before = ", "
    whole.update(b"]")
    return whole.hexdigest()


def _gap(row: DeclaredFolder, detail: str) -> Gap:
    return Gap(Location(row.by), GapReason.UNSUPPORTED, detail=detail)
