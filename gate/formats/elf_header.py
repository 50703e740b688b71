"""The headers of an ELF file: what kind it is, and whether the file is as long as they say.

Parsers are lenient with files that were cut off, and then see a library that needs nothing. Layout:
https://gabi.xinuos.com/elf/02-eheader.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

Reader: TypeAlias = Callable[[int, int], bytes]
"""Bytes at an offset: at most as many as were asked for."""

REL, EXEC, DYN, CORE = 1, 2, 3, 4
SEGMENTS = 1000
"""Program headers; linkers write about ten, and parsers stop somewhere."""
LOAD, DYNAMIC, INTERP, NOTE = 1, 2, 3, 4
_X = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """One program header; offsets, addresses, sizes and alignment in bytes."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int
    memory: int
    align: int = 0


@dataclass(frozen=True, slots=True)
class ElfHeader:
    """`type` and `machine` as in the file, `bits` 32 or 64, `order` little or big.

    `sections` is the number of section headers, `end` the offset behind the last byte that a header speaks of.
    `sections_at`, `section_size` and `names` say where the section headers lie, how large each is and which of them
    holds the names. `abi` are the bytes for the system and its version, `flags` those of the machine.
    """

    type: int
    machine: int
    bits: int
    order: str
    segments: tuple[Segment, ...]
    sections: int
    end: int
    sections_at: int = 0
    section_size: int = 0
    names: int = 0
    abi: tuple[int, int] = (0, 0)
    flags: int = 0

    @property
    def wide(self) -> bool:
        return self.bits == 64

    @property
    def sign(self) -> str:
        """The byte order as struct spells it."""
        return "<" if self.order == "little" else ">"

    @property
    def stripped_of_code(self) -> bool:
        """Whether this is the companion of a library that holds its debug information: there is nothing to run."""
        code = [s for s in self.segments if s.kind == LOAD and s.flags & _X]
        dynamic = [s for s in self.segments if s.kind == DYNAMIC]
        return bool(code) and not any(s.size for s in (*code, *dynamic))


def read(read_at: Reader) -> ElfHeader:
    """The headers; FormatError for what is no ELF file, NotExamined for one with too many program headers."""
    ident = read_at(0, 64)
    if ident[:4] != b"\x7fELF" or len(ident) < 52:
        raise FormatError("is shorter than an ELF header")
    bits, order = {1: 32, 2: 64}.get(ident[4], 0), {1: "little", 2: "big"}.get(ident[5], "")
    if not bits or not order or (bits == 64 and len(ident) < 64):
        raise FormatError("its ELF header is for no known class or byte order")
    sign = "<" if order == "little" else ">"
    fields = struct.unpack_from(sign + ("HHLQQQLHHHHHH" if bits == 64 else "HHLLLLLHHHHHH"), ident, 16)
    kind, machine, _, _, programs, sections, flags, _, program_size, program_count, section_size, count, names = fields
    if sections and not count:
        count = _many(read_at(sections, section_size), sign, bits)
    end = max(sections + section_size * count if sections else 0, programs + program_size * program_count)
    more = (sections, section_size, names, (ident[7], ident[8]), flags)
    if kind in (REL, CORE):  # their segments, if any, are no map of the file
        return ElfHeader(kind, machine, bits, order, (), count, end if kind == REL else 0, *more)
    if program_count > SEGMENTS:
        raise NotExamined(GapReason.TOO_MANY, f"{program_count} program headers, more than {SEGMENTS}")
    found = _segments(read_at(programs, program_size * program_count), program_size, program_count, sign, bits)
    end = max((end, *(s.offset + s.size for s in found if s.kind and s.size)))
    return ElfHeader(kind, machine, bits, order, found, count, end, *more)


def _many(section: bytes, sign: str, bits: int) -> int:
    """The number of sections when it does not fit into 16 bits: the size of the first."""
    shape, at = ("Q", 32) if bits == 64 else ("L", 20)
    if len(section) < at + struct.calcsize(sign + shape):
        return 1  # the table begins at or behind the end of the file, and `end` says so
    size: int = struct.unpack_from(sign + shape, section, at)[0]
    return size


def _segments(table: bytes, size: int, count: int, sign: str, bits: int) -> tuple[Segment, ...]:
    shape = sign + ("LLQQQQQQ" if bits == 64 else "LLLLLLLL")
    if not count:
        return ()
    if size != struct.calcsize(shape):
        raise FormatError(f"its program headers have {size} bytes each")
    found = []
    for at in range(0, len(table) - size + 1, size):
        values = struct.unpack_from(shape, table, at)
        if bits == 64:
            kind, flags, offset, address, _, in_file, memory, align = values
        else:
            kind, offset, address, _, in_file, memory, flags, align = values
        found.append(Segment(kind, flags, offset, address, in_file, memory, align))
    return tuple(found)
