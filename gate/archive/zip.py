"""Zip: the central directory as a stream of entries, each compared with its local header.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from gate.archive.member import Entry, Refusal, Remark
from gate.archive.paths import leaves
from gate.archive.source import Source
from gate.archive.unpack import inflate
from gate.archive.zip_end import Directory, find
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_READ_AHEAD = 2**20
_SMALL = 8192
"""A member up to this size is read together with its local header: one system call for most members."""
_EXTRA = 64
_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_FIELD = struct.Struct("<HH")
_SIZES, _UNICODE_PATH = 0x0001, 0x7075
_UNKNOWN = -1
_DESCRIPTORS = (12, 16, 20, 24)
"""Bytes of a data descriptor (4.3.9): with or without signature, plain or zip64."""
_TARGET = 4096
"""Bytes of a link's target: PATH_MAX."""
_ENCRYPTED, _DESCRIPTOR = 0x0001, 0x0008
_ENCRYPTED_ANY = _ENCRYPTED | 0x0040 | 0x2000
_STORED, _DEFLATED = 0, 8


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
    link: bool
    unclear: bool


def entries(source: Source) -> Iterator[Entry | Remark]:
    """Every entry that the central directory lists; FormatError when the directory itself is damaged.

    What the directory has behind the number of entries that it declares is listed too: some readers count, others read
    to its end.
    """
    directory = find(source)
    yield from directory.remarks
    if directory.size > source.limits.directory_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"central directory of {directory.size} bytes")
    count, last, failure = 0, None, None
    try:
        for record in _records(source, directory):
            if last is not None:
                yield _entry(source, last, directory.shift, record.offset)
            count, last = count + 1, record
    except FormatError as error:
        failure = error
    if last is not None:
        yield _entry(source, last, directory.shift, _UNKNOWN if failure else directory.start - directory.shift)
    if failure is not None:
        raise failure
    if count & directory.mask != directory.count:
        raise FormatError(f"zip: {count} entries where the end record says {directory.count}")


def second(source: Source) -> Iterator[Entry]:
    """The entries for readers that take a file for a zip though it begins, and is read here, as something else.

    Those whose local header is not where it should be are left out: no reader gets at them.
    """
    for entry in entries(source):
        if isinstance(entry, Entry) and entry.prepare is not None:
            entry.prepare(entry)
            entry.prepare = None
            if entry.window or entry.stream or entry.refusal is None or entry.refusal.reason is not GapReason.CORRUPT:
                entry.findings = (*entry.findings, "archive.second-reading")
                yield entry


def _records(source: Source, directory: Directory) -> Iterator[_Record]:
    at, end = directory.start, directory.start + directory.size
    buffer, base = b"", at
    while at < end:
        if at + _CENTRAL.size + 3 * _FULL16 > base + len(buffer) and base + len(buffer) < end:
            base, buffer = at, source.read_at(at, min(_READ_AHEAD, end - at))
        record = _central(buffer, at - base, at)
        yield record
        at += record.used
    if at > end:
        raise FormatError("zip: the central directory ends inside of a record")


def entry_at(source: Source, at: int) -> Entry:
    """The entry whose central directory record begins at byte `at`: the locator of an earlier walk."""
    return _entry(source, _central(source.read_at(at, 2**18), 0, at), find(source).shift, _UNKNOWN)


