"""Tar headers: one entry with what its extension headers say, and what readers make of it differently.

Layout: POSIX.1-2017, pax Interchange Format and ustar Interchange Format; GNU extensions: tar(5) of libarchive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gate.archive.sniff import TAR_BLOCK, is_tar
from gate.archive.tape import Tape
from gate.core.errors import FormatError

_HEADER_BODY = 2**20
"""Bytes of a pax or GNU long name body; names have at most a few hundred."""
_HEADERS = 16
"""Extension headers in a row before one entry; real archives have at most 4."""
_OCTAL_MAX = 8**11 - 1
"""The largest size that the plain field holds; larger ones stand in a pax header, and here 0 or all sevens."""
REGULAR, FOLDER, HARD, SYMBOLIC, SPECIAL = b"0\x007", b"5", b"1", b"2", b"346"
NO_DATA = b"123456"
SPARSE = b"S"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_SOLARIS, _PAX_GLOBAL = b"L", b"K", b"x", b"X", b"g"
_EXTENSIONS = _LONG_NAME + _LONG_LINK + _PAX + _PAX_SOLARIS + _PAX_GLOBAL
_TIMES = b"01234567 \0"
"""What GNU tar writes where ustar has the rest of a long name: times in octal."""
_SIZE, _NAME, _GLOBAL, _SETUID = "archive.tar-size", "archive.tar-name", "archive.tar-global", "archive.setuid"


@dataclass(frozen=True, slots=True)
class Header:
    """One entry; `at` is the byte where its first header block stands.

    `others` are bytes behind the start of its data where some other reader expects the next header.
    """

    at: int
    name: bytes
    size: int
    kind: bytes
    link: bytes = b""
    findings: tuple[str, ...] = ()
    others: tuple[int, ...] = ()


class Headers:
    """Every entry of a tape in turn, which then stands at the first byte of the entry's data.

    `at` is where the header block stands that was read last, `marked` whether an end mark ended them. FormatError for
    a damaged one.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._general = _NOTHING
        self.at = tape.at
        self.marked = False

    def __iter__(self) -> Iterator[Header]:
        pending, first = _NOTHING, self._tape.at
        while (header := self._read()) is not None:
            if header.kind in _EXTENSIONS:
                pending = self._extend(header, pending)
                continue
            if self._general is not _NOTHING:
                header = self._general.apply(header)
            if pending is not _NOTHING:
                header, pending = pending.apply(header), _NOTHING
            yield header if header.at == first else replace(header, at=first)
            first = self._tape.at
        if pending is not _NOTHING:
            raise FormatError("tar: an extension header without an entry")

    def _extend(self, header: Header, pending: _Extended) -> _Extended:
        if pending.headers >= _HEADERS or header.size > _HEADER_BODY:
            raise FormatError(f"tar: extension header of {header.size} bytes, the {pending.headers + 1}th in a row")
        body = self._tape.take(padded(header.size))[: header.size]
        if header.kind != _PAX_GLOBAL:
            return pending.read(header.kind, body)
        general = self._general.pax(body)
        if general != _NOTHING:  # not all readers let them hold for every entry
            general = replace(general, findings=_with(general.findings, _GLOBAL))
        self._general = general
        return pending

    def _read(self) -> Header | None:
        tape = self._tape
        self.at = at = tape.at
        block = tape.take(TAR_BLOCK)
        if not block.strip(b"\0"):
            self.marked = bool(block)
            return None
        if not is_tar(block):
            raise FormatError(f"tar: damaged header at byte {at}")
        name = _text(block[:100])
        findings: tuple[str, ...] = ()
        if block[345] and block[257:263] == b"ustar\0":
            name = _text(block[345:500]) + b"/" + name
        elif block[345] and block[345:357].strip(_TIMES):  # Python's tarfile takes it for a part of the name
            findings = (_NAME,)
        header = Header(at, name, _number(block[124:136]), block[156:157], _text(block[157:257]), findings)
        if header.size < 0:
            raise FormatError(f"tar: negative size at byte {at}")
        if header.kind in NO_DATA:
            return _without_data(tape, header) if header.size else header
        if header.kind in REGULAR:
            if block[100:108].translate(None, b" \0")[-4:-3] in b"246" and _raises(block[100:108]):
                findings = (*findings, _SETUID)
            if name.endswith(b"/") and header.size:  # a folder to readers of the oldest format, and without data
                return replace(header, findings=(*findings, _SIZE), others=(0,))
            return replace(header, findings=findings) if findings else header
        if header.kind in SPARSE:
            _skip_map(tape, block)
        return header


