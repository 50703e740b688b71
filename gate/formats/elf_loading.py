"""Does a loader see the same ELF file as a tool that reads it?

A loader goes by addresses and ends at the first null entry; most tools go by offsets and sizes, and take the first of
two entries where a loader takes the last. A file in which the two differ was made to be misread.
https://gabi.xinuos.com/elf/08-dynamic.html, and in glibc elf/dl-load.c and elf/get-dynamic-info.h.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import pairwise

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.elf_header import DYNAMIC, LOAD, ElfHeader, Reader, Segment

ENTRIES = 1000
"""Entries of a dynamic table: LIEF reads that many and says nothing of the rest; large libraries have 60."""
_PAGE = 4096
_ONCE = {
    5: "STRTAB",
    6: "SYMTAB",
    14: "SONAME",
    15: "RPATH",
    29: "RUNPATH",
    0x6FFFFFFE: "VERNEED",
    0x6FFFFFFF: "VERNEEDNUM",
}


def difference(read_at: Reader, header: ElfHeader) -> str:
    """In what a loader sees another file than a reader, in words; "" for nothing.

    NotExamined `too-many` for a dynamic table of more than ENTRIES entries.
    """
    dynamics = [s for s in header.segments if s.kind == DYNAMIC]
    if not dynamics:
        return ""
    if len(dynamics) > 1:
        return "it has two dynamic segments"
    loads = [s for s in header.segments if s.kind == LOAD]
    if _overlap(loads):
        return "segments are loaded over each other"
    dynamic = dynamics[0]
    holds = [s for s in loads if s.address <= dynamic.address < s.address + s.size]
    if not any(dynamic.address - s.address + s.offset == dynamic.offset for s in holds):
        return "its dynamic segment is not where it is loaded from"
    return _table(read_at, header, dynamic)


def _overlap(loads: list[Segment]) -> bool:
    """Whether two segments share bytes in memory, or put different bytes into one page."""
    ordered = sorted((s for s in loads if s.memory), key=lambda s: s.address)
    for one, other in pairwise(ordered):
        end = one.address + one.memory
        page = -(-end // _PAGE) * _PAGE
        congruent = one.address - one.offset == other.address - other.offset
        if other.address < end or (other.address // _PAGE * _PAGE < page and not congruent):
            return True
    return False


def _table(read_at: Reader, header: ElfHeader, dynamic: Segment) -> str:
    shape = ("<" if header.order == "little" else ">") + ("QQ" if header.bits == 64 else "LL")
    size = struct.calcsize(shape)
    data = read_at(dynamic.offset, min(dynamic.size, (ENTRIES + 1) * size))
    tags: Counter[int] = Counter()
    for at in range(0, len(data) - size + 1, size):
        tag = struct.unpack_from(shape, data, at)[0]
        if not tag:
            twice = sorted(name for number, name in _ONCE.items() if tags[number] > 1)
            return f"it has {twice[0]} twice" if twice else ""
        tags[tag] += 1
    if tags.total() > ENTRIES:
        raise NotExamined(GapReason.TOO_MANY, f"a dynamic table of more than {ENTRIES} entries")
    return "its dynamic table goes on behind the end of its segment"
