"""Local headers of a zip, each compared with its record in the central directory, and the bytes behind it.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import NamedTuple

from gate.archive import zip_extra
from gate.archive.member import Entry, Refusal
from gate.archive.methods import STORED, Packed, stream
from gate.archive.paths import leaves
from gate.archive.source import Source
from gate.archive.zip_extra import FULL32
from gate.archive.zip_record import Record
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_LOCAL = struct.Struct("<4s5H3L2H")
HEADER = _LOCAL.size
_SMALL = 8192
"""A member up to this size is read together with its local header: one system call for most members."""
_AHEAD = HEADER + 64
"""Bytes of a local header without its name, and room for its extra fields."""
_DESCRIPTOR = 24
"""Bytes of the longest data descriptor (4.3.9)."""
_FORMS = ((b"PK\x07\x08", "<3L"), (b"", "<3L"), (b"PK\x07\x08", "<L2Q"), (b"", "<L2Q"))
"""Data descriptors: with or without signature, plain or zip64."""
_LENGTHS = (12, 16, 20, 24)
_TARGET = 4096
"""Bytes of a link's target: PATH_MAX."""
UNKNOWN = -1
DESCRIBED = 0x0008
"""General purpose bit 3 (4.4.4): checksum and sizes stand behind the data."""
_PATCH = 0x0020
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_SAME = _ENCRYPTED | _PATCH | DESCRIBED | 0x0800
"""Flags that must be the same in both headers: they tell how name and data are read."""
MISMATCH = "archive.header-mismatch"


