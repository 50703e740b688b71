"""Members that were added, removed, changed or moved: one merge over two sorted inventories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gate.compare.paths import below
from gate.core.report import Listed
from gate.facts.spill import Spill

_MOVES = 100_000
"""Members that are looked for under another path."""
Same: TypeAlias = tuple[str, Listed | None, Listed | None]
"""A path, and the member of it in the old and in the new archive."""
_Rows: TypeAlias = Spill[tuple[str, Listed | None, Listed | None, str | None]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A member that is not the same: None on the side where it is not there; `moved` from another path, "" if not."""

    path: str
    old: Listed | None
    new: Listed | None
    moved: str | None = None

    @property
    def what(self) -> str:
        """added, removed, changed or moved."""
        if self.moved is not None:
            return "moved"
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    @property
    def unread(self) -> bool:
        """Whether the digest of a side is not known."""
        return any(one is not None and not one.sha256 for one in (self.old, self.new))


@dataclass(frozen=True, slots=True)
class Members:
    """All pairs of members, sorted by path; they lie on disk. `containers` are archives whose members are listed."""

    pairs: _Rows
    containers: frozenset[str]
    inside: frozenset[str]
    """Containers in which a member differs."""

    def __iter__(self) -> Iterator[Pair]:
        return (Pair(*row) for row in self.pairs)


def compare_members(old: Iterable[Listed], new: Iterable[Listed], tops: tuple[str, str]) -> Members:
    """What differs; members without a digest on a side are among it."""
    containers: set[str] = set()
    inside: set[str] = set()
    gone: dict[str, list[str]] = {}
    differing: _Rows = Spill(lambda row: row[0])
    count = 0
    for path, before, after in _merged(old, new, tops):
        containers.update(_around(path))
        if before is not None and after is not None and before.sha256 == after.sha256 != "":
            continue
        differing.add((path, before, after, None))
        inside.update(_around(path))
        if after is None and before is not None and before.sha256 and count < _MOVES:
            gone.setdefault(before.sha256, []).append(path)
            count += 1
    return Members(_moves(differing, gone), frozenset(containers), frozenset(inside))


def _moves(differing: _Rows, gone: dict[str, list[str]]) -> _Rows:
    """The same, where one that went and one that came with the same bytes are one that moved."""
    sources: dict[str, str] = {}
    for path, before, after, _ in differing:
        if before is None and after is not None and gone.get(after.sha256):
            sources[path] = gone[after.sha256].pop(0)
    if not sources:
        return differing
    taken = frozenset(sources.values())
    told: _Rows = Spill(lambda row: row[0])
    for path, before, after, _ in differing:
        if path not in taken or after is not None:
            told.add((path, before, after, sources.get(path)))
    return told


def _merged(old: Iterable[Listed], new: Iterable[Listed], tops: tuple[str, str]) -> Iterator[Same]:
    left, right = iter(old), iter(new)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        first = None if a is None else below(a.path, tops[0])
        second = None if b is None else below(b.path, tops[1])
        if second is None or (first is not None and first < second):
            assert first is not None
            yield first, a, None
            a = next(left, None)
        elif first is None or second < first:
            yield second, None, b
            b = next(right, None)
        else:
            yield first, a, b
            a, b = next(left, None), next(right, None)


def _around(path: str) -> Iterator[str]:
    """The archives in which a member lies."""
    at = path.find("!/")
    while at >= 0:
        yield path[:at]
        at = path.find("!/", at + 2)
