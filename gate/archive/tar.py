"""Tar: every entry for every reader.

A tar has no table: where an entry ends is where its reader looks for the next header. Where readers disagree about
that, all places are read (CVE-2025-62518); where a header is damaged, or data stands behind the end mark, blocks are
searched for the next header, as GNU tar does and `--ignore-zeros` readers do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace

from gate.archive.member import Entry, Link, Refusal, Remark
from gate.archive.paths import leaves
from gate.archive.sniff import TAR_BLOCK, is_tar
from gate.archive.source import BLOCK
from gate.archive.tape import Tape
from gate.archive.tar_header import FOLDER, HARD, NO_DATA, REGULAR, SPECIAL, SYMBOLIC, Header, Headers, padded
from gate.archive.tar_links import Links
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_PLACES = 64
"""Places where readers go on differently; a packed tar is unpacked again for each."""
_SEARCHED = 2**24
"""Bytes that are searched for headers which nothing leads to."""
_REMEMBERED = 2**20
"""Headers behind the first such place that are remembered; beyond, what both readings show is listed for both."""
_ESCAPE, _HIDDEN, _SPECIAL = "archive.link-escape", "archive.tar-hidden-member", "archive.special-file"

Reopen = Callable[[], Tape]


def entries(tape: Tape, reopen: Reopen | None = None, *, layer: bool = False) -> Iterator[Entry | Remark]:
    """Every entry, those of other readers last; FormatError for damage, after all that can be read.

    `reopen` gives the tape from its start. In the `layer` of a container image absolute links stay inside.
    """
    return _Tar(reopen, layer).all(tape)


class _Tar:
    """One listing of one tar."""

    def __init__(self, reopen: Reopen | None, layer: bool) -> None:
        self._reopen, self._layer = reopen, layer
        self._links: set[int] = set()
        """Hashes of names that are links; bytes are hashed with a key, so nobody can make two of them meet."""
        self._hard = Links()
        self._count = 0
        self._places: list[tuple[int, bool]] = []
        """Where another reader goes on, and whether it then searches for a header."""
        self._known: set[int] = set()
        self._read: list[int] = []
        """Where headers were read since the first such place, in order; the same for other readers."""
        self._others: set[int] = set()
        self._searched = 0
        self._soiled = 0
        self._cut = False
        """Whether the last entry is cut off, which is said there."""
        self._said = False
        self._failure: NotExamined | None = None

    def all(self, tape: Tape) -> Iterator[Entry | Remark]:
        yield from self._from(tape, hidden=False, search=True)
        while self._places:
            at, search = self._places.pop(0)
            if self._reopen is None:
                raise self._failure or FormatError(f"tar: what other readers find at byte {at} was not looked for")
            other = self._reopen()
            try:
                other.skip_to(at)
                found = not search or self._search(other)
            except FormatError:  # the stream is damaged before it, which has been said
                continue
            if found:
                yield from self._from(other, hidden=True, search=search)
        yield from self._hard.linked(self._reopen)
        if self._soiled:
            yield Remark("archive.tar-padding", f"{self._soiled} entries")
        if self._failure is not None:
            raise self._failure

    def _from(self, tape: Tape, *, hidden: bool, search: bool) -> Iterator[Entry | Remark]:
        """The entries from here on, up to the end or to what was read already.

        Where only some reader's arithmetic leads, damage means that there is nothing for it to see.
        """
        headers, ended = Headers(tape), False
        try:
            for header in headers:
                if hidden and self._met(header.at):
                    return
                self._remember(header.at, hidden)
                if hidden:
                    header = replace(header, findings=(*header.findings, _HIDDEN))  # noqa: PLW2901
                yield from self._entry(tape, header)
            ended = True
            if not (hidden or headers.marked or self._cut):
                yield Remark("archive.tar-no-end", f"byte {tape.at}")
            yield from self._end(tape)
        except FormatError as error:
            if search or tape.broken:
                self._failure = self._failure or error
            if search and not ended and not tape.broken and tape.ahead(1):
                self._place(headers.at + TAR_BLOCK, search=True)

    def _entry(self, tape: Tape, header: Header) -> Iterator[Entry]:
        start = tape.at
        for other in header.others:
            self._place(start + other, search=False)
        self._count += 1
        # the list of a folder in an incremental backup (type D) keeps its slash: it is not the folder
        name = header.name if header.kind == b"D" else header.name.removesuffix(b"/")
        entry = Entry(name, -self._count, size=header.size, findings=header.findings)
        self._fill(entry, tape, header)
        if self._links and any(hash(name) in self._links for name in _along(entry.name)):
            entry.findings = (*entry.findings, _ESCAPE)
        if entry.link is not None:
            self._links.add(hash(entry.name))
        if self._names(entry, tape, header):
            yield entry
        tape.skip_to(start + header.size)
        self._cut = tape.lacks(start + header.size)
        self._soiled += bool(tape.take(padded(header.size) - header.size).strip(b"\0"))

    def _names(self, entry: Entry, tape: Tape, header: Header) -> bool:
        """What a hard link is another name of; False where that is told at the end."""
        if entry.link is not None and entry.link.hard and not header.size:
            return self._hard.resolve(entry, header.link, tape)
        if header.kind in REGULAR and not entry.folder:
            self._hard.file(entry.name, tape.at, header.size)
        return True

    def _fill(self, entry: Entry, tape: Tape, header: Header) -> None:
        """What an entry brings: bytes, a link, or nothing."""
        if header.kind in HARD + SYMBOLIC:
            hard = header.kind in HARD
            entry.link = Link(header.link, hard)
            folder = b"" if hard else header.name.rpartition(b"/")[0]
            if not self._layer and leaves(folder, header.link):
                entry.findings = (*entry.findings, _ESCAPE)
        elif header.kind in SPECIAL:
            entry.findings = (*entry.findings, _SPECIAL)
            entry.refusal = Refusal(GapReason.UNSUPPORTED, "tar: a device or a pipe")
        if header.kind in FOLDER + HARD + SYMBOLIC or (header.name.endswith(b"/") and header.kind in REGULAR):
            entry.folder = not header.size  # one that has data all the same is read like a file
        if header.kind not in FOLDER + HARD + SYMBOLIC or header.size:
            _data(entry, tape, header)

    def _end(self, tape: Tape) -> Iterator[Remark]:
        """Behind the end mark there is padding: readers that are told to go on would find more members there."""
        at = tape.at
        while block := tape.take(BLOCK):
            if block.strip(b"\0"):
                at += (len(block) - len(block.lstrip(b"\0"))) // TAR_BLOCK * TAR_BLOCK
                if not self._said:
                    self._said = True
                    yield Remark("archive.tar-behind-end", f"byte {at}")
                self._place(at, search=True)
                return
            at = tape.at

    # -- where other readers go on ---------------------------------------------------------------------------------

    def _place(self, at: int, *, search: bool) -> None:
        if at in self._known:
            return
        if len(self._known) >= _PLACES:
            detail = f"tar: more than {_PLACES} places where readers go on differently; the rest was not looked at"
            self._failure = NotExamined(GapReason.TOO_MANY, detail)
            return
        self._known.add(at)
        self._places.append((at, search))

    def _remember(self, at: int, hidden: bool) -> None:
        if hidden:
            self._others.add(at)
        elif self._known and len(self._read) < _REMEMBERED:
            self._read.append(at)

    def _met(self, at: int) -> bool:
        i = bisect_left(self._read, at)
        return at in self._others or self._read[i : i + 1] == [at]

    def _search(self, tape: Tape) -> bool:
        """Go to the next block that is a header; what is passed over belongs to nobody, and is a failure."""
        while block := tape.ahead(TAR_BLOCK):
            if is_tar(block):
                return True
            if block.strip(b"\0"):
                self._failure = self._failure or FormatError(f"tar: data behind the end mark at byte {tape.at}")
            self._searched += TAR_BLOCK
            if self._searched > _SEARCHED:
                self._failure = self._failure or FormatError(f"tar: not searched for headers beyond byte {tape.at}")
                return False
            tape.take(TAR_BLOCK)
        return False


def _along(name: bytes) -> Iterator[bytes]:
    """The name and the folders that it lies in: an extractor goes through a link that has one of these names."""
    yield name
    at = name.find(b"/")
    while at >= 0:
        yield name[:at]
        at = name.find(b"/", at + 1)


def _data(entry: Entry, tape: Tape, header: Header) -> None:
    """Its bytes, also where they are not what a reader would make of them."""
    entry.window = tape.window(header.size)
    if entry.window is None:
        _stream(entry, tape, header.size)
    elif entry.window.size < header.size:
        cut = f"tar: ends after {entry.window.size} of {header.size} bytes of a member"
        entry.refusal = Refusal(GapReason.CORRUPT, cut)
    if header.kind not in REGULAR + NO_DATA:
        entry.refusal = Refusal(GapReason.UNSUPPORTED, f"tar: entry of type {header.kind!r}")


def _stream(entry: Entry, tape: Tape, size: int) -> None:
    entry.again = False

    def stream() -> Iterator[bytes]:
        start = tape.at
        yield from tape.blocks(size)
        if tape.at - start < size:
            raise FormatError(f"tar: ends after {tape.at - start} of {size} bytes of a member")

    entry.stream = stream
