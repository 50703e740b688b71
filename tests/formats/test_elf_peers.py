"""Our reader against LIEF over the libraries of this environment: both read the same, to the last symbol.

A sample of small ones; all of them with GATE_EVERY_LIBRARY=1.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from gate.archive.budget import Budget
from gate.archive.source import Window
from gate.core.limits import Limits
from gate.formats import elf_header, elf_loading
from gate.formats.elf import Reader

ORACLE = """
import hashlib, json, sys, lief
lief.logging.disable()
E = lief.ELF
config = E.ParserConfig()
config.parse_relocations = config.parse_symtab_symbols = config.parse_overlay = False
text = lambda name: name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)
for path in sys.stdin.read().split("\\n"):
    b = lief.ELF.parse(path, config)
    one = lambda kind, field: [text(getattr(e, field)) for e in b.dynamic_entries if isinstance(e, kind)]
    imports, exports = [], []
    libraries = {
        id: (a.name, r.name) for r in b.symbols_version_requirement for a in r.get_auxiliary_symbols()
        for id in [a.other & 0x7fff]
    }
    for s in b.dynamic_symbols:
        version = s.symbol_version
        index = version.value & 0x7fff if version is not None else 1
        if not text(s.name) or s.binding == E.Symbol.BINDING.LOCAL:
            continue
        if s.shndx == 0:
            imports.append([text(s.name), *libraries.get(index, ("", "")), s.binding == E.Symbol.BINDING.WEAK])
        else:
            exports.append(text(s.name))
    defined = [text(next(iter(d.auxiliary_symbols)).name) for d in b.symbols_version_definition if not d.flags & 1]
    ids = [bytes(n.description).hex() for n in b.notes if n.type == E.Note.TYPE.GNU_BUILD_ID]
    print(json.dumps([
        list(map(text, b.libraries)), one(E.DynamicSharedObject, "name"), one(E.DynamicEntryRpath, "rpath"),
        one(E.DynamicEntryRunPath, "runpath"), sorted(defined), ids[:1],
        sorted([text(r.name), text(a.name), bool(a.flags & 2)]
            for r in b.symbols_version_requirement for a in r.get_auxiliary_symbols()),
        sorted(imports), hashlib.sha256("\\n".join(sorted(exports)).encode()).hexdigest(), len(exports),
    ]), flush=True)
"""


def is_elf(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries():
    found = sorted(Path(sysconfig.get_paths()["platlib"]).rglob("*.so*"))
    found = [path for path in found if path.is_file() and is_elf(path)]
    if os.environ.get("GATE_EVERY_LIBRARY"):
        return found
    small = [path for path in found if path.stat().st_size < 4_000_000]
    return small[:: max(len(small) // 15, 1)]


def ours(path):
    with path.open("rb") as file:
        source = Window(file.fileno(), 0, path.stat().st_size, Budget(Limits()))
        header = elf_header.read(source.read_at)
        assert not elf_loading.difference(source.read_at, header), path
        reader = Reader(source, header)
        elf = reader.read()
        exports = sorted(symbol.name for symbol in reader.exports())
        return [
            list(elf.needed), [elf.soname] if elf.soname else [], list(elf.rpath), list(elf.runpath),
            sorted(version.name for version in elf.defines), [elf.notes.build_id] if elf.notes.build_id else [],
            sorted([version.library, version.name, version.weak] for version in elf.needs),
            sorted([symbol.name, symbol.version, symbol.library, symbol.weak] for symbol in reader.imports()),
            hashlib.sha256("\n".join(exports).encode()).hexdigest(), len(exports),
        ]  # fmt: skip


WHAT = ("needed", "soname", "rpath", "runpath", "defined", "build id", "versions", "imports", "exports", "number")


def test_every_library_is_read_as_lief_reads_it():
    paths = libraries()
    assert len(paths) >= 3
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ORACLE],
        input="\n".join(map(str, paths)), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    differences = [
        (path.name, what, mine, theirs)
        for path, line in zip(paths, out.splitlines(), strict=True)
        for what, mine, theirs in zip(WHAT, ours(path), json.loads(line), strict=True)
        if mine != theirs
    ]
    assert differences == []
