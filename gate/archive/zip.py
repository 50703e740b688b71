"""Zip: the central directory as a stream of entries, each compared with its local header.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from gate.archive.member import Entry, Refusal, Remark
from gate.archive.source import Memory, Source
from gate.archive.unpack import inflate
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
TAIL = 65535 + _END.size
"""The end record and the longest comment behind it."""
_READ_AHEAD = 2**20
_SMALL = 8192
"""A member up to this size is read together with its local header: one system call for most members."""
_EXTRA = 64
_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_ENCRYPTED, _DESCRIPTOR = 0x0001, 0x0008
_ENCRYPTED_ANY = _ENCRYPTED | 0x0040 | 0x2000
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies; `shift` is what stands before the archive, in bytes."""

    count: int
    start: int
    size: int
    shift: int
    remarks: tuple[Remark, ...]


class _Record(NamedTuple):
    """One central directory record; a NamedTuple because there may be millions."""

    at: int
    used: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def may_end_here(tail: bytes) -> bool:
    """Whether the last bytes of a file hold the signature of an end record: a reason to call is_at_end()."""
    return b"PK\x05\x06" in tail


def is_at_end(source: Source) -> bool:
    """Whether a file that begins as something else is a zip as well: loaders look for the end record."""
    try:
        directory = _directory(source)
    except FormatError:
        return False
    return directory.count > 0 and source.read_at(directory.start, 4) == b"PK\x01\x02"


def entries(source: Source) -> Iterator[Entry | Remark]:
    """Every entry that the central directory lists; FormatError when the directory itself is damaged."""
    directory = _directory(source)
    yield from directory.remarks
    if directory.size > source.limits.directory_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"central directory of {directory.size} bytes")
    at, end = directory.start, directory.start + directory.size
    buffer, base = b"", at
    for _ in range(directory.count):
        if at + _CENTRAL.size + 3 * _FULL16 > base + len(buffer) and base + len(buffer) < end:
            base, buffer = at, source.read_at(at, min(_READ_AHEAD, end - at))
        record = _central(buffer, at - base, at)
        yield _entry(source, record, directory.shift)
        at += record.used
    if at != end:
        raise FormatError(f"zip: central directory ends at byte {at}, not at {end}")


def entry_at(source: Source, at: int) -> Entry:
    """The entry whose central directory record begins at byte `at`: the locator of an earlier walk."""
    return _entry(source, _central(source.read_at(at, 2**18), 0, at), _directory(source).shift)


def _central(buffer: bytes, i: int, at: int) -> _Record:
    if len(buffer) < i + _CENTRAL.size or buffer[i : i + 4] != b"PK\x01\x02":
        raise FormatError(f"zip: no central directory record at byte {at}")
    fields = _CENTRAL.unpack_from(buffer, i)
    _, _, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment, _, _, _, offset = fields
    extra = i + _CENTRAL.size + n_name
    used = _CENTRAL.size + n_name + n_extra + n_comment
    if len(buffer) < i + used:
        raise FormatError(f"zip: central directory record at byte {at} is cut off")
    if _FULL32 in (packed, size, offset):
        packed, size, offset = _zip64(buffer[extra : extra + n_extra], packed, size, offset)
    return _Record(at, used, buffer[i + _CENTRAL.size : extra], flags, method, crc, packed, size, offset)