class Local(NamedTuple):
    """One local header; `data` is the distance to the first byte of the data."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    data: int
    rules: tuple[str, ...]


class Place(NamedTuple):
    """An entry in its archive: its record, what stands before the archive, and where the next entry begins."""

    source: Source
    record: Record
    shift: int
    following: int = UNKNOWN
    torch: bool = False


def local_at(source: Source, at: int, ahead: bytes = b"") -> Local | None:
    """The local header at byte `at`, of which `ahead` was read before; None where there is none."""
    ahead = ahead or source.read_at(at, HEADER)
    if len(ahead) < HEADER or ahead[:4] != b"PK\x03\x04":
        return None
    _, _, flags, method, _, _, crc, packed, size, n_name, n_extra = _LOCAL.unpack_from(ahead)
    data = HEADER + n_name + n_extra
    if data > len(ahead):
        ahead = source.read_at(at, data)
    name = ahead[HEADER : HEADER + n_name]
    rules: tuple[str, ...] = ()
    if n_extra or FULL32 in (packed, size):
        fields = zip_extra.read(ahead[HEADER + n_name : data], name, packed, size)
        packed, size, rules = fields.packed, fields.size, fields.rules
    return Local(name, flags, method, crc, packed, size, data, rules)


def prepare(entry: Entry, place: Place) -> None:
    """Fill in what the local header says: findings where it differs, a refusal where the bytes cannot be had."""
    source, record, shift, following, torch = place
    start, packed, flags = record.offset + shift, record.packed, record.flags
    ahead = source.read_at(start, _AHEAD + len(record.name) + (packed if packed <= _SMALL else 0))
    if _is_copy(ahead, record):  # nearly always
        data = HEADER + len(record.name)
        if following not in (UNKNOWN, record.offset + data + packed):
            _tile(entry, following - record.offset - data - packed)
    else:
        local = local_at(source, start, ahead)
        if local is None:
            entry.refusal = Refusal(GapReason.CORRUPT, f"zip: no local header at byte {start}")
            return
        _compare(entry, place, local)
        data, flags = local.data, flags | local.flags
    if entry.folder:
        return
    if flags & DESCRIBED and record.method == STORED and packed and not torch:
        entry.findings = (*entry.findings, "archive.stored-descriptor")
    _bytes(entry, source, record, start, flags, ahead, data)
    if flags & (_ENCRYPTED | _PATCH):
        _marked(entry, flags)
    if record.link and _leads_out(entry):
        entry.findings = (*entry.findings, "archive.link-escape")


def _is_copy(ahead: bytes, record: Record) -> bool:
    """Whether the local header is the record byte for byte, has no extra field and tells all that there is to tell."""
    return (
        ahead[6:28] == record.common
        and ahead[28:HEADER] == b"\0\0"
        and ahead.startswith(record.name, HEADER)
        and ahead.startswith(b"PK\x03\x04")
        and not record.flags & DESCRIBED
    )


def _compare(entry: Entry, place: Place, local: Local) -> None:
    """Findings where the local header differs from the record, or the entry does not end where the next one begins."""
    record = place.record
    described = (record.flags | local.flags) & DESCRIBED
    slack = place.following - record.offset - local.data - record.packed
    right = True
    if place.following != UNKNOWN and described and slack >= 0:
        at = record.offset + place.shift + local.data + record.packed
        length, right = behind(place.source.read_at(at, _DESCRIPTOR), local, record, slack)
        slack -= length
    if not right or _differs(local, record):
        entry.findings = (*entry.findings, MISMATCH)
    if local.rules:
        entry.findings = (*entry.findings, *(rule for rule in local.rules if rule not in entry.findings))
    if slack and place.following != UNKNOWN:
        _tile(entry, slack)


def _tile(entry: Entry, slack: int) -> None:
    entry.findings = (*entry.findings, "archive.overlap" if slack < 0 else "archive.hidden-data")


def _differs(local: Local, record: Record) -> bool:
    """Readers that trust one of the two headers see another file than the others."""
    if local.name != record.name or local.method != record.method or (local.flags ^ record.flags) & _SAME:
        return True
    values, known = (local.crc, local.packed, local.size), (record.crc, record.packed, record.size)
    if values == known:
        return False
    if not local.flags & DESCRIBED:
        return True
    return any(value not in (0, right, FULL32) for value, right in zip(values, known, strict=True))


def behind(data: bytes, local: Local, record: Record, slack: int) -> tuple[int, bool]:
    """Length of the data descriptor that these bytes begin with, and whether it says what the record says.

    Some tools set the flag and write no descriptor, which is the same to everyone where the local header knows it all.
    """
    for signature, form in _FORMS:
        values = (record.crc, record.packed, record.size)
        if (form != "<3L" or max(values) <= FULL32) and data.startswith(signature + struct.pack(form, *values)):
            return len(signature) + struct.calcsize(form), True
    if slack == 0:
        return 0, (local.crc, local.packed, local.size) == (record.crc, record.packed, record.size)
    return (slack if slack in _LENGTHS else 0), False


def _bytes(entry: Entry, source: Source, record: Record, start: int, flags: int, ahead: bytes, data: int) -> None:
    """Stored bytes become a window, packed ones a stream; a small member is already here with its header."""
    if data + record.packed <= len(ahead):
        held = source.hold(ahead[data : data + record.packed])
    else:  # where the data would go beyond the end, readers take what there is
        at = min(start + data, source.size)
        held = source.window(at, min(record.packed, source.size - at))
        if held.size < record.packed:
            entry.refusal = Refusal(GapReason.CORRUPT, "zip: the data goes beyond the end of the archive")
    if record.method == STORED or not held.size:  # nothing deflated to nothing: for readers an empty file
        entry.window = held
    else:
        try:
            entry.stream = stream(Packed(held, record.method, flags, record.size))
        except NotExamined as error:
            entry.refusal = Refusal(error.reason, str(error))


def _marked(entry: Entry, flags: int) -> None:
    """Loaders that ignore such a mark load the bytes as they are, so they are examined as they are."""
    if entry.window is None and entry.stream is None:
        return
    if flags & _ENCRYPTED:
        entry.refusal = Refusal(GapReason.ENCRYPTED, "zip: marked as encrypted; the bytes are read as they are")
    else:
        entry.refusal = Refusal(GapReason.UNSUPPORTED, "zip: marked as a patch; the bytes are read as they are")


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
