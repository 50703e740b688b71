"""The process that parses native libraries: a script of its own that knows nothing of gate and trusts no byte.

    python -I -S lief_child.py FOLDER DESCRIPTOR MEMORY SECONDS

FOLDER holds the lief package, DESCRIPTOR is the file that is parsed again for each request, MEMORY bounds the address
space in bytes, SECONDS the wall time of one request.

A request on stdin is 4 bytes of length (big-endian) and JSON: {"format": "elf", "symbols": {"canary": ["..."]}}, with
regular expressions of imported symbols. The answer on stdout is the wait status of the process that parsed (4
bytes, signed), 4 bytes of length, and JSON: {"slices": [...]} or {"refused": "why"}. A process is forked for each
request: what one library breaks is gone with it, and lief, which takes a second to import, is imported once.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

ANSWER = 2**20
"""Bytes of an answer; that of the largest library of PyTorch has 5,000."""
_FILES = 32
"""Open descriptors: the standard ones, the file twice, the pipe, and what importing lief needs for a moment."""
_WX = 3
"""Flag bits of a segment that is both executable (1) and writable (2); ELF specification, figure 2-3."""


def main() -> None:
    """Serve until stdin ends, which it does when the parent is gone."""
    folder, fd, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        _limit(kind, most)
    out = os.dup(1)  # what lief prints must not get between the answers
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.path.append(folder)
    warnings.simplefilter("ignore")  # one for each value of an enumeration that lief does not know
    import lief  # under the limits, and from that folder only

    lief.logging.disable()
    while (size := _exactly(0, 4)) and (text := _exactly(0, struct.unpack(">L", size)[0])):
        status, answer = _forked(lief, fd, json.loads(text), seconds, out)
        _write(out, struct.pack(">lL", status, len(answer)) + answer)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):  # macOS has no bound of the address space
        resource.setrlimit(kind, (most, most))


def _exactly(fd: int, n: int) -> bytes:
    """`n` bytes, or none when the other side is gone."""
    data = b""
    while len(data) < n:
        part = os.read(fd, n - len(data))
        if not part:
            return b""
        data += part
    return data


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _forked(lief: Any, fd: int, request: dict[str, Any], seconds: float, out: int) -> tuple[int, bytes]:
    """The wait status of a process of its own, and what it wrote."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        for other in (0, out, reading):
            os.close(other)
        signal.setitimer(signal.ITIMER_REAL, seconds)  # whose default is to end the process, also inside of lief
        _write(writing, json.dumps(_answer(lief, fd, request)).encode()[: ANSWER + 1])
        os._exit(0)
    os.close(writing)
    parts, size = [], 0
    while size <= ANSWER and (part := os.read(reading, 2**16)):
        parts.append(part)
        size += len(part)
    os.close(reading)
    return os.waitpid(pid, 0)[1], b"".join(parts)


def _answer(lief: Any, fd: int, request: dict[str, Any]) -> dict[str, Any]:
    os.lseek(fd, 0, os.SEEK_SET)
    read: Callable[[Any, str, dict[str, Any]], Iterator[dict[str, Any]]] = _FORMATS[request["format"]]
    try:
        slices = list(read(lief, f"/dev/fd/{fd}", request["symbols"]))
    except UnicodeDecodeError:  # lief hands some names over as bytes, and fails on others
        return {"refused": "a name in it is not UTF-8"}
    except MemoryError:
        return {"refused": "memory"}
    return {"slices": slices} if slices else {"refused": "LIEF does not read it"}


def _text(name: Any) -> str:
    """A name as lief hands it over: bytes where it is not UTF-8."""
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)


# -- ELF --------------------------------------------------------------------------------------------------------------


def _elf(lief: Any, path: str, symbols: dict[str, Any]) -> Iterator[dict[str, Any]]:
    config = lief.ELF.ParserConfig()
    config.parse_relocations = config.parse_symtab_symbols = config.parse_overlay = config.parse_notes = False
    binary = lief.ELF.parse(path, config)
    if binary is None:
        return
    entries = list(binary.dynamic_entries)

    def named(kind: Any, field: str) -> list[str]:
        return [_text(getattr(entry, field)) for entry in entries if isinstance(entry, kind)]

    elf = lief.ELF
    traits, hardening = _elf_traits(elf, binary)
    yield {
        "machine": int(binary.header.machine_type),
        "bits": 64 if binary.header.identity_class == elf.Header.CLASS.ELF64 else 32,
        "type": _elf_type(elf, binary),
        "soname": next(iter(named(elf.DynamicSharedObject, "name")), ""),
        "needed": named(elf.DynamicEntryLibrary, "name"),
        "rpath": named(elf.DynamicEntryRpath, "rpath"),
        "runpath": named(elf.DynamicEntryRunPath, "runpath"),
        "versions": [
            [_text(need.name), _text(auxiliary.name), int(bool(auxiliary.flags & 2))]  # VER_FLG_WEAK
            for need in binary.symbols_version_requirement
            for auxiliary in need.get_auxiliary_symbols()
        ],
        "hardening": sorted({*hardening, *_matching(binary.dynamic_symbols, symbols)}),
        "traits": traits,
        "end": 0,
    }


def _elf_type(elf: Any, binary: Any) -> str:
    if int(binary.header.file_type) == 2:  # ET_EXEC
        return "executable"
    one = binary.get(elf.DynamicEntry.TAG.FLAGS_1)
    pie = one is not None and one.has(elf.DynamicEntryFlags.FLAG.PIE)
    return "executable" if pie or binary.has(elf.Segment.TYPE.INTERP) else "shared"