def _zip64(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Sizes of the extended information extra field (4.5.3), which holds only those that did not fit."""
    while len(extra) >= 4:
        kind, n = struct.unpack_from("<HH", extra)
        if kind == 1:
            values = list(struct.unpack_from(f"<{min(n, len(extra) - 4) // 8}Q", extra, 4))
            if len(values) < (packed, size, offset).count(_FULL32):
                break
            size = values.pop(0) if size == _FULL32 else size
            packed = values.pop(0) if packed == _FULL32 else packed
            offset = values.pop(0) if offset == _FULL32 else offset
            return packed, size, offset
        extra = extra[4 + n :]
    raise FormatError("zip: sizes of a zip64 entry are missing")


def _entry(source: Source, record: _Record, shift: int) -> Entry:
    entry = Entry(record.name, record.at, size=record.size, crc=record.crc)
    entry.folder = record.name.endswith(b"/") and record.size == 0
    entry.prepare = lambda entry: _prepare(entry, source, record, record.offset + shift)
    return entry


def _prepare(entry: Entry, source: Source, record: _Record, start: int) -> None:
    wanted = _LOCAL.size + len(record.name) + (_EXTRA + record.packed if record.packed <= _SMALL else 0)
    local = source.read_at(start, wanted)
    if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
        entry.refusal = Refusal(GapReason.CORRUPT, f"zip: no local header at byte {start}")
        return
    fields = _LOCAL.unpack_from(local)
    if _disagrees(fields, local, record):
        entry.findings = ("archive.header-mismatch",)
    if entry.folder:
        return
    if record.method not in (_STORED, _DEFLATED):
        entry.refusal = Refusal(GapReason.UNSUPPORTED, f"zip: compression method {record.method}")
        return
    _bytes(entry, source, record, start, _LOCAL.size + fields[9] + fields[10], local)
    if (record.flags | fields[2]) & _ENCRYPTED_ANY:
        entry.refusal = Refusal(GapReason.ENCRYPTED, "zip: marked as encrypted; the bytes are read as they are")


def _bytes(entry: Entry, source: Source, record: _Record, start: int, data: int, local: bytes) -> None:
    """Stored bytes become a window, deflated ones a stream; a small member is already here with its header."""
    if start + data + record.packed > source.size:
        entry.refusal = Refusal(GapReason.CORRUPT, "zip: the data goes beyond the end of the archive")
        return
    if data + record.packed <= len(local):
        here = local[data : data + record.packed]
        if record.method == _STORED:
            entry.window = source.hold(here)
        else:
            held = source.hold(here)
            entry.stream = lambda: inflate(held, 0, held.size)
    elif record.method == _STORED:
        entry.window = source.window(start + data, record.packed)
    else:
        entry.stream = lambda: inflate(source, start + data, record.packed)


def _disagrees(fields: tuple[Any, ...], local: bytes, record: _Record) -> bool:
    """Readers that trust the local header would see another file than readers that trust the directory."""
    _, _, flags, method, _, _, crc, packed, size, n_name, _ = fields
    if method != record.method or local[_LOCAL.size : _LOCAL.size + n_name] != record.name:
        return True
    if flags & _DESCRIPTOR or _FULL32 in (packed, size):
        return False  # sizes stand behind the data, or in the zip64 extra field
    return (crc, packed, size) != (record.crc, record.packed, record.size)


def _directory(source: Source) -> Directory:
    tail_at = max(source.size - TAIL, 0)
    tail = source.read_at(tail_at, TAIL)
    spots = [i for i in _spots(tail) if len(tail) - i >= _END.size]
    if not spots:
        raise FormatError("zip: no end of central directory; the archive is cut off or damaged")
    exact = [i for i in spots if i + _END.size + _comment(tail, i) == len(tail)]
    remarks = [] if exact else [Remark("archive.trailing-data", f"{len(tail) - spots[-1] - _END.size} bytes")]
    if len(exact) > 1:
        remarks.append(Remark("archive.ambiguous-directory", f"{len(exact)} end records"))
    at = tail_at + (exact or spots)[-1]
    _, disk, _, _, count, size, start, _ = _END.unpack_from(tail, at - tail_at)
    end = at
    if _FULL16 in (disk, count) or _FULL32 in (size, start):
        count, size, start, end = _end64(source, at, (count, size, start))
    shift = end - size - start
    if shift < 0:
        raise FormatError(f"zip: central directory of {size} bytes at byte {start} does not fit before byte {end}")
    if shift:
        remarks.append(Remark("archive.data-before-zip", f"{shift} bytes"))
    return Directory(count, start + shift, size, shift, tuple(remarks))


def _spots(tail: bytes) -> Iterator[int]:
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        yield at
        at = tail.find(b"PK\x05\x06", at + 1)


def _comment(tail: bytes, at: int) -> int:
    return int.from_bytes(tail[at + 20 : at + 22], "little")


def _end64(source: Source, at: int, small: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """The zip64 end record (4.3.14) through its locator (4.3.15), or the plain values when there is none."""
    locator = source.read_at(at - _LOCATOR64.size, _LOCATOR64.size) if at >= _LOCATOR64.size else b""
    if not locator.startswith(b"PK\x06\x07"):
        return (*small, at)
    for end in (_LOCATOR64.unpack(locator)[2], at - _LOCATOR64.size - _END64.size):  # the second when data stands before
        record = source.read_at(end, _END64.size) if end >= 0 else b""
        if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
            count, size, start = _END64.unpack(record)[7:10]
            return count, size, start, end
    raise FormatError("zip: no zip64 end record where its locator points")
