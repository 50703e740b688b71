"""The sections of an ELF file: what linkers and tools go by. Loaders do not, so nothing that decides is read here.

https://gabi.xinuos.com/elf/03-sheader.html
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.elf_header import ElfHeader, Reader

SECTIONS = 300_000
"""Sections of one file: an object file may have several for each function."""
NAMES = 2**25
"""Bytes of all their names."""
_NOBITS = 8
_EXTENDED = 0xFFFF


class Section(NamedTuple):
    """A section that has bytes in the file; offset and size are in bytes."""

    name: bytes
    offset: int
    size: int


def read(read_at: Reader, header: ElfHeader, size: int) -> tuple[Section, ...]:
    """The sections of a file of `size` bytes; FormatError for a table that contradicts itself, NotExamined if too long.

    The name of one that lies outside of the table of names is empty.
    """
    if not header.sections:
        return ()
    if header.sections > SECTIONS:
        raise NotExamined(GapReason.TOO_MANY, f"{header.sections} sections, more than {SECTIONS}")
    row = Struct(header.sign + ("LLQQQQLLQQ" if header.wide else "LLLLLLLLLL"))
    table = read_at(header.sections_at, header.sections * row.size)
    if header.section_size != row.size or len(table) < header.sections * row.size:
        raise FormatError("its section headers are not whole")
    rows = list(row.iter_unpack(table))
    names = _names(read_at, rows, header.names)
    found = []
    for name, kind, _, _, offset, length, *_ in rows:
        if kind not in (0, _NOBITS):
            if offset + length > size:
                raise FormatError("a section reaches out of the file")
            found.append(Section(names[name : names.find(b"\0", name)] if name < len(names) else b"", offset, length))
    return tuple(found)


def _names(read_at: Reader, rows: list[tuple[int, ...]], index: int) -> bytes:
    if index == _EXTENDED:
        index = rows[0][6]
    if index >= len(rows):
        raise FormatError("the names of its sections lie in none of them")
    size = rows[index][5]
    if size > NAMES:
        raise NotExamined(GapReason.TOO_LARGE, f"names of sections of {size} bytes, more than {NAMES}")
    return read_at(rows[index][4], size)
