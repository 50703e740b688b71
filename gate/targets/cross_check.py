"""Do two readers of ELF files say the same? LIEF is asked for what a loader would take and is small enough to copy."""

from __future__ import annotations

from gate.adapters import lief
from gate.adapters.lief_answer import Slice
from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.formats import binaries
from gate.targets import tables
from gate.targets.elf_file import ElfFile

BYTES = 8 * 2**20
"""Size of a file up to which LIEF is asked as well: it takes memory and time of the order of the file's size."""


def ask(source: Source) -> tuple[Slice | None, str]:
    """What LIEF says, or why it refuses; NotExamined when it died, took too long, or is not installed."""
    with lief.library(source) as library:
        try:
            return library.parse(binaries.ELF, tables.hardening().symbols)[0], ""
        except FormatError as error:
            return None, str(error)


def difference(file: ElfFile, part: Slice) -> str:
    """What the two readers disagree about, in words; "" for nothing."""
    elf = file.elf
    assert elf is not None
    versions = sorted({(v.library, v.name, int(v.weak)) for v in elf.needs})
    pairs = (
        ("the needed libraries", elf.needed, part.needed),
        ("the name", elf.soname, part.soname),
        ("the search path", (elf.rpath, elf.runpath), (part.rpath, part.runpath)),
        ("the symbol versions", versions, sorted(set(part.versions))),
        ("the type", file.type, part.type),
        ("what protects it", file.hardening, part.hardening),
        ("what weakens it", set(elf.traits), set(part.traits)),
    )
    return ", ".join(what for what, ours, theirs in pairs if ours != theirs)
