"""Walk: every member of every level, once, within one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from gate.archive import tar, unpack, zip
from gate.archive.budget import Budget
from gate.archive.inventory import Inventory, InventoryRow
from gate.archive.member import Entry, Member, Need, Refusal, Remark
from gate.archive.paths import encode, escapes, join
from gate.archive.sniff import CLOSED_FIRST, CLOSED_LATER, closed, is_tar
from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location

Wants: TypeAlias = Callable[[Member], Need]
"""The greediest answer of all inspectors, asked while only the head of a member is read."""
Walked: TypeAlias = Iterator[Member | Finding | Gap]
Mine: TypeAlias = Callable[[int], bool] | None
"""Picks top-level entries by their index; -1 is what the container says about itself."""
_UNPACKED = b"content"
"""The name of the one member of a gzip file: never the header's, which is the attacker's and is often missing."""


class Walk:
    """The loop over members: each is read, yielded, and then looked into. One bad entry never ends it."""

    def __init__(self, budget: Budget, inventory: Inventory, wants: Wants) -> None:
        self._budget, self._inventory, self._wants = budget, inventory, wants

    def children(
        self, parent: str, entries: Iterator[Entry | Remark], depth: int, mine: Mine = None
    ) -> Walked:
        """All members of one container at `parent`; `mine` picks them by their index, for workers."""
        names = Names()
        index = -1
        try:
            for entry in entries:
                if isinstance(entry, Remark):
                    if mine is None or mine(-1):
                        yield Finding(Location(parent), entry.rule, entry.rule, (("detail", entry.detail),))
                    continue
                index += 1
                nth = 1 if entry.folder else names.count(entry.name)
                if mine is None or mine(index):
                    yield from self._entry(join(parent, encode(entry.name, nth)), entry, nth, depth)
        except (NotExamined, OSError) as error:
            yield gap(parent, error)

    def _entry(self, path: str, entry: Entry, nth: int, depth: int) -> Walked:
        if entry.prepare is not None:
            try:
                entry.prepare(entry)
            except (NotExamined, OSError) as error:
                entry.refusal = Refusal(*_why(error))
        for rule in entry.findings:
            yield Finding(Location(path), rule, rule)
        if escapes(entry.name):
            yield Finding(Location(path), "archive.unsafe-name", "archive.unsafe-name")
        if entry.folder:
            return
        if nth > 1:
            yield Finding(Location(path), "archive.duplicate-name", "archive.duplicate-name")
        if entry.refusal is not None:
            yield Gap(Location(path), entry.refusal.reason, detail=entry.refusal.detail)
        member: Member | None = None
        try:
            self._budget.member()
            if entry.window is not None or entry.stream is not None:
                member = Member(path, entry, self._budget)
                yield from self.member(member, entry, depth)
        except (NotExamined, OSError) as error:
            if entry.refusal is None:
                yield gap(path, error)
        finally:
            read = member is not None and member.sha256 != ""
            size, sha256 = (member.size, member.sha256) if member is not None and read else (-1, "")
            self._inventory.add(InventoryRow(path, size, sha256, entry.locator))
            if member is not None:
                member.close()
            elif entry.close is not None:
                entry.close()

    def member(self, member: Member, entry: Entry, depth: int) -> Walked:
        """Read one member to its end, hand it out, then look into it."""
        need = self._wants(member)
        try:
            member.take(need if member.container is None else max(need, _need(member)))
        except (NotExamined, OSError) as error:  # said once; who asked still looks at what there is
            if entry.refusal is None:
                yield gap(member.path, error)
        if member.readable or member.sha256:
            yield member
            if member.head[:1] in CLOSED_FIRST or len(member.head) > CLOSED_LATER:
                yield from self.closed(member)
            if member.sha256 and (member.container is not None or zip.may_end_here(member.tail)):
                yield from self.inside(member, depth)  # half a container has been said not to be whole already

    def inside(self, member: Member, depth: int, mine: Mine = None) -> Walked:
        """The members of a member that is a container, by its bytes; nothing for any other."""
        if member.container is None and not self._is_zip_at_end(member):
            return
        if depth >= self._budget.limits.depth:
            yield Gap(Location(member.path), GapReason.TOO_DEEP, detail=f"more than {depth} levels of nesting")
            return
        try:
            entries = self.listing(member)
        except (NotExamined, OSError) as error:
            yield gap(member.path, error)
            return
        yield from self.children(member.path, entries, depth + 1, mine)

    def listing(self, member: Member) -> Iterator[Entry | Remark]:
        """The entries of a container; what begins as nothing known is a zip by its end. NotExamined when unreadable."""
        kind = member.container or "zip"
        if kind == "zip":
            member.seek()
            return zip.entries(member.source())
        if kind == "tar":
            member.seek()
            return tar.entries(tar.Tape(member.source()))
        return packed(member, unpack.BY_NAME[kind])

    @staticmethod
    def closed(member: Member) -> Walked:
        """A Gap for a container that gate knows by sight and cannot open."""
        name = closed(member.head)
        if name is not None:
            yield Gap(Location(member.path), GapReason.UNSUPPORTED, detail=f"{name}: a container that cannot be opened")

    @staticmethod
    def _is_zip_at_end(member: Member) -> bool:
        if not zip.may_end_here(member.tail):
            return False
        try:
            member.seek()
            return zip.is_at_end(member.source())
        except (NotExamined, OSError):
            return True  # looks like one and could not be read: listing() says why


def packed(member: Member, kind: unpack.Packing) -> Iterator[Entry | Remark]:
    """A tar inside a compressed stream is one level with it; anything else is one member."""

    def stream() -> Iterator[bytes]:
        return unpack.unpack(kind, member.source())

    if is_tar(unpack.peek(kind, member.head)):
        return tar.entries(tar.Tape(None, stream()))
    return iter((Entry(_UNPACKED, 0, stream=stream),))


def gap(path: str, error: NotExamined | OSError) -> Gap:
    """What the walker could not do at one place."""
    reason, detail = _why(error)
    return Gap(Location(path), reason, detail=detail)


def _why(error: NotExamined | OSError) -> tuple[GapReason, str]:
    if isinstance(error, NotExamined):
        return error.reason, str(error)
    return GapReason.UNREADABLE, error.strerror or type(error).__name__


def _need(member: Member) -> Need:
    """What the walker itself needs to look inside a container."""
    return Need.SEEK if member.container in ("zip", "tar") else Need.STREAM


class Names:
    """How often a name was seen, by its hash: a set of numbers costs a third of a set of names.

    Hashes of bytes are keyed by the interpreter, so nobody can make two names meet.
    """

    def __init__(self) -> None:
        self._once: set[int] = set()
        self._more: dict[int, int] = {}

    def count(self, name: bytes) -> int:
        key = hash(name)
        if key not in self._once:
            self._once.add(key)
            return 1
        self._more[key] = self._more.get(key, 1) + 1
        return self._more[key]
