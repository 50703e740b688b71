"""The end records of a zip: where the central directory lies, and for whom.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gate.archive.member import TAIL, Remark
from gate.archive.source import Source
from gate.core.errors import FormatError

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_RECORD = 46
"""Bytes of the smallest central directory record."""
_FULL64, _FULL32, _FULL16 = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF, 0xFFFF
_FULL = (_FULL16, _FULL32, _FULL32)
_FIRST = frozenset((0, _FULL16))
"""Numbers of the one disk that there is: the other one says that it stands in the zip64 end record."""
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")
_BEGINS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06")


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies.

    `shift` is what stands before the archive, in bytes, or less than 0 where bytes are missing; `end` where the end
    record ends; `mask`: bits of `count`.
    """

    count: int
    start: int
    size: int
    shift: int
    end: int
    mask: int
    remarks: tuple[Remark, ...]


def may_end_here(tail: bytes) -> bool:
    """Whether the last bytes of a file hold the signature of an end record: a reason to call is_at_end()."""
    return b"PK\x05\x06" in tail


def is_at_end(source: Source) -> bool:
    """Whether a file that begins as something else is a zip as well: loaders look for the end record."""
    try:
        directory = find(source)
    except FormatError:
        return False
    return source.read_at(directory.start, 4) == b"PK\x01\x02"


def is_likely(tail: bytes, size: int) -> bool:
    """Whether the last bytes of a file of `size` bytes, all that is left of it, hold an end record that makes sense."""
    for i in _spots(tail):
        if len(tail) - i >= _END.size:
            n = _END.unpack_from(tail, i)[5]
            if n == _FULL32 or _RECORD <= n <= size - len(tail) + i:
                return True
    return False


def extent(source: Source) -> tuple[int, int]:
    """Where the first entry may begin at the earliest, and the end of the end record."""
    directory = find(source)
    return directory.shift, directory.end


def find(source: Source) -> Directory:
    """Where zipfile and PyTorch look: the last end record, whatever its comment; other readers' is remarked upon."""
    tail_at = max(source.size - TAIL, 0)
    tail = source.read_at(tail_at, TAIL)
    spots = [i for i in _spots(tail) if len(tail) - i >= _END.size]
    if not spots:
        raise FormatError("zip: no end of central directory; the archive is cut off or damaged")
    exact = [i for i in spots if i + _END.size + _comment(tail, i) == len(tail)]
    remarks = _behind(tail[spots[-1] + _END.size :], _comment(tail, spots[-1]))
    if len(exact) > 1 or (exact and exact[-1] != spots[-1]):
        remarks.append(Remark("archive.ambiguous-directory", f"{len(spots)} end records"))
    at = tail_at + spots[-1]
    _, *disks, here, count, size, start, _ = _END.unpack_from(tail, spots[-1])
    mask, end, one = _FULL16, at, here == count and _FIRST.issuperset(disks)
    large, pointed = _ends64(source, at)
    if large:
        small, found = (count, size, start), large[0]
        count, size, start, end, mask = found.entries, found.size, found.start, found.at, _FULL64
        one = one and found.one
        if len(large) > 1 or any(a not in (b, full) for a, b, full in zip(small, found, _FULL, strict=False)):
            remarks.append(Remark("archive.ambiguous-directory", "the end records disagree"))
        elif (
            end + found.length != at - _LOCATOR64.size
            or found.length != _END64.size
            or pointed not in (end, start + size)  # the latter where something was put in front of the archive
        ):
            remarks.append(Remark("archive.ambiguous-directory", "the zip64 end record is not where readers look"))
    if not one:
        remarks.append(Remark("archive.multi-disk"))
    shift = end - size - start
    if size > end:
        raise FormatError(f"zip: central directory of {size} bytes does not fit before byte {end}")
    if shift < 0 or (shift and source.read_at(start, 4) == b"PK\x01\x02"):
        remarks.append(Remark("archive.ambiguous-directory", f"one at byte {start}, one at byte {start + shift}"))
    if shift > 0 or source.read_at(0, 4) not in _BEGINS:
        remarks.append(Remark("archive.data-before-zip", f"{shift} bytes" if shift > 0 else "data"))
    return Directory(count, start + shift, size, shift, at + _END.size, mask, tuple(remarks))


def _behind(rest: bytes, comment: int) -> list[Remark]:
    """What stands behind the end record: a comment is text, padding is zeros, anything else was hidden there."""
    text, more = rest[:comment], rest[comment:]
    if more.strip(b"\0"):
        return [Remark("archive.trailing-data", f"{len(more)} bytes")]
    if _CONTROL.search(text):
        return [Remark("archive.trailing-data", f"a comment of {len(text)} bytes that is no text")]
    return []


def _spots(tail: bytes) -> Iterator[int]:
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        yield at
        at = tail.find(b"PK\x05\x06", at + 1)


def _comment(tail: bytes, at: int) -> int:
    return int.from_bytes(tail[at + 20 : at + 22], "little")


class _Large(NamedTuple):
    """A zip64 end record at byte `at`; `one`: it says that all lies on one disk."""

    entries: int
    size: int
    start: int
    at: int
    length: int
    one: bool


def _ends64(source: Source, at: int) -> tuple[list[_Large], int]:
    """The zip64 end record (4.3.14) before the end record at byte `at`, and where its locator (4.3.15) points.

    Readers take it before the plain one, whatever that says; some look just before the locator, others where it points.
    """
    locator = source.read_at(at - _LOCATOR64.size, _LOCATOR64.size)
    if not locator.startswith(b"PK\x06\x07") or len(locator) < _LOCATOR64.size:
        return [], at
    _, disk, pointed, disks = _LOCATOR64.unpack(locator)
    found = []
    for end in dict.fromkeys((at - _LOCATOR64.size - _END64.size, pointed)):
        record = source.read_at(end, _END64.size)
        if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
            _, length, _, _, this, first, here, count, size, start = _END64.unpack(record)
            one = here == count and this == first == disk == 0 and disks <= 1  # 0 is written by some
            found.append(_Large(count, size, start, end, length + 12, one))
    if not found:
        raise FormatError("zip: no zip64 end record where its locator points")
    return found, pointed
