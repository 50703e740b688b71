"""A bare cubin: machine code for one CUDA architecture, as an ELF file of its own.

Two layouts, told apart by EI_OSABI and EI_ABIVERSION; both were compared with what cuobjdump 13.5 says.
"""

from __future__ import annotations

from gate.archive.source import Source
from gate.formats import elf_sections
from gate.formats.elf_header import ElfHeader

_OLD, _NEW = (0x33, 7), (0x41, 8)
_OLD_ACCELERATED = 0x800
_COMPAT = b".nv.compat"
_ACCELERATED = 9
"""Attribute EICOMPAT_ATTR_CUDA_ACCELERATOR_TARGET."""
_SIZED = 4
"""The format of an attribute whose value has a length of its own: EIFMT_SVAL."""


def target(source: Source, header: ElfHeader) -> tuple[int, str] | None:
    """Architecture and suffix, as 90 and a; f is not written into a bare cubin. None for an unknown layout.

    Raises FormatError where its sections contradict each other.
    """
    if header.abi == _NEW:
        return header.flags >> 8 & 0xFF, "a" if _accelerated(source, header) else ""
    if header.abi[0] == _OLD[0] and header.abi[1] <= _OLD[1]:
        return header.flags & 0xFF, "a" if header.flags & _OLD_ACCELERATED else ""
    return None


def _accelerated(source: Source, header: ElfHeader) -> bool:
    for section in elf_sections.read(source.read_at, header, source.size):
        if section.name == _COMPAT:
            data, at = source.read_at(section.offset, min(section.size, 2**16)), 0
            while at + 4 <= len(data):
                kind, attribute, value = data[at], data[at + 1], int.from_bytes(data[at + 2 : at + 4], "little")
                if attribute == _ACCELERATED and kind != _SIZED:
                    return bool(value)
                at += 4 + (value if kind == _SIZED else 0)
    return False
