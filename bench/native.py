"""What reading large native libraries costs: python bench/native.py

A library of 500 MB with 2,782 containers of CUDA code (sparse: the code itself is holes) is read in a process of its
own, with its section names and without; the bound is 50 ms and 60 MB. A library of four million symbols, and one of
a million, are read as well; then the libraries of this environment, against LIEF.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import ROOT, interleaved, quiet
from fixtures.native.device import Image, container, wrapper
from fixtures.native.elf import Elf

SIZE, CONTAINERS = 500 * 10**6, 2782
"""As in the largest library of CUDA 13, cublasLt, which has 5,737 images."""
_READ = """
import os, sys, time
from gate.archive.budget import Budget
from gate.archive.source import Window
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.formats import device_code, elf_header
from gate.targets import elf_file
elf_file.tables.hardening(), elf_file.tables.machine("elf", 62)
best = {"facts": 9e9, "images": 9e9}
for path in sys.argv[2:]:
    said = ""
    for _ in range(int(sys.argv[1])):
        fd = os.open(path, os.O_RDONLY)
        budget = Budget(Limits())
        budget.admit(os.path.getsize(path))
        source = Window(fd, 0, os.path.getsize(path), budget)
        begin = time.perf_counter()
        try:
            file = elf_file.read(source)
            said = f"{sum(n for *_, n in file.device.containers)} containers"
        except NotExamined as error:
            said = str(error)
        best["facts"] = min(best["facts"], time.perf_counter() - begin)
        read, begin = budget.bytes, time.perf_counter()
        try:
            device_code.in_elf(source, elf_header.read(source.read_at))
        except NotExamined:
            pass
        best["images"] = min(best["images"], time.perf_counter() - begin)
        os.close(fd)
    if len(sys.argv) == 3:
        peak = next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
        facts, images = best["facts"] * 1000, best["images"] * 1000
        print(f"{facts:8.1f} ms, images alone {images:8.1f} ms, {peak} MB, {read} bytes read: {said}")
"""
_LIEF = """
import sys, lief
lief.logging.disable()
config = lief.ELF.ParserConfig()
config.parse_relocations = config.parse_symtab_symbols = config.parse_overlay = False
for path in sys.argv[1:]:
    lief.ELF.parse(path, config).libraries
"""


def large(path: Path, *, sections: bool) -> None:
    """Containers of two images each, spread evenly: each payload is a hole."""
    step = SIZE // CONTAINERS // 8 * 8
    filler = 10**6
    elf = Elf(
        needed=["libcudart.so.13", "libc.so.6"],
        versions={"libc.so.6": ["GLIBC_2.34"]},
        imports=[f"f{n}" for n in range(500)],
        code={".nv_fatbin": bytes(filler)},
        data={".nvFatBinSegment": wrapper()},
        sections=sections,
    )
    image = bytearray(elf.build())
    total = step * CONTAINERS
    start = -(-len(image) // 4096) * 4096  # the code follows in a segment of its own
    rows = struct.unpack_from("<H", image, 56)[0]
    for at in range(64, 64 + 56 * rows, 56):
        if struct.unpack_from("<L", image, at)[0] == 0x6474E551:  # the stack header makes room for it
            struct.pack_into("<LLQQQQQQ", image, at, 1, 4, start, start, start, total, total, 4096)
    if sections:
        table, count = struct.unpack_from("<Q", image, 40)[0], struct.unpack_from("<H", image, 60)[0]
        for at in range(table, table + 64 * count, 64):
            if struct.unpack_from("<Q", image, at + 32)[0] == filler:
                struct.pack_into("<QQ", image, at + 24, start, total)
    heads = [Image(arch=90), Image(arch=100, extra=48)]
    with path.open("wb") as file:
        file.write(image)
        file.truncate(start + total)
        fixed = 16 + sum(64 + one.extra for one in heads)
        half = (step - fixed) // 16 * 8
        payloads = [half, step - fixed - half]
        for n in range(CONTAINERS):
            at = start + n * step
            ends = 0
            for one, payload in zip(heads, payloads, strict=True):
                head = one.build()[: 64 + one.extra]
                head = head[:8] + struct.pack("<Q", payload) + head[16:]
                file.seek(at + 16 + ends)
                file.write(head)
                ends += len(head) + payload
            file.seek(at)
            file.write(container()[:8] + struct.pack("<Q", ends))


def read(*paths: Path, rounds: int = 5) -> str:
    command = [sys.executable, "-c", _READ, str(rounds), *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def environment() -> None:
    found = [path for path in Path(sysconfig.get_paths()["platlib"]).rglob("*.so*") if path.is_file()]
    paths = sorted(found)[:: max(len(found) // 100, 1)]
    ours, theirs, bare, lief = interleaved(
        [
            [sys.executable, "-c", _READ, "1", *map(str, paths)],
            [sys.executable, "-c", _LIEF, *map(str, paths)],
            [sys.executable, "-c", _READ, "0", *map(str, paths)],
            [sys.executable, "-c", _LIEF],
        ],
        3,
    )
    ratio = (theirs.cpu - lief.cpu) / max(ours.cpu - bare.cpu, 0.001)
    print(f"{len(paths)} libraries: ours {ours.cpu - bare.cpu:.2f} s and {ours.peak} MB, ", end="")
    print(f"LIEF {theirs.cpu - lief.cpu:.2f} s and {theirs.peak} MB, {ratio:.1f} times")


def main() -> None:
    print(quiet())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "libx.so"
        for sections in (True, False):
            large(path, sections=sections)
            print("500 MB", "with sections   " if sections else "without sections", read(path))
        path.write_bytes(Elf(symbols=4_000_000).build())
        print("4,000,000 symbols      ", read(path))
        path.write_bytes(Elf(symbols=999_000).build())
        print("  999,000 symbols      ", read(path))
    environment()


if __name__ == "__main__":
    main()
