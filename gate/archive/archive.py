"""Archive: the opened subject, walked once and then at hand for a second look."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from gate.archive import directory, zip, zip_end
from gate.archive.budget import Budget
from gate.archive.inventory import Inventory, InventoryRow
from gate.archive.member import HEAD, TAIL, Entry, Member, Need, Remark
from gate.archive.names import Names
from gate.archive.paths import encode
from gate.archive.root import Root
from gate.archive.sniff import LAYOUTS, containers, recognise
from gate.archive.source import BLOCK, Source, Window
from gate.archive.walk import Mine, Walk, Walked, Wants, gap
from gate.core.attachment import Attachment
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.core.location import Location
from gate.core.subject import Subject


class Archive:
    """One subject: walk() once, then inventory(), open(), subject() and beside().

    `walk` reads every byte that it can; nothing is written but spools without a name.
    """

    def __init__(self, root: Root, limits: Limits) -> None:
        self.root, self.budget = root, Budget(limits)
        self.rows = Inventory()
        self.sha256 = ""
        """The result of digest(), once somebody has computed it; "" for a folder."""
        self._held: dict[str, Member] = {}
        """Members of the last second look, and those that they lie in: callers ask for the same one several times."""
        if not root.folder:
            self.budget.admit(root.size)

    # -- the walk ------------------------------------------------------------------------------------------------

    def whole(self, wants: Wants) -> Walked:
        """The subject itself as a member with path "", when it is a file."""
        if self.root.folder:
            return
        try:
            member = self._itself()
        except (NotExamined, OSError) as error:
            yield gap("", error)
            return
        wants(member)
        yield member
        yield from Walk(self.budget, self.rows, wants).closed(member)

    def children(self, wants: Wants, mine: Mine = None) -> Walked:
        """Everything inside; with `mine` only the top-level entries of those indices, and what is inside them."""
        walk = Walk(self.budget, self.rows, wants)
        if self.root.folder:
            yield from walk.children("", directory.entries(self.root.fd, self.budget), 0, mine)
            return
        try:
            member = self._itself()
        except (NotExamined, OSError) as error:
            yield gap("", error)
            return
        yield from walk.inside(member, 0, mine)

    def lost(self, index: int) -> str:
        """The path of a top-level entry whose worker died; it stays in the inventory without a digest."""
        names, at = Names(2 * self.budget.limits.members), -1
        with suppress(NotExamined, OSError):
            for entry in self._entries():
                if isinstance(entry, Remark):
                    continue
                at += 1
                nth, _ = names.see(entry.name, entry.folder)
                if at == index:
                    path = encode(entry.name, nth)
                    self.rows.add(path, -1, "", entry.locator)
                    return path
        self.rows.unread += 1
        return ""

    def _entries(self) -> Iterator[Entry | Remark]:
        if self.root.folder:
            return directory.entries(self.root.fd, self.budget)
        return self._listing(self._itself())

    def changed(self) -> Iterator[Gap]:
        """A Gap when the subject is no longer what was opened: then nothing here is true of what lies there now."""
        if self.root.changed():
            yield Gap(Location(), GapReason.CHANGED, detail="it was written to or replaced while it was read")

    def splits(self) -> bool:
        """Whether entries can be reached without reading those before them, so that workers can share them."""
        return self.root.folder or containers(self._head()) in (("zip",), ("tar",))

    # -- afterwards ----------------------------------------------------------------------------------------------

    def subject(self) -> Subject:
        """What was judged."""
        root = self.root
        if root.folder:
            dir_hash = self.rows.dir_hash()
            digest = {} if dir_hash is None else {"dirHash": dir_hash}
            return Subject(root.name, "directory", digest, self.rows.bytes, self._layout())
        kind = self._layout() or recognise(self._head())
        kind = kind or ("zip" if self.rows.members else None)  # by its end only
        return Subject(root.name, "file", {"sha256": self.sha256}, root.size, kind)

    def _layout(self) -> str | None:
        return next((name for name, path in LAYOUTS if self.rows.find(path) is not None), None)

    def digest(self) -> str:
        """sha256 of the file in hex, from the descriptor that the members are read from; "" for a folder."""
        if self.root.folder:
            return ""
        digest, at, buffer = hashlib.sha256(), 0, memoryview(bytearray(BLOCK))
        while at < self.root.size and (n := os.preadv(self.root.fd, [buffer], at)):
            digest.update(buffer[:n])
            at += n
        return digest.hexdigest()

    def beside(self, suffixes: Iterable[str], limit: int) -> Iterator[Attachment | Gap]:
        """Files next to the subject that are called like it, with one of these suffixes behind its name.

        One of more than `limit` bytes, or that cannot be read, is a Gap at path "".
        """
        for suffix in suffixes:
            try:
                data = self.root.sibling(suffix, limit)
            except (NotExamined, OSError) as error:
                yield gap("", error)
            else:
                if data is not None:
                    yield Attachment(self.root.name + suffix, data)

    def inventory(self) -> Iterator[InventoryRow]:
        """Every member, sorted by path."""
        return iter(self.rows)

    def open(self, path: str) -> Source:
        """The bytes of one member again, random access; NotExamined `changed` when they are not those of the walk."""
        if not path:
            return self._bytes()
        if path not in self._held:
            for other in [held for held in self._held if not path.startswith(f"{held}!/")]:
                self._held.pop(other).close()
            self._held[path] = self._read(path)
        return self._held[path].source()

    def _read(self, path: str) -> Member:
        row = self.rows.find(path)
        if row is None or not row.sha256:
            raise NotExamined(GapReason.UNREADABLE, f"no member {path} was read to its end")
        entry = self._entry(path.rpartition("!/")[0], row)
        if entry.prepare is not None:
            entry.prepare(entry)
        if entry.window is None and entry.stream is None:
            raise NotExamined(GapReason.CHANGED, f"{path} can no longer be read")
        member = None
        try:
            member = Member(path, entry, self.budget)
            with suppress(FormatError):  # a wrong checksum was said during the walk
                member.take(Need.SEEK)
            if member.sha256 != row.sha256:
                raise NotExamined(GapReason.CHANGED, f"{path} is not what it was a moment ago")
        except (NotExamined, OSError):
            close = entry.close if member is None else member.close
            if close is not None:
                close()
            raise
        return member

    def finder(self, container: str) -> Callable[[InventoryRow], Entry]:
        """Finds members of one container again whose locators lead straight to them (see follows())."""
        if self.root.folder and not container:
            return lambda row: directory.entry_at(self.root.fd, row.locator, self.budget)
        source = self.open(container)
        shift = zip_end.find(source).shift
        return lambda row: zip.entry_at(source, row.locator, shift)

    def _entry(self, parent: str, row: InventoryRow) -> Entry:
        if not row.follows():
            return self.finder(parent)(row)
        outer = Member(parent, Entry(b"", None, window=self.open(parent)), self.budget)
        for entry in self._listing(outer):
            if isinstance(entry, Entry) and entry.locator == row.locator:
                return entry
        raise NotExamined(GapReason.CHANGED, f"{row.path} is no longer there")

    def _listing(self, member: Member) -> Iterator[Entry | Remark]:
        return Walk(self.budget, self.rows, _head_only).listing(member)

    def _itself(self) -> Member:
        """The subject as a member with path "", with its last bytes at hand."""
        source = self._bytes()
        member = Member("", Entry(b"", None, window=source), self.budget)
        member.tail = source.read_at(max(self.root.size - TAIL, 0), TAIL)
        return member

    def _head(self) -> bytes:
        """Outside of the budget: what a file is can be told even when everything else was too much."""
        return os.pread(self.root.fd, HEAD, 0)

    def _bytes(self) -> Source:
        return Window(self.root.fd, 0, self.root.size, self.budget)

    def close(self) -> None:
        for member in self._held.values():
            member.close()
        self.root.close()


def _head_only(_: Member) -> Need:
    return Need.HEAD
