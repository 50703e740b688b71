"""Compares what is declared with the inventory: merges of sorted rows, no table of members in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import NamedTuple

from gate.archive.archive import Archive
from gate.archive.inventory import InventoryRow
from gate.core.gap import Gap
from gate.declared.again import Measured, Wanted, digests
from gate.declared.cursor import Cursor
from gate.declared.folders import Folders
from gate.facts.digests import Closed, Declared, TensorBytes, TensorTotal
from gate.facts.references import Pointer
from gate.facts.seen import Seen
from gate.facts.spill import Spill
from gate.formats.hashing import WEAK

_LISTS = 16
"""Lists with a weak digest of one member that are remembered until the member's last declaration was seen."""
_INDICES = 10_000
"""Indices of shards whose totals are compared; a model has one."""
_NTH = re.compile(r"#[0-9]{1,9}\Z")
_SIGNATURES = (".jws", ".p7s")
"""Of a RECORD: they are written after it."""


class Problem(NamedTuple):
    """What does not hold: missing, digest, size, unlisted, weak or total; `by` is the member that declares it."""

    kind: str
    path: str
    by: str
    algorithm: str = ""
    declared: str = ""
    actual: str = ""


class Comparison:
    """All declarations of one archive; `counts` has matched, mismatched, missing and unread after problems()."""

    def __init__(self, seen: Seen, archive: Archive) -> None:
        self._seen, self._archive = seen, archive
        self._weak: Spill[tuple[str, str]] = Spill()
        self.counts: Counter[str] = Counter()

    def problems(self) -> Iterator[Problem | Gap]:
        """A member that could not be read is neither missing nor different: it is a gap already.

        Where a container holds a name twice, which is a finding of the walker, the first of them is compared. The
        content that a pointer stands for is not compared with the pointer.
        """
        measured: Spill[Measured] = Spill()
        folders = Folders(self._seen, self._archive)
        for item in digests(self._archive, chain(self._wanted(), folders.wanted())):
            if isinstance(item, Gap):
                yield item
            else:
                measured.add(item)
        yield from self._compared(Cursor(iter(measured), itemgetter(0, 1)))
        yield from self._folders(folders, measured)
        yield from self._unlisted()
        yield from self._totals()
        for (by, algorithm), rows in groupby(self._weak):
            yield Problem("weak", by, by, algorithm, str(sum(1 for _ in rows)))

    def _members(self) -> Cursor[InventoryRow, str]:
        return Cursor(self._archive.inventory(), itemgetter(0))

    def _wanted(self) -> Iterator[Wanted]:
        """Members with a digest that the walk did not compute."""
        others = (row for row in self._seen.rows(Declared) if row.algorithm not in ("", "sha256"))
        members = self._members()
        for path, rows in groupby(others, attrgetter("path")):
            algorithms = tuple(name for name, _ in groupby(rows, attrgetter("algorithm")))
            row = members.find(path)
            if row is not None and row.sha256:
                yield Wanted(row, algorithms)

    def _compared(self, measured: Cursor[Measured, tuple[str, str]]) -> Iterator[Problem]:
        absent: Spill[tuple[str, str]] = Spill()
        members = self._members()
        pointers = Cursor((row for row in self._seen.rows(Pointer) if row.what == "git-lfs"), attrgetter("path"))
        for path, group in groupby(self._seen.rows(Declared), attrgetter("path")):
            row, pointer = members.find(path), pointers.find(path)
            strong, weak = False, dict[tuple[str, str], None]()
            for declared in group:
                if row is None:
                    if not declared.algorithm and declared.sure:
                        absent.add((f"{path}/", declared.by))  # it may be a folder
                    elif declared.sure:
                        self.counts["missing"] += 1
                        yield Problem("missing", path, declared.by)
                    continue
                found = measured.find((path, declared.algorithm)) if declared.algorithm else None
                problem = _problem(declared, row, pointer, found.hex if found else "")
                self.counts[problem if isinstance(problem, str) else "mismatched"] += 1
                if isinstance(problem, Problem):
                    yield problem
                if declared.algorithm in WEAK:
                    if declared.by != path and len(weak) < _LISTS:
                        weak[declared.by, declared.algorithm] = None
                elif declared.algorithm:
                    strong = True
            for entry in () if strong else weak:
                self._weak.add(entry)
        yield from self._absent(absent)

    def _folders(self, folders: Folders, measured: Spill[Measured]) -> Iterator[Problem | Gap]:
        for item in folders.compared(measured):
            if isinstance(item, Gap):
                yield item
                continue
            (path, algorithm, declared, by), actual = astuple(item[0]), item[1]
            if actual not in ("", declared):
                yield Problem("digest", path, by, f"{algorithm}.dir", declared, actual)
            self.counts["mismatched" if actual not in ("", declared) else "matched" if actual else "unread"] += 1
            self._weak.add((by, algorithm))

    def _absent(self, absent: Spill[tuple[str, str]]) -> Iterator[Problem]:
        """What is no member may be a folder."""
        members = self._members() if absent.count else None
        for folder, by in absent:
            row = members.at_or_after(folder) if members is not None else None
            if row is not None and row.path.startswith(folder):
                self.counts["matched"] += 1
            else:
                self.counts["missing"] += 1
                yield Problem("missing", folder[:-1], by)

    def _unlisted(self) -> Iterator[Problem]:
        """Members of a container that the one list of all of its members does not name."""
        lists: dict[str, str] = {}
        for closed in self._seen.rows(Closed):
            container = closed.path.rpartition("!/")[0]
            lists[container] = "" if container in lists else closed.path  # of two lists none is the one
        if not any(lists.values()):
            return
        listed = Cursor(self._seen.rows(Declared), attrgetter("path"))
        for row in self._archive.inventory():
            by = lists.get(row.path.rpartition("!/")[0], "")
            if not by or row.path == by or row.path.removeprefix(by) in _SIGNATURES or _NTH.search(row.path):
                continue  # a second entry of one name is a finding of its own
            if listed.find(row.path) is None:
                yield Problem("unlisted", row.path, by)

    def _totals(self) -> Iterator[Problem]:
        """The sizes that indices state for all of their shards together, where all of them were read."""
        totals = {row.path: row.bytes for row in islice(self._seen.rows(TensorTotal), _INDICES)}
        sums, unknown = Counter[str](), set[str]()
        sizes = Cursor(self._seen.rows(TensorBytes), attrgetter("path"))
        for declared in self._seen.rows(Declared) if totals else ():
            if declared.by in totals:
                size = sizes.find(declared.path)
                if size is None:
                    unknown.add(declared.by)
                else:
                    sums[declared.by] += size.bytes
        for path, stated in totals.items():
            if path in sums and path not in unknown and sums[path] != stated:
                yield Problem("total", path, path, "", str(stated), str(sums[path]))


def _problem(declared: Declared, row: InventoryRow, pointer: Pointer | None, measured: str) -> Problem | str:
    """What is wrong, else how it came out: matched or unread."""
    algorithm, path = declared.algorithm, declared.path
    if not row.sha256:
        return "unread"
    if pointer is not None and algorithm:  # its content is not here
        return (
            "unread" if algorithm != "sha256" or pointer.digest == f"sha256:{declared.hex}" else _differs(declared, row)
        )
    actual = row.sha256 if algorithm == "sha256" else measured
    if algorithm and not actual:
        return "unread"
    if algorithm and declared.hex != actual:
        return Problem("digest", path, declared.by, algorithm, declared.hex, actual)
    if declared.size >= 0 and declared.size != row.size:
        return Problem("size", path, declared.by, algorithm, str(declared.size), str(row.size))
    return "matched"


def _differs(declared: Declared, row: InventoryRow) -> Problem | str:
    if declared.hex == row.sha256:
        return "matched"
    return Problem("digest", declared.path, declared.by, "sha256", declared.hex, row.sha256)