def _central(buffer: bytes, i: int, at: int) -> _Record:
    if len(buffer) < i + _CENTRAL.size or buffer[i : i + 4] != b"PK\x01\x02":
        raise FormatError(f"zip: no central directory record at byte {at}")
    fields = _CENTRAL.unpack_from(buffer, i)
    _, _, _, flags, method, _, _, crc, packed, size, n_name, n_extra, n_comment, _, _, attributes, offset = fields
    begin = i + _CENTRAL.size
    extra = begin + n_name
    if len(buffer) < extra:
        raise FormatError(f"zip: central directory record at byte {at} is cut off")
    name, unclear = buffer[begin:extra], False
    if n_extra:
        for kind, data in _extras(buffer[extra : extra + n_extra]):
            if kind == _SIZES:
                packed, size, offset = _zip64(data, packed, size, offset)
            elif kind == _UNICODE_PATH:
                unclear = unclear or data[5:] != name
    link = attributes >> 16 & 0o170000 == 0o120000
    used = _CENTRAL.size + n_name + n_extra + n_comment
    return _Record(at, used, name, flags, method, crc, packed, size, offset, link, unclear or b"\0" in name)


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and data of each extra field (4.5.1); what does not add up ends the list."""
    at = 0
    while at + 4 <= len(extra):
        kind, n = _FIELD.unpack_from(extra, at)
        yield kind, extra[at + 4 : at + 4 + n]
        at += 4 + n


def _zip64(data: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Sizes of the extended information extra field (4.5.3), which holds only those that did not fit.

    Where one is missing it stays as it is, and the entry is refused when its data is not there.
    """
    values = [value for (value,) in struct.iter_unpack("<Q", data[: len(data) // 8 * 8])]
    size = values.pop(0) if size == _FULL32 and values else size
    packed = values.pop(0) if packed == _FULL32 and values else packed
    offset = values.pop(0) if offset == _FULL32 and values else offset
    return packed, size, offset


def _entry(source: Source, record: _Record, shift: int, following: int) -> Entry:
    entry = Entry(record.name, record.at, size=record.size, crc=record.crc)
    # Nothing, or the two bytes of an empty DEFLATE stream that some tools write for a folder.
    entry.folder = record.size == 0 and record.packed <= 2 and record.name.endswith(b"/")
    entry.prepare = lambda entry: _prepare(entry, source, record, shift, following)
    return entry


def _prepare(entry: Entry, source: Source, record: _Record, shift: int, following: int) -> None:
    start, size = record.offset + shift, len(record.name)
    wanted = _LOCAL.size + size + (_EXTRA + record.packed if record.packed <= _SMALL else 0)
    local = source.read_at(start, wanted)
    if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
        entry.refusal = Refusal(GapReason.CORRUPT, f"zip: no local header at byte {start}")
        return
    _, _, flags, method, _, _, crc, packed, whole, n_name, n_extra = _LOCAL.unpack_from(local)
    data = _LOCAL.size + n_name + n_extra
    if method != record.method or local[_LOCAL.size : _LOCAL.size + n_name] != record.name:
        entry.findings = ("archive.header-mismatch",)  # readers that trust one of them see another file than the others
    elif (crc, packed, whole) != (record.crc, record.packed, record.size) and not flags & _DESCRIPTOR:
        # Behind a descriptor they stand after the data, and where they do not fit in the zip64 extra field.
        entry.findings = () if _FULL32 in (packed, whole) else ("archive.header-mismatch",)
    slack = following - record.offset - data - record.packed
    if slack and following != _UNKNOWN and not ((record.flags | flags) & _DESCRIPTOR and slack in _DESCRIPTORS):
        entry.findings = (*entry.findings, "archive.hidden-data")
    if record.unclear:  # some cut it at NUL, some take the name of the extra field
        entry.findings = (*entry.findings, "archive.ambiguous-entry")
    if entry.folder:
        return
    if record.method not in (_STORED, _DEFLATED):
        entry.refusal = Refusal(GapReason.UNSUPPORTED, f"zip: compression method {record.method}")
        return
    _bytes(entry, source, record, start, data, local)
    if (record.flags | flags) & _ENCRYPTED_ANY:
        entry.refusal = Refusal(GapReason.ENCRYPTED, "zip: marked as encrypted; the bytes are read as they are")
    if record.link and _leads_out(entry):
        entry.findings = (*entry.findings, "archive.link-escape")


def _bytes(entry: Entry, source: Source, record: _Record, start: int, data: int, local: bytes) -> None:
    """Stored bytes become a window, deflated ones a stream; a small member is already here with its header."""
    if data + record.packed <= len(local):
        held = source.hold(local[data : data + record.packed])
    else:  # where the data would go beyond the end, readers take what there is
        at = min(start + data, source.size)
        held = source.window(at, min(record.packed, source.size - at))
    if held.size < record.packed:
        entry.refusal = Refusal(GapReason.CORRUPT, "zip: the data goes beyond the end of the archive")
    if record.method == _STORED or not held.size:  # nothing deflated to nothing: for readers an empty file
        entry.window = held
    else:
        entry.stream = lambda: inflate(held, 0, held.size)


def _leads_out(entry: Entry) -> bool:
    """Whether a symbolic link, whose data is its target, points out of the archive; also when it cannot be read."""
    try:
        if entry.window is not None:
            target = entry.window.read_at(0, _TARGET)
        else:
            target = b"".join(islice(entry.stream(), 1))[:_TARGET] if entry.stream is not None else b"/"
    except FormatError:
        return True
    return leaves(entry.name.rpartition(b"/")[0], target)