def _raises(mode: bytes) -> bool:
    """Whether a mode says that the file runs with the rights of its owner or group."""
    digits = mode.strip(b" \0")
    return digits.isdigit() and not digits.strip(b"01234567") and bool(int(digits, 8) & 0o6000)


def _without_data(tape: Tape, header: Header) -> Header:
    """A folder or link with a size: for some readers data follows, for others the next header does, as bytes say here.

    libarchive looks ahead as well (archive_read_support_format_tar.c, header_hardlink).
    """
    following = tape.ahead(TAR_BLOCK)
    findings = (*header.findings, _SIZE)
    if not following.strip(b"\0") or is_tar(following):
        return replace(header, size=0, findings=findings, others=(padded(header.size),))
    return replace(header, findings=findings, others=(0,))


def _skip_map(tape: Tape, block: bytes) -> None:
    """The blocks that continue the map of a GNU sparse file stand between its header and its data."""
    more = block[482:483]
    while more.strip(b"\0"):
        more = tape.take(TAR_BLOCK)[504:505]


@dataclass(frozen=True, slots=True)
class _Extended:
    """What extension headers say about the entry that follows; None: nothing. `sizes` are all that they give."""

    name: bytes | None = None
    link: bytes | None = None
    sizes: tuple[int, ...] = ()
    sparse: bool = False
    findings: tuple[str, ...] = ()
    headers: int = 0

    def read(self, kind: bytes, body: bytes) -> _Extended:
        more = replace(self, headers=self.headers + 1)
        if kind in _LONG_NAME + _LONG_LINK:
            text, _, rest = body.partition(b"\0")
            more = more.named(text) if kind == _LONG_NAME else more.linked(text)
            return more.says(_NAME) if rest.strip(b"\0") else more
        more = more.pax(body)
        return more.says(_NAME) if kind == _PAX_SOLARIS and (more.name, more.link, more.sizes) != _NONE else more

    def says(self, rule: str) -> _Extended:
        return replace(self, findings=_with(self.findings, rule))

    def named(self, name: bytes) -> _Extended:
        """With another name; which one counts when there are two depends on the reader, and so does what NUL does."""
        result = replace(self, name=name)
        return result.says(_NAME) if self.name not in (None, name) or b"\0" in name else result

    def linked(self, link: bytes) -> _Extended:
        result = replace(self, link=link)
        return result.says(_NAME) if self.link not in (None, link) or b"\0" in link else result

    def pax(self, body: bytes) -> _Extended:
        result, real = self, None
        for key, value in _pax_records(body):
            if key == b"path":
                result = result.named(value)
            elif key == b"linkpath":
                result = result.linked(value)
            elif key == b"size":
                result = result.sized(value)
            elif key.startswith(b"GNU.sparse."):
                result = replace(result, sparse=True)
                real = value if key == b"GNU.sparse.name" else real
            elif key == b"SCHILY.xattr.security.capability":  # rights that the file has when it is run, as setuid gives
                result = result.says(_SETUID)
        return result if real is None else replace(result, name=real)

    def sized(self, value: bytes) -> _Extended:
        if not value.isdigit() or len(value) > 20:
            raise FormatError("tar: pax size is not a number")
        size = int(value)
        if size in self.sizes:
            return self
        result = replace(self, sizes=(*self.sizes, size))
        return result.says(_SIZE) if self.sizes else result

    def apply(self, header: Header) -> Header:
        """The last size counts, as POSIX has it; where any other reader goes on is remembered."""
        size, others, findings = header.size, header.others, header.findings + self.findings
        if self.sizes and header.kind not in NO_DATA:
            size = self.sizes[-1]
            plain = header.size not in (size, 0, _OCTAL_MAX) or (header.size != size and size <= _OCTAL_MAX)
            if plain or len(self.sizes) > 1:
                others = (*others, *(padded(n) for n in {header.size, *self.sizes} - {size}))
                findings = _with(findings, _SIZE)
        elif any(self.sizes):
            others = (*others, *map(padded, self.sizes))
            findings = _with(findings, _SIZE)
        return replace(
            header,
            name=header.name if self.name is None else self.name,
            size=size,
            kind=SPARSE if self.sparse else header.kind,
            link=header.link if self.link is None else self.link,
            findings=findings,
            others=others,
        )


_NONE = (None, None, ())
_NOTHING = _Extended()


def _with(findings: tuple[str, ...], rule: str) -> tuple[str, ...]:
    return findings if rule in findings else (*findings, rule)


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


def padded(size: int) -> int:
    """Bytes of the whole blocks that `size` bytes take."""
    return -(-size // TAR_BLOCK) * TAR_BLOCK
