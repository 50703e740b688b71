"""What a loader reads of an ELF library or program: by segments, never by sections, and only the bytes it takes.

https://gabi.xinuos.com/elf/, and for the flags of GNU tools `elf/elf.h` of glibc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gate.archive.source import Source
from gate.formats import elf_dynamic as dt
from gate.formats import elf_notes, elf_symbols
from gate.formats.elf_dynamic import Dynamic, Version
from gate.formats.elf_header import DYN, DYNAMIC, EXEC, INTERP, LOAD, ElfHeader
from gate.formats.elf_mapped import Mapped
from gate.formats.elf_notes import Notes
from gate.formats.elf_symbols import Symbol

_STACK, _RELRO = 0x6474E551, 0x6474E552
_X, _W = 1, 2
_DF_TEXTREL, _DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 4, 8, 1, 0x08000000


@dataclass(frozen=True, slots=True)
class Elf:
    """A library or program. `type` is shared or executable; names as they stand there, escapes where not UTF-8.

    `rpath` and `runpath` are the entries of the dynamic table, each a list with colons. `hardening` are words for what
    protects it, `traits` for what weakens it: exec-stack, no-stack-header, writable-code, text-relocations, no-relro.
    """

    type: str
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    needs: tuple[Version, ...]
    defines: tuple[Version, ...]
    notes: Notes
    hardening: tuple[str, ...]
    traits: tuple[str, ...]


class Reader:
    """One file whose headers were read and found to be what loaders see; symbols are read when they are asked for."""

    __slots__ = ("_dynamic", "_mapped", "header")

    def __init__(self, source: Source, header: ElfHeader) -> None:
        self.header = header
        self._mapped = Mapped(source, header)
        self._dynamic = Dynamic(self._mapped)

    def read(self) -> Elf:
        """All but the symbols; FormatError for tables that contradict each other, NotExamined beyond bounds."""
        dynamic = self._dynamic
        traits, hardening = _traits(self.header, dynamic)
        return Elf(
            type="executable" if _executable(self.header, dynamic) else "shared",
            soname=next(iter(dynamic.names(dt.SONAME)), ""),
            needed=dynamic.names(dt.NEEDED),
            rpath=dynamic.names(dt.RPATH),
            runpath=dynamic.names(dt.RUNPATH),
            needs=dynamic.needs(),
            defines=dynamic.defines(),
            notes=elf_notes.read(self._mapped),
            hardening=tuple(sorted(hardening)),
            traits=tuple(traits),
        )

    def imports(self) -> Iterator[Symbol]:
        """What others must define."""
        return elf_symbols.imports(self._mapped, self._dynamic)

    def exports(self) -> Iterator[Symbol]:
        """What it defines for others."""
        return elf_symbols.exports(self._mapped, self._dynamic)


def _executable(header: ElfHeader, dynamic: Dynamic) -> bool:
    pie = bool(dynamic.get(dt.FLAGS_1) & _DF_1_PIE) or any(s.kind == INTERP for s in header.segments)
    return header.type == EXEC or pie


def _traits(header: ElfHeader, dynamic: Dynamic) -> tuple[list[str], list[str]]:
    """What weakens a library, and what protects it."""
    flags, one = dynamic.get(dt.FLAGS), dynamic.get(dt.FLAGS_1)
    traits, hardening = [], []
    if any(s.kind == LOAD and s.flags & (_W | _X) == _W | _X for s in header.segments):
        traits.append("writable-code")
    if dt.TEXTREL in dynamic or flags & _DF_TEXTREL:
        traits.append("text-relocations")
    stack = [s.flags for s in header.segments if s.kind == _STACK]
    if not stack:
        traits.append("no-stack-header")
    elif stack[-1] & _X:  # loaders go by the last one
        traits.append("exec-stack")
    else:
        hardening.append("nx")
    if any(s.kind == _RELRO for s in header.segments):
        now = dt.BIND_NOW in dynamic or flags & _DF_BIND_NOW or one & _DF_1_NOW
        hardening.append("relro-full" if now else "relro-partial")
    elif any(s.kind == DYNAMIC for s in header.segments):
        traits.append("no-relro")
    if header.type == DYN and _executable(header, dynamic):
        hardening.append("pie")
    return traits, hardening
