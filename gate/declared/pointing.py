"""Which pointers lead out of the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter, itemgetter

from gate.archive.archive import Archive
from gate.declared.cursor import Cursor
from gate.facts.references import Pointer
from gate.facts.seen import Seen
from gate.facts.spill import Spill

_HELD = 100_000
"""Digests of LFS contents that are looked for among the members; what is beyond counts as not here."""
_KEY = attrgetter("inside", *(field.name for field in fields(Pointer)))
_STANDS = "git-lfs"


def leading_out(seen: Seen, archive: Archive) -> Iterator[Pointer]:
    """Every pointer whose content is not in the archive; two passes over the inventory at most."""
    contents: set[str] = set()
    inside: Spill[Pointer] = Spill(_KEY)
    for pointer in seen.rows(Pointer):
        if pointer.what == _STANDS:
            if len(contents) < _HELD:
                contents.add(pointer.digest.removeprefix("sha256:"))
        elif pointer.inside:
            inside.add(pointer)
        else:
            yield pointer
    if contents:
        here = {row.sha256 for row in archive.inventory() if row.sha256 in contents}
        for pointer in seen.rows(Pointer):
            if pointer.what == _STANDS and pointer.digest.removeprefix("sha256:") not in here:
                yield pointer
    if inside.count:
        yield from _not_inside(inside, archive)


def _not_inside(pointers: Spill[Pointer], archive: Archive) -> Iterator[Pointer]:
    """Neither a file of that path nor a folder: two merges, because other names sort between `a` and `a/b`."""
    files = Cursor(archive.inventory(), itemgetter(0))
    folders: Spill[tuple[str, Pointer]] = Spill(lambda item: (item[0], _KEY(item[1])))
    for pointer in pointers:
        if files.find(pointer.inside) is None:
            folders.add((f"{pointer.inside}/", pointer))
    rows = Cursor(archive.inventory() if folders.count else iter(()), itemgetter(0))
    for prefix, pointer in folders:
        row = rows.at_or_after(prefix)
        if row is None or not row.path.startswith(prefix):
            yield pointer
