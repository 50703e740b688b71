"""Extra fields of zip headers: sizes of 64 bits, names in Unicode, and whether they add up.

Layout: APPNOTE.TXT 6.3.10, 4.5 and 4.6.9, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import NamedTuple

FULL32, FULL16 = 0xFFFFFFFF, 0xFFFF
_FIELD = struct.Struct("<HH")
_SIZES, _UNICODE_PATH = 0x0001, 0x7075
_ALIGNMENT = 3
"""Zero bytes that zipalign of old Android kits put behind the last field."""
_PAGES = ("cp437", "cp850", "cp852", "cp866", "cp932", "gbk", "cp949", "big5", "cp1250", "cp1251", "cp1252")
"""Code pages of DOS and Windows in which a name may stand beside its spelling in Unicode."""
AMBIGUOUS, MALFORMED = "archive.ambiguous-entry", "archive.malformed-extra"


class Fields(NamedTuple):
    """What the extra fields of one header say; sizes that stand in the header itself are taken over from there."""

    packed: int
    size: int
    offset: int
    disk: int
    rules: tuple[str, ...]


def read(extra: bytes, name: bytes, packed: int, size: int, offset: int = 0, disk: int = 0) -> Fields:
    """The extra fields of a header with these values of its own."""
    rules: dict[str, None] = {}
    seen, unicode = False, False
    sizes = [size, packed, offset, disk]
    wanted = [i for i, value in enumerate(sizes) if value == (FULL16 if i == 3 else FULL32)]
    at = 0
    while at + 4 <= len(extra):
        kind, n = _FIELD.unpack_from(extra, at)
        data = extra[at + 4 : at + 4 + n]
        at += 4 + n
        if kind == _SIZES:
            if seen or not _zip64(data, sizes, wanted):
                rules[AMBIGUOUS] = None
            seen = True
        elif kind == _UNICODE_PATH:
            if unicode or not _same_name(name, data):
                rules[AMBIGUOUS] = None
            unicode = True
    if at != len(extra) and not (at < len(extra) <= at + _ALIGNMENT and not any(extra[at:])):
        rules[MALFORMED] = None
    if not seen and FULL32 in (size, packed, offset):
        rules[AMBIGUOUS] = None  # readers take the mark for the number, or refuse the archive
    return Fields(sizes[1], sizes[0], sizes[2], sizes[3], tuple(rules))


def _zip64(data: bytes, sizes: list[int], wanted: list[int]) -> bool:
    """Put the values of the extended information field (4.5.3) in place; whether it holds exactly those asked for.

    Some tools repeat sizes that fit into the header, or leave them 0 before they know them.
    """
    at = 0
    for i in wanted:
        width = 4 if i == 3 else 8
        if at + width > len(data):
            return i == 3  # that a file begins on a disk that has no number of its own is nothing to readers
        sizes[i] = int.from_bytes(data[at : at + width], "little")
        at += width
    rest = [value for (value,) in struct.iter_unpack("<Q", data[at : at + (len(data) - at) // 8 * 8])]
    known = sizes[max((i for i in wanted if i < 3), default=-1) + 1 : 3]
    return not rest or rest == known[: len(rest)] or (at == 0 and not any(rest))


def _same_name(name: bytes, data: bytes) -> bool:
    """Whether the Unicode path field (4.6.9) spells the name of the header, in whatever code page that is."""
    other = data[5:]
    if other == name:
        return True
    if name.isascii():
        return False
    with suppress(UnicodeDecodeError):
        text = other.decode("utf-8")
        return any(_decoded(name, page) == text for page in _PAGES)
    return False


def _decoded(name: bytes, page: str) -> str | None:
    try:
        return name.decode(page)
    except UnicodeDecodeError:
        return None