def _elf_traits(elf: Any, binary: Any) -> tuple[list[str], list[str]]:
    """What weakens a library, and what protects it."""
    tag, flag, kind = elf.DynamicEntry.TAG, elf.DynamicEntryFlags.FLAG, elf.Segment.TYPE
    flags, one = binary.get(tag.FLAGS), binary.get(tag.FLAGS_1)
    traits, hardening = [], []
    if any(s.type == kind.LOAD and int(s.flags) & _WX == _WX for s in binary.segments):
        traits.append("writable-code")
    if binary.has(tag.TEXTREL) or (flags is not None and flags.has(flag.TEXTREL)):
        traits.append("text-relocations")
    stack = binary.get(kind.GNU_STACK)
    if stack is None:
        traits.append("no-stack-header")
    elif int(stack.flags) & 1:
        traits.append("exec-stack")
    else:
        hardening.append("nx")
    now = binary.has(tag.BIND_NOW) or (flags is not None and flags.has(flag.BIND_NOW))
    if binary.has(kind.GNU_RELRO):
        full = now or (one is not None and one.has(flag.NOW))
        hardening.append("relro-full" if full else "relro-partial")
    elif binary.has(kind.DYNAMIC):
        traits.append("no-relro")
    if int(binary.header.file_type) == 3 and _elf_type(elf, binary) == "executable":
        hardening.append("pie")
    return traits, hardening


def _matching(symbols: Any, words: dict[str, Any]) -> Iterator[str]:
    """The words whose patterns match an undefined symbol."""
    patterns = {word: re.compile("|".join(expressions)) for word, expressions in words.items()}
    for symbol in symbols:
        if symbol.shndx != 0:
            continue
        try:
            name = _text(symbol.name)
        except UnicodeDecodeError:  # then it is none of these
            continue
        for word, pattern in patterns.items():
            if pattern.fullmatch(name):
                yield word


# -- PE ---------------------------------------------------------------------------------------------------------------

_DLL_CHARACTERISTICS = ((0x20, "high-entropy-va"), (0x40, "aslr"), (0x100, "nx"), (0x4000, "cfg"))
"""https://learn.microsoft.com/windows/win32/debug/pe-format#dll-characteristics"""


def _pe(lief: Any, path: str, _symbols: dict[str, Any]) -> Iterator[dict[str, Any]]:
    config = lief.PE.ParserConfig()
    config.parse_rsrc = config.parse_reloc = False
    binary = lief.PE.parse(path, config)
    if binary is None:
        return
    header, optional, sections = binary.header, binary.optional_header, list(binary.sections)
    hardening = [word for bit, word in _DLL_CHARACTERISTICS if int(optional.dll_characteristics) & bit]
    if binary.load_configuration is not None and binary.load_configuration.security_cookie:
        hardening.append("canary")
    if binary.has_signatures:
        hardening.append("signed")
    traits = []
    if any(int(s.characteristics) & 0xA0000000 == 0xA0000000 for s in sections):  # executable and writable
        traits.append("writable-code")
    if len(sections) != header.numberof_sections:
        traits.append("cut-off")
    export = binary.get_export()
    yield {
        "machine": int(header.machine),
        "bits": 64 if int(optional.magic) == 0x20B else 32,
        "type": "shared" if int(header.characteristics) & 0x2000 else "executable",
        "soname": _text(export.name) if export is not None else "",
        "needed": [_text(item.name) for item in (*binary.imports, *binary.delay_imports)],
        "rpath": [],
        "runpath": [],
        "versions": [],
        "hardening": sorted(hardening),
        "traits": traits,
        "end": max((int(s.offset) + int(s.size) for s in sections if s.size), default=0),
    }


# -- Mach-O -----------------------------------------------------------------------------------------------------------

_MACHO_TYPES = {1: "object", 2: "executable", 6: "shared", 8: "shared", 10: "debug-info"}
"""filetype in mach-o/loader.h: MH_OBJECT, MH_EXECUTE, MH_DYLIB, MH_BUNDLE, MH_DSYM."""


def _macho(lief: Any, path: str, _symbols: dict[str, Any]) -> Iterator[dict[str, Any]]:
    fat = lief.MachO.parse(path, lief.MachO.ParserConfig.quick)  # its slices do not keep it alive
    for binary in fat or ():
        header = binary.header
        own = lief.MachO.LoadCommand.TYPE.ID_DYLIB
        flags = int(header.flags)
        hardening = [word for bit, word in ((0x200000, "pie"), (0x1000000, "nx-heap")) if flags & bit]
        if binary.has_code_signature:
            hardening.append("signed")
        traits = ["exec-stack"] if flags & 0x20000 else []  # MH_ALLOW_STACK_EXECUTION
        if any(int(s.init_protection) & 6 == 6 for s in binary.segments):  # VM_PROT_WRITE | VM_PROT_EXECUTE
            traits.append("writable-code")
        if len(list(binary.commands)) != header.nb_cmds:
            traits.append("cut-off")
        yield {
            "machine": int(header.cpu_type),
            "bits": 64 if int(header.cpu_type) & 0x1000000 else 32,
            "type": _MACHO_TYPES.get(int(header.file_type), "other"),
            "soname": next((_text(item.name) for item in binary.libraries if item.command == own), ""),
            "needed": [_text(item.name) for item in binary.libraries if item.command != own],
            "rpath": [_text(item.path) for item in binary.rpaths],
            "runpath": [],
            "versions": [],
            "hardening": sorted(hardening),
            "traits": traits,
            "end": max(
                (int(binary.fat_offset) + int(s.file_offset) + int(s.file_size) for s in binary.segments), default=0
            ),
        }


_FORMATS = {"elf": _elf, "pe": _pe, "macho": _macho}

if __name__ == "__main__":
    main()
