"""Tar: headers read one after the other.

Layout: POSIX.1-2017, pax Interchange Format and ustar Interchange Format; GNU extensions: tar(5) of libarchive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from gate.archive.member import Entry, Refusal
from gate.archive.paths import leaves
from gate.archive.sniff import TAR_BLOCK, is_tar
from gate.archive.source import BLOCK
from gate.archive.tape import Tape
from gate.core.errors import FormatError
from gate.core.gap import GapReason

_HEADER_BODY = 2**20
"""Bytes of a pax or GNU long name body; names have at most a few hundred."""
_HEADERS = 16
"""Extension headers in a row before one entry; real archives have at most 4."""
_OCTAL_MAX = 8**11 - 1
"""The largest size that the plain field holds; larger ones stand in a pax header only."""
_REGULAR, _FOLDER, _HARD, _SYMBOLIC = b"0\x007", b"5", b"1", b"2"
_NO_DATA = b"123456"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE = b"L", b"K", b"x", b"g", b"S"
_EXTENSIONS = _LONG_NAME + _LONG_LINK + _PAX + _PAX_GLOBAL


class _Header(NamedTuple):
    """`unclear`: readers disagree about its name or about where its data ends."""

    name: bytes
    size: int
    kind: bytes
    link: bytes
    unclear: bool


def entries(tape: Tape) -> Iterator[Entry]:
    """Every entry up to the end mark; FormatError for a damaged header or data behind the end, after what is before."""
    links: set[bytes] = set()
    for index, header in enumerate(_headers(tape)):
        start = tape.at
        entry = Entry(header.name.removesuffix(b"/"), -1 - index, size=header.size)
        if header.unclear:
            entry.findings = ("archive.ambiguous-entry",)
        if header.kind in _FOLDER or (header.name.endswith(b"/") and not header.size):
            entry.folder = True
        elif header.kind in _HARD + _SYMBOLIC:
            _link(entry, header)
        else:
            _data(entry, tape, header)
        if links and not links.isdisjoint(_along(entry.name)):
            entry.findings = (*entry.findings, "archive.link-escape")
        if header.kind in _HARD + _SYMBOLIC:
            links.add(entry.name)
        yield entry
        tape.skip_to(start + _padded(header.size))
    _end(tape)


def _end(tape: Tape) -> None:
    """Behind the end mark there is padding: readers that are told to go on would find more members there."""
    at = tape.at
    while block := tape.take(BLOCK):
        if block.strip(b"\0"):
            raise FormatError(f"tar: data behind the end mark at byte {at}")


def _along(name: bytes) -> Iterator[bytes]:
    """The name and the folders that it lies in: an extractor goes through a link that has one of these names."""
    yield name
    at = name.find(b"/")
    while at >= 0:
        yield name[:at]
        at = name.find(b"/", at + 1)


def _link(entry: Entry, header: _Header) -> None:
    """A link brings no bytes: its target is a member of its own, unless it lies outside."""
    entry.folder = True
    folder = header.name.rpartition(b"/")[0] if header.kind in _SYMBOLIC else b""
    if leaves(folder, header.link):
        entry.findings = (*entry.findings, "archive.link-escape")


def _data(entry: Entry, tape: Tape, header: _Header) -> None:
    """Its bytes, also where they are not what a reader would make of them."""
    entry.window = tape.window(header.size)
    if entry.window is None:
        _stream(entry, tape, header.size)
    elif entry.window.size < header.size:
        cut = f"tar: ends after {entry.window.size} of {header.size} bytes of a member"
        entry.refusal = Refusal(GapReason.CORRUPT, cut)
    if header.kind not in _REGULAR:
        entry.refusal = Refusal(GapReason.UNSUPPORTED, f"tar: entry of type {header.kind!r}")


def _stream(entry: Entry, tape: Tape, size: int) -> None:
    entry.again = False

    def stream() -> Iterator[bytes]:
        start = tape.at
        yield from tape.blocks(size)
        if tape.at - start < size:
            raise FormatError(f"tar: ends after {tape.at - start} of {size} bytes of a member")

    entry.stream = stream


def _headers(tape: Tape) -> Iterator[_Header]:
    """Each entry with what its extension headers say, the tape standing at its first byte."""
    pending, general = _NOTHING, _NOTHING
    while (header := _header(tape)) is not None:
        if header.kind in _EXTENSIONS:
            if pending.headers >= _HEADERS or header.size > _HEADER_BODY:
                raise FormatError(f"tar: extension header of {header.size} bytes, the {pending.headers + 1}th in a row")
            body = tape.take(_padded(header.size))[: header.size]
            if header.kind in _PAX_GLOBAL:
                general = general.pax(body)
                general = replace(general, unclear=general != _NOTHING)  # not all readers let them hold for every entry
            else:
                pending = pending.read(header.kind, body)
            continue
        if general is not _NOTHING:
            header = general.apply(header)
        if pending is not _NOTHING:
            header, pending = pending.apply(header), _NOTHING
        yield header


def _header(tape: Tape) -> _Header | None:
    at = tape.at
    block = tape.take(TAR_BLOCK)
    if not block.strip(b"\0"):
        return None
    if not is_tar(block):
        raise FormatError(f"tar: damaged header at byte {at}")
    name = _text(block[:100])
    if block[345] and block[257:263] == b"ustar\0":  # GNU tar (b"ustar ") keeps times there
        name = _text(block[345:500]) + b"/" + name
    kind, size = block[156:157], _number(block[124:136])
    unclear = False
    if kind in _NO_DATA:  # what a size means for them differs from reader to reader
        size, unclear = 0, size != 0
    elif size < 0:
        raise FormatError(f"tar: negative size at byte {at}")
    elif kind in _REGULAR and name.endswith(b"/"):
        unclear = size != 0
    elif kind in _SPARSE:
        _skip_map(tape, block)
    return _Header(name, size, kind, _text(block[157:257]), unclear)


def _skip_map(tape: Tape, block: bytes) -> None:
    """The blocks that continue the map of a GNU sparse file stand between its header and its data."""
    more = block[482:483]
    while more.strip(b"\0"):
        more = tape.take(TAR_BLOCK)[504:505]


@dataclass(frozen=True, slots=True)
class _Extended:
    """What extension headers say about the entry that follows; None: nothing."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    sparse: bool = False
    unclear: bool = False
    headers: int = 0

    def read(self, kind: bytes, body: bytes) -> _Extended:
        more = replace(self, headers=self.headers + 1)
        if kind == _LONG_NAME:
            return more.named(_text(body))
        if kind == _LONG_LINK:
            return replace(more, link=_text(body))
        return more.pax(body)

    def named(self, name: bytes) -> _Extended:
        """With another name; which one counts when there are two depends on the reader, and so does what NUL does."""
        return replace(self, name=name, unclear=self.unclear or self.name not in (None, name) or b"\0" in name)

    def pax(self, body: bytes) -> _Extended:
        result = self
        for key, value in _pax_records(body):
            if key == b"path":
                result = result.named(value)
            elif key == b"linkpath":
                result = replace(result, link=value)
            elif key == b"size":
                if not value.isdigit() or len(value) > 20:
                    raise FormatError("tar: pax size is not a number")
                size = int(value)
                result = replace(result, size=size, unclear=result.unclear or result.size not in (None, size))
            elif key.startswith(b"GNU.sparse."):
                result = replace(result, sparse=True)
        return result

    def apply(self, header: _Header) -> _Header:
        name, size, kind, link, unclear = header
        if self.size is not None:
            unclear = unclear or (size != self.size and self.size <= _OCTAL_MAX)
            size = 0 if kind in _NO_DATA else self.size
        return _Header(
            name if self.name is None else self.name,
            size,
            _SPARSE if self.sparse else kind,
            link if self.link is None else self.link,
            unclear or self.unclear,
        )


_NOTHING = _Extended()


def _pax_records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records `<length> <key>=<value>` with a line feed, all counted in the length; FormatError when it is off."""
    at = 0
    while at < len(body):
        digits, space, _ = body[at : at + 12].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = body[at : at + length]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if length < 5 or len(record) != length or not record.endswith(b"\n") or not equals:
            raise FormatError("tar: damaged pax header")
        yield key, value
        at += length


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base-256 with the first bit set."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (1 << 8 * (len(field) - 1) if field[0] == 0xFF else 0)
    digits = field.split(b"\0", 1)[0].strip(b" ")
    if digits.strip(b"01234567"):
        raise FormatError("tar: a number that is not octal")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _padded(size: int) -> int:
    return -(-size // TAR_BLOCK) * TAR_BLOCK
