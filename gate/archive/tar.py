"""Tar: headers read one after the other, from random access or from a stream that only goes forward.

Layout: POSIX.1-2017, pax Interchange Format and ustar Interchange Format; GNU extensions: tar(5) of libarchive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gate.archive.member import Entry, Refusal, Remark
from gate.archive.paths import leaves
from gate.archive.sniff import TAR_BLOCK, tar_checksum
from gate.archive.source import BLOCK, Source
from gate.core.errors import FormatError
from gate.core.gap import GapReason

_HEADER_BODY = 2**20
"""Bytes of a pax or GNU long name body; names have at most a few hundred."""
_HEADERS = 16
"""Extension headers in a row before one entry; real archives have at most 4."""
_REGULAR, _FOLDER, _HARD, _SYMBOLIC = b"0\x007", b"5", b"1", b"2"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE = b"L", b"K", b"x", b"g", b"S"


class Tape:
    """Bytes that are taken in order; from random access a member can also be had as a window."""

    def __init__(self, source: Source | None, stream: Iterator[bytes] | None = None) -> None:
        self._source, self._stream = source, stream
        self._held = b""
        self.at = 0

    def take(self, n: int) -> bytes:
        """The next `n` bytes, or fewer at the end."""
        if self._source is not None:
            data = self._source.read_at(self.at, n)
        else:
            data = b"".join(self.blocks(n))
            self.at -= len(data)
        self.at += len(data)
        return data

    def blocks(self, n: int) -> Iterator[bytes]:
        """The next `n` bytes of a stream, piece by piece."""
        assert self._stream is not None
        while n:
            if not self._held:
                self._held = next(self._stream, b"")
                if not self._held:
                    return
            part, self._held = self._held[:n], self._held[n:]
            n -= len(part)
            self.at += len(part)
            yield part

    def skip_to(self, at: int) -> None:
        if self._source is not None:
            self.at = at
        else:
            for _ in self.blocks(at - self.at):
                pass

    def window(self, n: int) -> Source | None:
        return self._source.window(self.at, n) if self._source is not None else None


@dataclass(frozen=True, slots=True)
class _Header:
    name: bytes
    size: int
    kind: bytes
    link: bytes


def entries(tape: Tape) -> Iterator[Entry | Remark]:
    """Every entry up to the end mark; FormatError for a damaged header, after the entries before it."""
    for index, header in enumerate(_headers(tape)):
        start = tape.at
        entry = Entry(header.name.removesuffix(b"/"), index, size=header.size)
        if header.kind in _FOLDER or (header.name.endswith(b"/") and not header.size):
            entry.folder = True
        elif header.kind in _HARD + _SYMBOLIC:
            _link(entry, header)
        elif header.kind not in _REGULAR:
            entry.refusal = Refusal(GapReason.UNSUPPORTED, f"tar: entry of type {header.kind!r}")
        else:
            entry.window = tape.window(header.size)
            if entry.window is None:
                _stream(entry, tape, header.size)
        yield entry
        tape.skip_to(start + _padded(header.size))


def _link(entry: Entry, header: _Header) -> None:
    """A link brings no bytes: its target is a member of its own, unless it lies outside."""
    entry.folder = True
    folder = header.name.rpartition(b"/")[0] if header.kind in _SYMBOLIC else b""
    if leaves(folder, header.link):
        entry.findings = ("archive.link-escape",)


def _stream(entry: Entry, tape: Tape, size: int) -> None:
    entry.again = False

    def stream() -> Iterator[bytes]:
        start = tape.at
        for block in tape.blocks(size):
            for i in range(0, len(block), BLOCK):
                yield block[i : i + BLOCK]
        if tape.at - start < size:
            raise FormatError(f"tar: ends after {tape.at - start} of {size} bytes of a member")

    entry.stream = stream


def _headers(tape: Tape) -> Iterator[_Header]:
    """Each entry with what its extension headers say, the tape standing at its first byte."""
    pending, general = _Extended(), _Extended()
    while True:
        header = _header(tape)
        if header is None:
            return
        if header.kind in _LONG_NAME + _LONG_LINK + _PAX + _PAX_GLOBAL:
            if pending.headers >= _HEADERS or header.size > _HEADER_BODY:
                raise FormatError(f"tar: extension header of {header.size} bytes, the {pending.headers + 1}th in a row")
            body = tape.take(_padded(header.size))[: header.size]
            if header.kind in _PAX_GLOBAL:
                general = general.pax(body)
            else:
                pending = pending.read(header.kind, body)
            continue
        yield pending.apply(general.apply(header))
        pending = _Extended()


def _header(tape: Tape) -> _Header | None:
    at = tape.at
    block = tape.take(TAR_BLOCK)
    if not block.strip(b"\0"):
        return None
    if len(block) < TAR_BLOCK or tar_checksum(block) != _number(block[148:156]):
        raise FormatError(f"tar: damaged header at byte {at}")
    name, prefix = _text(block[:100]), _text(block[345:500])
    if prefix and block[257:263] == b"ustar\0":  # GNU tar (b"ustar ") keeps times there
        name = prefix + b"/" + name
    kind = block[156:157]
    size = 0 if kind in _HARD + _SYMBOLIC + _FOLDER + b"346" else _number(block[124:136])
    if size < 0:
        raise FormatError(f"tar: negative size at byte {at}")
    return _Header(name, size, kind, _text(block[157:257]))


@dataclass(frozen=True, slots=True)
class _Extended:
    """What extension headers say about the entry that follows; None: nothing."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    sparse: bool = False
    headers: int = 0

    def read(self, kind: bytes, body: bytes) -> _Extended:
        more = replace(self, headers=self.headers + 1)
        if kind == _LONG_NAME:
            return replace(more, name=body.rstrip(b"\0"))
        if kind == _LONG_LINK:
            return replace(more, link=body.rstrip(b"\0"))
        return more.pax(body)

    def pax(self, body: bytes) -> _Extended:
        result = self
        for key, value in _pax_records(body):
            if key == b"path":
                result = replace(result, name=value)
            elif key == b"linkpath":
                result = replace(result, link=value)
            elif key == b"size":
                if not value.isdigit():
                    raise FormatError("tar: pax size is not a number")
                result = replace(result, size=int(value[:20]))
            elif key.startswith(b"GNU.sparse."):
                result = replace(result, sparse=True)
        return result

    def apply(self, header: _Header) -> _Header:
        if self.sparse:
            header = replace(header, kind=_SPARSE)
        return replace(
            header,
            name=header.name if self.name is None else self.name,
            link=header.link if self.link is None else self.link,
            size=header.size if self.size is None else self.size,
        )


def _pax_records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records `<length> <key>=<value>\\n`, the length counting itself; FormatError when the arithmetic is off."""
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
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big")
        return value - (1 << 8 * (len(field) - 1)) if field[0] == 0xFF else value
    digits = field.split(b"\0", 1)[0].strip(b" ")
    if digits and not all(c in b"01234567" for c in digits):
        raise FormatError("tar: a number that is not octal")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _padded(size: int) -> int:
    return -(-size // TAR_BLOCK) * TAR_BLOCK
