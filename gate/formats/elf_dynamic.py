"""What a loader is told by the dynamic table of an ELF file: names, flags, and which symbol versions it needs.

https://gabi.xinuos.com/elf/08-dynamic.html, and for symbol versions
https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import iter_unpack

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.elf_header import DYNAMIC
from gate.formats.elf_loading import ENTRIES
from gate.formats.elf_mapped import Mapped, Strings

NEEDED, HASH, STRTAB, SYMTAB, RELA, RELASZ, STRSZ, SONAME, RPATH = 1, 4, 5, 6, 7, 8, 10, 14, 15
REL, RELSZ, PLTRELSZ, PLTREL, TEXTREL, JMPREL, BIND_NOW, RUNPATH, FLAGS = 17, 18, 2, 20, 22, 23, 24, 29, 30
GNU_HASH, VERSYM, RELACOUNT, RELCOUNT, FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFF9, 0x6FFFFFFA, 0x6FFFFFFB
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM, MIPS_SYMTABNO = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF, 0x70000011

ITEMS = 4096
"""Symbol versions; the library of PyTorch with the most has 60, and glibc's own C library defines 50."""
TEXT = 4096
"""Bytes of one name, as in a path of Linux."""
NAMES = 2**20
"""Bytes of all of them together."""
_WEAK, _BASE = 2, 1


@dataclass(frozen=True, slots=True)
class Version:
    """A symbol version that a file needs of a library or, with library "", defines.

    `index` is its number in the table that gives each symbol its version. `weak`: it may be missing.
    """

    library: str
    name: str
    weak: bool
    index: int


class Dynamic:
    """The dynamic table: empty for a file without one. Of two entries of one kind the last counts, as in loaders."""

    __slots__ = ("_last", "_mapped", "_rows", "_strings")

    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._rows = tuple(_rows(mapped))
        self._last = dict(self._rows)
        self._strings = self.strings(NAMES) if STRTAB in self._last else None

    def get(self, tag: int, default: int = 0) -> int:
        return self._last.get(tag, default)

    def __contains__(self, tag: int) -> bool:
        return tag in self._last

    def strings(self, most: int) -> Strings:
        """Its string table; FormatError where there is none."""
        if STRTAB not in self._last or STRSZ not in self._last:
            raise FormatError("its dynamic table has no string table")
        return Strings(self._mapped, self._last[STRTAB], self._last[STRSZ], most)

    def name(self, index: int) -> str:
        if self._strings is None:
            raise FormatError("its dynamic table has no string table")
        return self._strings.at(index, TEXT)

    def names(self, tag: int) -> tuple[str, ...]:
        """The names of all entries of one kind, in order."""
        return tuple(self.name(value) for kind, value in self._rows if kind == tag)

    def needs(self) -> tuple[Version, ...]:
        """The symbol versions that other libraries must have."""
        found: list[Version] = []
        at, libraries = self.get(VERNEED), 0
        while VERNEED in self._last:
            version, count, file, first, behind = self._mapped.unpack("HHLLL", at)
            if version != 1:
                raise FormatError("needs symbol versions of an unknown layout")
            library, libraries = self.name(file), libraries + 1
            found += self._of(library, at + first, count)
            _bound(len(found) + libraries)
            if not behind:
                break
            at += behind
        self._counted(libraries, VERNEEDNUM)
        return tuple(found)

    def _of(self, library: str, at: int, count: int) -> Iterator[Version]:
        for n in range(count):
            _, flags, index, name, behind = self._mapped.unpack("LHHLL", at)
            yield Version(library, self.name(name), bool(flags & _WEAK), index & 0x7FFF)
            _bound(n)
            if bool(behind) != (n + 1 < count):  # loaders follow the chain, other readers the count
                raise FormatError("needs another number of symbol versions than it says")
            at += behind

    def defines(self) -> tuple[Version, ...]:
        """The symbol versions that it has itself, without the one that is its own name."""
        found: list[Version] = []
        at, seen = self.get(VERDEF), 0
        while VERDEF in self._last:
            version, flags, index, count, _, first, behind = self._mapped.unpack("HHHHLLL", at)
            if version != 1 or not count:
                raise FormatError("defines symbol versions of an unknown layout")
            name = self.name(self._mapped.unpack("L", at + first)[0])
            seen += 1
            if not flags & _BASE:
                found.append(Version("", name, bool(flags & _WEAK), index & 0x7FFF))
            _bound(seen)
            if not behind:
                break
            at += behind
        self._counted(seen, VERDEFNUM)
        return tuple(found)

    def _counted(self, n: int, tag: int) -> None:
        if n != self.get(tag):
            raise FormatError(f"has {n} tables of symbol versions, and says {self.get(tag)}")


def _bound(n: int) -> None:
    if n > ITEMS:
        raise NotExamined(GapReason.TOO_MANY, f"more than {ITEMS} symbol versions")


def _rows(mapped: Mapped) -> Iterator[tuple[int, int]]:
    header = mapped.header
    for segment in header.segments:
        if segment.kind == DYNAMIC:
            size = 16 if header.wide else 8
            data = mapped.take(segment.address, min(segment.size, (ENTRIES + 1) * size) // size * size)
            for tag, value in iter_unpack(header.sign + ("QQ" if header.wide else "LL"), data):
                if not tag:
                    return
                yield tag, value
