"""Notes of an ELF file: which build it is, and which level of the processor it wants.

https://gabi.xinuos.com/elf/07-pheader.html#note-section, and the x86-64 psABI, section "Program property"
(https://gitlab.com/x86-psABIs/x86-64-ABI).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

from gate.formats.elf_header import NOTE, Segment
from gate.formats.elf_mapped import Mapped

_BUILD_ID, _PROPERTY = 3, 5
_GNU_PROPERTY = 0x6474E553
_ISA_NEEDED, _ISA_USED = 0xC0008002, 0xC0010002
_LEVELS = ("x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")
_BYTES = 2**16
"""Bytes of one segment of notes; linkers write some hundred."""
_SEGMENTS = 16
_ID = 64
"""Bytes of a build id; the longest hash that linkers use has 32."""


@dataclass(frozen=True, slots=True)
class Notes:
    """`build_id` in hexadecimal digits; levels of x86-64 as compilers name them; "" where nothing is said."""

    build_id: str = ""
    isa_needed: str = ""
    isa_used: str = ""


def read(mapped: Mapped) -> Notes:
    """The notes; what is damaged ends their segment, as in loaders."""
    build_id, needed, used = "", 0, 0
    segments = [s for s in mapped.header.segments if s.kind in (NOTE, _GNU_PROPERTY)][:_SEGMENTS]
    for segment in segments:
        for kind, data in _notes(mapped, segment):
            if kind == _BUILD_ID and 0 < len(data) <= _ID:
                build_id = build_id or data.hex()
            elif kind == _PROPERTY:
                for number, value in _properties(mapped, data):
                    needed |= value if number == _ISA_NEEDED else 0
                    used |= value if number == _ISA_USED else 0
    return Notes(build_id, _level(needed), _level(used))


def _notes(mapped: Mapped, segment: Segment) -> Iterator[tuple[int, bytes]]:
    """Kind and description of each note of GNU."""
    data = mapped.source.read_at(segment.offset, min(segment.size, _BYTES))
    align, at = 8 if segment.align == 8 else 4, 0
    while at + 12 <= len(data):
        name_size, size, kind = unpack_from(mapped.header.sign + "LLL", data, at)
        name = at + 12
        start = -(-(name + name_size) // align) * align
        if start + size > len(data):
            return
        if data[name : name + name_size] == b"GNU\0":
            yield kind, data[start : start + size]
        at = -(-(start + size) // align) * align


def _properties(mapped: Mapped, data: bytes) -> Iterator[tuple[int, int]]:
    align, at = 8 if mapped.header.wide else 4, 0
    while at + 8 <= len(data):
        kind, size = unpack_from(mapped.header.sign + "LL", data, at)
        if size == 4 and at + 12 <= len(data):
            yield kind, unpack_from(mapped.header.sign + "L", data, at + 8)[0]
        at += -(-(8 + size) // align) * align


def _level(bits: int) -> str:
    return next((name for i, name in reversed(list(enumerate(_LEVELS))) if bits >> i & 1), "")
