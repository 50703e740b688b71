"""Walk: every member of every level, once, within one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from gate.archive import layers, tar, unpack, zip, zip_end
from gate.archive.budget import Budget
from gate.archive.inventory import Inventory
from gate.archive.media import media_type
from gate.archive.member import Entry, Member, Need, Refusal, Remark
from gate.archive.names import Names, rules
from gate.archive.paths import encode, join
from gate.archive.sniff import closed, is_tar
from gate.archive.tape import Tape
from gate.archive.unsound import Unsound
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
_ZIP_TOO = "zip too"
"""A file that begins as another container, for readers that look for the end record of a zip first."""
_BOMB, _DEEP = "archive.bomb", "archive.deep-nesting"
_JUMPING = frozenset(("zip", "tar", _ZIP_TOO))
"""Containers that are read by random access."""


class Walk:
    """The loop over members: each is read, yielded, and then looked into. One bad entry never ends it."""

    def __init__(self, budget: Budget, inventory: Inventory, wants: Wants) -> None:
        self._budget, self._inventory, self._wants = budget, inventory, wants
        self._around: list[str] = []
        """Digests of the containers that are open: what holds itself never ends."""

    def children(self, parent: str, entries: Iterator[Entry | Remark], depth: int, mine: Mine = None) -> Walked:
        """All members of one container at `parent`; `mine` picks them by their index, for workers."""
        names = Names(2 * self._budget.limits.members)
        index = -1
        try:
            for entry in entries:
                self._budget.listed()
                if isinstance(entry, Remark):
                    if mine is None or mine(-1):
                        yield Finding(Location(parent), entry.rule, entry.rule, (("detail", entry.detail),))
                    continue
                index += 1
                if entry.link is not None and entry.link.hard and not names.has(entry.link.target):
                    entry.findings = (*entry.findings, "archive.link-dangling")
                nth, meets = names.see(entry.name, entry.folder and entry.link is None)
                if mine is None or mine(index):
                    yield from self._entry(join(parent, encode(entry.name, nth)), entry, meets, depth)
        except (NotExamined, OSError) as error:
            yield from self._trouble(parent, error)
        if self._budget.bomb():  # an inspector was the first to notice
            yield self._bomb(parent)

    def _trouble(self, path: str, error: NotExamined | OSError) -> Walked:
        """What could not be done at one place, and what that says about the archive."""
        yield gap(path, error)
        if isinstance(error, Unsound):
            yield Finding(Location(path), error.rule, error.rule, (("detail", error.said),))
        elif self._budget.bomb():
            yield self._bomb(path)

    def _bomb(self, path: str) -> Finding:
        said = f"more than {self._budget.cap} bytes from {self._budget.input}"
        return Finding(Location(path), _BOMB, _BOMB, (("detail", said),))

    def _entry(self, path: str, entry: Entry, meets: tuple[str, ...], depth: int) -> Walked:
        if entry.prepare is not None:
            try:
                entry.prepare(entry)
            except (NotExamined, OSError) as error:
                entry.refusal = Refusal(*_why(error))
        own = () if entry.folder and entry.name == b"." else rules(entry.name)  # where `tar -cf x.tar .` begins
        if said := (*entry.findings, *own, *meets):
            for rule in dict.fromkeys(said):
                yield Finding(Location(path), rule, rule)
        if entry.refusal is not None:
            yield Gap(Location(path), entry.refusal.reason, detail=entry.refusal.detail)
        if entry.folder:
            return
        member: Member | None = None
        try:
            self._budget.member()
            if entry.window is not None or entry.stream is not None:
                member = Member(path, entry, self._budget)
                yield from self.member(member, entry, depth)
        except (NotExamined, OSError) as error:
            if entry.refusal is None:
                yield from self._trouble(path, error)
        finally:
            read = member is not None and member.sha256 != ""
            size, sha256 = (member.size, member.sha256) if member is not None and read else (-1, "")
            self._inventory.add(
                path, size, sha256, entry.locator, media_type(member.head) if member is not None else ""
            )
            if member is not None:
                member.close()
            elif entry.close is not None:
                entry.close()

    def member(self, member: Member, entry: Entry, depth: int) -> Walked:
        """Read one member to its end, hand it out, then look into it."""
        need = self._wants(member)
        try:
            member.take(max(need, _need(member)) if member.containers else need)
        except (NotExamined, OSError) as error:  # said once; who asked still looks at what there is
            if entry.refusal is None:
                yield from self._trouble(member.path, error)
        if member.readable or member.sha256:
            yield member
            yield from self.closed(member)
            if member.sha256 and (member.containers or zip_end.may_end_here(member.tail)):
                yield from self.inside(member, depth)  # half a container has been said not to be whole already

    def inside(self, member: Member, depth: int, mine: Mine = None) -> Walked:
        """The members of a member that is a container, by its bytes; nothing for any other."""
        kinds = _readings(member)
        if not kinds:
            return
        if depth >= self._budget.limits.depth:
            yield Gap(Location(member.path), GapReason.TOO_DEEP, detail=f"more than {depth} levels of nesting")
            yield Finding(Location(member.path), _DEEP, _DEEP, (("detail", str(depth)),))
            return
        if member.sha256 and member.sha256 in self._around:
            yield Gap(Location(member.path), GapReason.TOO_DEEP, detail="holds itself")
            yield Finding(Location(member.path), _BOMB, _BOMB, (("detail", "it holds itself"),))
            return
        self._around.append(member.sha256)
        try:
            yield from self.children(member.path, self.listing(member, kinds), depth + 1, mine)
        finally:
            self._around.pop()

    def listing(self, member: Member, kinds: tuple[str, ...] = ()) -> Iterator[Entry | Remark]:
        """The entries of a container, in each way in which it can be read. NotExamined when one is damaged."""
        failure: NotExamined | OSError | None = None
        tape: Tape | None = None
        for nth, kind in enumerate(kinds or _readings(member) or ("zip",)):
            try:
                if kind in _JUMPING:
                    member.seek()
                if kind == "zip":
                    yield from zip.entries(member.source())
                elif kind == "tar":
                    tape = Tape(member.source())
                    found = tar.entries(tape, lambda: Tape(member.source()), layer=layers.is_layer(member))
                    yield from _second(found) if nth else found
                elif kind == _ZIP_TOO:
                    if tape is None or not tape.covers(*zip_end.extent(member.source())):
                        yield from zip.second(member.source())
                else:
                    yield from packed(member, unpack.BY_NAME[kind])
            except (NotExamined, OSError) as error:
                failure = failure or error
        if failure is not None:
            raise failure

    @staticmethod
    def closed(member: Member) -> tuple[Gap, ...]:
        """A Gap for a container that gate knows by sight and cannot open."""
        name = closed(member.head)
        if name is None:
            return ()
        detail = f"{name}: a container that cannot be opened"
        return (Gap(Location(member.path), GapReason.UNSUPPORTED, detail=detail),)


def packed(member: Member, kind: unpack.Packing) -> Iterator[Entry | Remark]:
    """A tar inside a compressed stream is one level with it; anything else is one member."""

    def stream() -> Iterator[bytes]:
        return unpack.unpack(kind, member.source)

    kind.engine()  # says which library is missing, before the list is begun

    def tape() -> Tape:
        return Tape(None, stream(), member.budget.spend)

    if is_tar(unpack.peek(kind, member.head)):
        return tar.entries(tape(), tape, layer=layers.is_layer(member))
    return iter((Entry(_UNPACKED, -1, stream=stream),))


def _readings(member: Member) -> tuple[str, ...]:
    """Every kind of container that readers may take a member for: by its first bytes, and as a zip by its last ones."""
    kinds = member.containers
    if "zip" in kinds or not zip_end.may_end_here(member.tail):
        return kinds
    try:
        member.seek()
        at_end = zip_end.is_at_end(member.source())
    except (NotExamined, OSError):
        at_end = zip_end.is_likely(member.tail, member.size)  # and could not be read: listing() says why
    if not at_end:
        return kinds
    return (*kinds, _ZIP_TOO) if kinds else ("zip",)


def _second(entries: Iterator[Entry | Remark]) -> Iterator[Entry | Remark]:
    for entry in entries:
        if isinstance(entry, Entry):
            entry.findings = (*entry.findings, "archive.second-reading")
        yield entry


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
    return Need.STREAM if _JUMPING.isdisjoint(member.containers) else Need.SEEK
