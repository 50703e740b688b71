"""The symbols that an ELF file takes from other libraries and gives to them, as a loader finds them.

How many there are is nowhere said: it follows from the tables through which loaders reach them, which are hash tables
and relocations. https://gabi.xinuos.com/elf/05-symtab.html, https://flapenguin.me/elf-dt-gnu-hash
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import NamedTuple

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import elf_dynamic as dt
from gate.formats.elf_dynamic import Dynamic, Version
from gate.formats.elf_mapped import Mapped

SYMBOLS = 1_000_000
"""Symbols of one library; the largest of PyTorch has 75,000."""
RELOCATIONS = 4_000_000
"""Relocations that name a symbol, and entries of a hash table."""
NAME = 2**20
"""Bytes of one name: those of C++ templates get long."""
NAMES = 2**27
"""Bytes of all names that are taken."""
_CHUNK = 2**16
_LOCAL, _WEAK, _HIDDEN = 0, 2, 0x8000
_ALPHA, _S390, _MIPS = 0x9026, 22, 8


class Symbol(NamedTuple):
    """One symbol. `library` is where an import's version comes from, "" for none; `weak` imports may be missing.

    `default`: whether an export answers also to who asks for no version.
    """

    name: str
    version: str
    library: str
    weak: bool
    default: bool


def imports(mapped: Mapped, dynamic: Dynamic) -> Iterator[Symbol]:
    """What others must define; FormatError for tables that disagree, NotExamined for too many."""
    yield from _symbols(mapped, dynamic, defined=False)


def exports(mapped: Mapped, dynamic: Dynamic) -> Iterator[Symbol]:
    """What it defines for others; raises as imports()."""
    yield from _symbols(mapped, dynamic, defined=True)


def _symbols(mapped: Mapped, dynamic: Dynamic, *, defined: bool) -> Iterator[Symbol]:
    total = count(mapped, dynamic)
    if not total:
        return
    wide = mapped.header.wide
    row = Struct(mapped.header.sign + ("LBBHQQ" if wide else "LLLBBH"))
    versions = {v.index: v for v in (*dynamic.defines(), *dynamic.needs())}
    strings, table, versym = dynamic.strings(NAMES), dynamic.get(dt.SYMTAB), dynamic.get(dt.VERSYM)
    for start in range(0, total, _CHUNK):
        n = min(_CHUNK, total - start)
        mapped.source.tick()
        data = mapped.take(table + start * row.size, n * row.size)
        column = memoryview(data).cast("H")[3::12] if wide else memoryview(data).cast("H")[7::8]
        picked = [i for i, section in enumerate(column) if bool(section) is defined]
        numbers = mapped.words(versym + 2 * start, n, "H") if versym and picked else None
        for i in picked:
            fields = row.unpack_from(data, i * row.size)
            name, binding = fields[0], (fields[1] if wide else fields[3]) >> 4
            if not name or binding == _LOCAL:
                continue
            number = numbers[i] if numbers is not None else 1
            version, library = _version(number & 0x7FFF, versions)
            yield Symbol(strings.at(name, NAME), version, library, binding == _WEAK, not number & _HIDDEN)


def _version(index: int, versions: Mapping[int, Version]) -> tuple[str, str]:
    found = versions.get(index)
    if found is None:
        if index > 1:
            raise FormatError("a symbol has a version that is defined nowhere")
        return "", ""
    return found.name, found.library


# -- how many there are -----------------------------------------------------------------------------------------------


def count(mapped: Mapped, dynamic: Dynamic) -> int:
    """Symbols in the table, the first, empty one counted; NotExamined for more than SYMBOLS."""
    if dt.SYMTAB not in dynamic:
        return 0
    hashed = max(_gnu_hash(mapped, dynamic), _hash(mapped, dynamic))
    if mapped.header.machine == _MIPS:
        found = max(hashed, dynamic.get(dt.MIPS_SYMTABNO))
    else:
        found = max(hashed or _extent(mapped, dynamic), *_relocated(mapped, dynamic))
    if found > SYMBOLS:
        raise NotExamined(GapReason.TOO_MANY, f"{found} symbols, more than {SYMBOLS}")
    return found


def _hash(mapped: Mapped, dynamic: Dynamic) -> int:
    """The table of the System V ABI has a link for each symbol; its words have eight bytes on two machines."""
    if dt.HASH not in dynamic:
        return 0
    wide = mapped.header.wide and mapped.header.machine in (_ALPHA, _S390)
    return mapped.unpack("QQ" if wide else "LL", dynamic.get(dt.HASH))[1]


def _gnu_hash(mapped: Mapped, dynamic: Dynamic) -> int:
    """The end of the chain that begins last; 0 where the table holds nothing."""
    if dt.GNU_HASH not in dynamic:
        return 0
    at = dynamic.get(dt.GNU_HASH)
    buckets, first, bloom, _ = mapped.unpack("LLLL", at)
    _bound(buckets)
    at += 16 + bloom * (8 if mapped.header.wide else 4)
    last = max(mapped.words(at, buckets), default=0) if buckets else 0
    if not last:
        return 0
    if last < first:
        raise FormatError("its hash table begins before its first symbol")
    at += 4 * buckets + 4 * (last - first)
    while True:
        n = min(1024, mapped.place(at)[1] // 4)
        if not n:
            raise FormatError("its hash table has no end")
        for word in mapped.words(at, n):
            last += 1
            if word & 1:
                return last
        at += 4 * n
        _bound(last)


def _extent(mapped: Mapped, dynamic: Dynamic) -> int:
    """Without a hash: up to the next table, which linkers put right behind it."""
    start = dynamic.get(dt.SYMTAB)
    tags = (dt.STRTAB, dt.HASH, dt.GNU_HASH, dt.VERSYM, dt.VERNEED, dt.VERDEF, dt.RELA, dt.REL, dt.JMPREL)
    behind = [dynamic.get(tag) for tag in tags if dynamic.get(tag) > start]
    room = mapped.place(start)[1]
    return min([room, *(at - start for at in behind)]) // (24 if mapped.header.wide else 16)


def _relocated(mapped: Mapped, dynamic: Dynamic) -> Iterator[int]:
    """One more than the highest symbol of each table of relocations: nothing else reaches an import."""
    wide = mapped.header.wide
    with_addend, without = (24, 16) if wide else (12, 8)
    plt = with_addend if dynamic.get(dt.PLTREL) == dt.RELA else without
    yield 0
    for table, length, size, relative in (
        (dt.RELA, dt.RELASZ, with_addend, dt.RELACOUNT),
        (dt.REL, dt.RELSZ, without, dt.RELCOUNT),
        (dt.JMPREL, dt.PLTRELSZ, plt, -1),
    ):
        entries = dynamic.get(length) // size if table in dynamic else 0
        skipped = min(dynamic.get(relative), entries)  # as glibc does: these come first and have no symbol
        _bound(entries - skipped)
        for start in range(skipped, entries, _CHUNK):
            n = min(_CHUNK, entries - start)
            words = mapped.words(dynamic.get(table) + start * size, n * size // 4)
            high = 3 if mapped.header.order == "little" else 2
            highest = max(words[high :: size // 4]) if wide else max(words[1 :: size // 4]) >> 8
            yield highest + 1
            mapped.source.tick()


def _bound(n: int) -> None:
    if n > RELOCATIONS:
        raise NotExamined(GapReason.TOO_MANY, f"a table of {n} entries, more than {RELOCATIONS}")
