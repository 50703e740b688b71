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

    A container is opened once for many of its members, and read once where its entries just follow one another (tar).
    """
    batch: dict[str, list[Wanted]] = {}
    held = 0
    for item in wanted:
        batch.setdefault(item.row.path.rpartition("!/")[0], []).append(item)
        held += 1
        if held >= _BATCH:
            yield from _together(archive, batch)
            batch, held = {}, 0
    yield from _together(archive, batch)


def _together(archive: Archive, batch: dict[str, list[Wanted]]) -> Iterator[Measured | Gap]:
    for container, items in batch.items():
        direct = [item for item in items if not item.row.follows()]
        if direct:
            yield from _each(archive, container, direct)
        members = {item.row.path: item for item in items if item.row.follows()}
        if not members:
            continue
        with suppress(NotExamined, OSError):  # the members that were not reached say so, each for itself
            yield from _one_pass(archive, container, members)
        for number, item in enumerate(members.values()):
            if number < _ALONE:
                yield from _alone(archive, item)
            else:
                yield _gap(item, NotExamined(GapReason.BUDGET, "not met when its container was read again"))


def _each(archive: Archive, container: str, items: list[Wanted]) -> Iterator[Measured | Gap]:
    """Members whose locators lead straight to them."""
    try:
        find = archive.finder(container)
    except (NotExamined, OSError) as error:
        yield from (_gap(item, error) for item in items)
        return
    for item in items:
        try:
            yield from _look(item, find(item.row))
        except (NotExamined, OSError) as error:
            yield _gap(item, error)


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
                yield from _look(item, entry)
            except (NotExamined, OSError) as error:
                yield _gap(item, error)


def _look(item: Wanted, entry: Entry) -> Iterator[Measured]:
    try:
        if entry.prepare is not None:
            entry.prepare(entry)
        stream = entry.stream() if entry.stream is not None else iter(())
        yield from _hash(item, stream if entry.window is None else blocks(entry.window))
    finally:
        if entry.close is not None:
            entry.close()


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
