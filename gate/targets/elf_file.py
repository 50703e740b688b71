"""What an ELF file is to whom it was sent: its headers, what a loader takes, and the code for GPUs inside of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gate.archive.source import Source
from gate.formats import binaries, cubin, device_code, elf_header, elf_loading
from gate.formats.device_code import NONE, DeviceCode, Kind
from gate.formats.elf import Elf, Reader
from gate.formats.elf_header import CORE, DYN, EXEC, REL, ElfHeader
from gate.formats.elf_symbols import Symbol
from gate.targets import tables

_KINDS = {REL: "object", CORE: "core", EXEC: "", DYN: ""}


@dataclass(frozen=True, slots=True)
class ElfFile:
    """`type` as in native.library; `elf` is there for what a loader takes and sees as a reader does.

    `size` is that of the file, in bytes: one that is shorter than `header.end` was not looked into. `misleading` says
    in what a loader sees another file. `hardening` and `machine` are words of the tables.
    """

    header: ElfHeader
    size: int
    machine: str
    type: str
    misleading: str = ""
    elf: Elf | None = None
    hardening: tuple[str, ...] = ()
    device: DeviceCode = NONE


def read(source: Source) -> ElfFile:
    """The whole file; FormatError where its tables contradict each other, NotExamined beyond the readers' bounds."""
    header = elf_header.read(source.read_at)
    machine = tables.machine(binaries.ELF, header.machine, header.order)
    kind = _unloaded(header, machine)
    if header.end > source.size:
        return ElfFile(header, source.size, machine, kind)
    if kind:
        return ElfFile(header, source.size, machine, kind, device=_device(source, header, kind, machine))
    difference = elf_loading.difference(source.read_at, header)
    if difference:
        return ElfFile(header, source.size, machine, "shared", difference)
    reader = Reader(source, header)
    elf = reader.read()
    hardening = tuple(sorted({*elf.hardening, *_compiled(reader.imports())}))
    device = device_code.in_elf(source, header)
    return ElfFile(header, source.size, machine, elf.type, "", elf, hardening, device)


def _unloaded(header: ElfHeader, machine: str) -> str:
    """What is described by its header alone; "" for what a loader takes."""
    if tables.is_device(machine):
        return "device-code"
    return "debug-info" if header.stripped_of_code else _KINDS.get(header.type, "other")


def _device(source: Source, header: ElfHeader, kind: str, machine: str) -> DeviceCode:
    if kind == "object":
        return device_code.in_elf(source, header)
    target = cubin.target(source, header) if machine == "cuda" else None
    if target is None:
        return NONE
    return DeviceCode(((header.type == REL, (Kind("cubin", *target, ""),), 1),))


def _compiled(imports: Iterable[Symbol]) -> set[str]:
    """Words for how it was compiled, by the functions that compilers make it call."""
    patterns = {word: re.compile("|".join(found)) for word, found in tables.hardening().symbols.items()}
    words: set[str] = set()
    for symbol in imports:
        if len(words) == len(patterns):
            break
        words.update(word for word, pattern in patterns.items() if pattern.fullmatch(symbol.name))
    return words
