"""Further digests of members, by a second look: the walk computes sha256 only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from gate.archive.archive import Archive
from gate.archive.inventory import Inventory, InventoryRow
from gate.archive.member import Entry, Member, Need, Remark
from gate.archive.names import Names
from gate.archive.paths import encode, join
from gate.archive.source import blocks
from gate.archive.walk import Walk
from gate.core.errors import NotExamined
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.formats.hashing import Hasher, hasher

_BATCH = 2**16
"""Members that are looked for in one pass over the containers that can only be read from the start."""
_ALONE = 256
"""Members of a batch that its pass did not meet, and that are then opened one by one."""


class Measured(NamedTuple):
    """One digest of one member."""

    path: str
    algorithm: str
    hex: str


class Wanted(NamedTuple):
    """Which digests of which member."""

    row: InventoryRow
    algorithms: tuple[str, ...]


def digests(archive: Archive, wanted: Iterable[Wanted]) -> Iterator[Measured | Gap]:
    """All that is wanted, in any order; a Gap for each member that could not be read again as it was.

    Where entries just follow one another (tar), a container is read once for many of its members.
    """
    batch: dict[str, dict[str, Wanted]] = {}
    held = 0
    for item in wanted:
        container = item.row.path.rpartition("!/")[0]
        locator = item.row.locator
        if isinstance(locator, int) and locator < 0:
            batch.setdefault(container, {})[item.row.path] = item
            held += 1
        else:
            yield from _alone(archive, item)
        if held >= _BATCH:
            yield from _together(archive, batch)
            batch, held = {}, 0
    yield from _together(archive, batch)


def _together(archive: Archive, batch: dict[str, dict[str, Wanted]]) -> Iterator[Measured | Gap]:
    for container, members in batch.items():
        with suppress(NotExamined, OSError):  # the members that were not reached say so, each for itself
            yield from _one_pass(archive, container, members)
        for number, item in enumerate(members.values()):
            if number < _ALONE:
                yield from _alone(archive, item)
            else:
                yield _gap(item, NotExamined(GapReason.BUDGET, "not met when its container was read again"))


def _one_pass(archive: Archive, container: str, members: dict[str, Wanted]) -> Iterator[Measured | Gap]:
    """Go through a container, and take out of `members` what was met."""
    outer = Member(container, Entry(b"", None, window=archive.open(container)), archive.budget)
    walk, names = Walk(archive.budget, Inventory(), lambda _: Need.HEAD), Names()
    for entry in walk.listing(outer):
        if not members:
            return
        if isinstance(entry, Remark):
            continue
        nth, _ = names.see(entry.name, entry.folder and entry.link is None)
        item = members.pop(join(container, encode(entry.name, nth)), None)
        if item is not None:
            try:
                if entry.prepare is not None:
                    entry.prepare(entry)
                yield from _hash(item, _bytes(entry))
            except (NotExamined, OSError) as error:
                yield _gap(item, error)


def _bytes(entry: Entry) -> Iterator[bytes]:
    if entry.window is not None:
        return blocks(entry.window)
    return entry.stream() if entry.stream is not None else iter(())


def _alone(archive: Archive, item: Wanted) -> Iterator[Measured | Gap]:
    try:
        yield from _hash(item, blocks(archive.open(item.row.path)))
    except (NotExamined, OSError) as error:
        yield _gap(item, error)


def _hash(item: Wanted, data: Iterable[bytes]) -> Iterator[Measured]:
    """The digests of bytes that still have the sha256 of the walk; NotExamined `changed` where they have not."""
    row = item.row
    makers: dict[str, Hasher] = {name: hasher(name, row.size) for name in ("sha256", *item.algorithms)}
    for block in data:
        for maker in makers.values():
            maker.update(block)
    if makers.pop("sha256").hexdigest() != row.sha256:
        raise NotExamined(GapReason.CHANGED, f"{row.path} is not what it was a moment ago")
    for name, maker in makers.items():
        yield Measured(row.path, name, maker.hexdigest())


def _gap(item: Wanted, error: NotExamined | OSError) -> Gap:
    reason = error.reason if isinstance(error, NotExamined) else GapReason.UNREADABLE
    detail = f"{', '.join(item.algorithms)} was not compared: {error}"
    return Gap(Location(item.row.path), reason, detail=detail)
