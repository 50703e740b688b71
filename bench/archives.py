"""The walk of each kind of container against coreutils sha256sum: python bench/archives.py [MB [MEMBERS]]

For the figures of the documentation: 1024 1000000, on a quiet machine; the goal of each figure is printed beside it.

Each archive holds weights (normally distributed float32 and bfloat16), text and small files. The walk is everything
that is done for every byte, whoever looks at it: the digest of the archive, digest and checksum of every member, in as
many workers as said. The scan asks all inspectors too, of which the search for personal data in the text costs most.
`openssl dgst` is printed beside it, because coreutils may come without the processor's SHA instructions.
"""

from __future__ import annotations

import array
import hashlib
import io
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, ROOT, Run, interleaved, quiet, run

PART = 2**24
"""Bytes of a block of weights that is repeated: farther apart than any window of the compressors used here."""
ROUNDS = 5
GOALS = {"stored.zip": 0.6, "a.tar": 0.6, "a.tar.zst": 1.2, "deflate.zip": 1.6, "a.tar.gz": 1.7}


WALK = """
import sys
from gate.core.limits import Limits
from gate.pipeline import scan
from gate.registry import Registry
report = scan(sys.argv[1], Registry({}, {}, ""), Limits(), int(sys.argv[2]))
assert report.inventory.root and report.subject.digest and not list(report.gaps), list(report.gaps)
"""


def contents(mb: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes, about `mb` MB: 60 % float32, 20 % bfloat16, 17 % text, the rest small files."""
    source = random.Random(7)
    numbers = array.array("f", (source.gauss(0, 0.02) for _ in range(PART // 4)))
    floats = numbers.tobytes()
    halves = b"".join(floats[i + 2 : i + 4] for i in range(0, PART, 4)) * 2
    words = [bytes(source.choices(b"etaoinshrdlu", k=source.randint(2, 9))) for _ in range(5000)]
    text = b" ".join(source.choices(words, k=PART // 6))[:PART]
    for name, block, share in (("float32", floats, 0.60), ("bfloat16", halves, 0.20), ("text", text, 0.17)):
        for i in range(max(int(mb * share * 2**20 / PART / 4), 1)):
            yield f"{name}/part-{i:03d}.bin", block * 4
    for i in range(2000):
        yield f"code/module_{i:04d}.py", b"def call(x):\n    return x * %d\n" % i


def build(folder: Path, mb: int) -> list[Path]:
    """One archive a kind; tar.zst only where a `zstd` program is at hand."""
    stored, deflate, tar = folder / "stored.zip", folder / "deflate.zip", folder / "a.tar"
    with (
        zipfile.ZipFile(stored, "w") as plain,
        zipfile.ZipFile(deflate, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed,
        tarfile.open(tar, "w") as tape,
    ):
        for name, data in contents(mb):
            plain.writestr(name, data)
            packed.writestr(name, data)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tape.addfile(info, io.BytesIO(data))
    made = [stored, tar, deflate]
    for program, suffix in (("gzip", "gz"), ("zstd", "zst")):
        if shutil.which(program):
            subprocess.run([program, "-q", "-k", str(tar)], check=True)
            made.append(folder / f"a.tar.{suffix}")
    return made


def compare(path: Path) -> None:
    """One line: CPU and wall as ratios to sha256sum, wall with two workers, CPU against openssl, peak memory."""
    walk = (sys.executable, "-c", WALK, str(path))
    commands = [(*walk, "1"), (*walk, "2"), ("sha256sum", str(path)), ("openssl", "dgst", "-sha256", str(path))]
    one, two, coreutils, openssl = interleaved(commands, ROUNDS)
    if one.code or two.code:
        raise SystemExit(f"{path.name}: the walk was not whole")
    whole = run(*GATE, "scan", str(path), "-q")
    also = ", 1.1 with two" if path.name == "deflate.zip" else ""
    print(
        f"{path.name:12} walk {one.cpu / coreutils.cpu:.2f} x CPU, {one.wall / coreutils.wall:.2f} x wall, two workers"
        f" {two.wall / coreutils.wall:.2f} x wall of sha256sum (goal {GOALS[path.name]}{also}),"
        f" {one.cpu / openssl.cpu:.2f} x CPU of openssl, {one.peak} MB (goal 100);"
        f" scan {whole.cpu / coreutils.cpu:.2f} x CPU, {whole.peak} MB",
        flush=True,
    )


def sparse(folder: Path, gb: int) -> Run:
    """The scan of a safetensors file of zeros that takes no place on the disk."""
    path = folder / "sparse.safetensors"
    size = gb << 30
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    return run(*GATE, "scan", str(path), "-q")


MEMBERS = """
import sys, time
from gate.core.limits import Limits
from gate.pipeline import scan
from gate.registry import Registry, load
registry = load() if sys.argv[2] == "all" else Registry({}, {}, "")
begin = time.process_time()
report = scan(sys.argv[1], registry, Limits(), 0)
print(report.inventory.members, time.process_time() - begin)
"""
ZIPFILE = """
import hashlib, sys, time, zipfile
begin = time.process_time()
archive = zipfile.ZipFile(sys.argv[1])
names = archive.infolist()
for info in names:
    hashlib.sha256(archive.read(info)).hexdigest()
print(len(names), time.process_time() - begin)
"""
FIRST = """
import sys, time
begin = time.monotonic()
from gate.core.limits import Limits
from gate.pipeline import scan
from gate.registry import load
class Heard(Exception): pass
def tell(members, read):
    if read:
        raise Heard
try:
    scan(sys.argv[1], load(), Limits(), 1, tell)
except Heard:
    print(1, time.monotonic() - begin)
"""


def many(path: Path, n: int, listed: str = "") -> Path:
    """A stored zip of n small pictures; `listed`: and a list of their digests, by this algorithm."""
    lines = io.BytesIO()
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(n):
            name, data = f"data/part-{i // 1000:05d}/member-{i:07d}.jpg", b"\xff\xd8\xff\xe0" + i.to_bytes(20, "big")
            archive.writestr(zipfile.ZipInfo(name), data)
            if listed:
                lines.write(f"{hashlib.new(listed, data).hexdigest()}  {name}\n".encode())
        if listed:
            archive.writestr(f"{listed.upper()}SUMS", lines.getvalue())
    return path


def seconds(code: str, *arguments: str) -> float:
    """Seconds for each thing that a program says it did; the best of three runs."""
    best = float("inf")
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
        )
        count, spent = done.stdout.split()
        best = min(best, float(spent) / int(count))
    return best


def members(folder: Path, most: int) -> None:
    """What one more member costs, from 10^3 on, and what one more line in a list of digests does."""
    n = 1000
    while n <= most:
        path = str(many(folder / "many.zip", n))
        walk, whole, peer = seconds(MEMBERS, path, "walk"), seconds(MEMBERS, path, "all"), seconds(ZIPFILE, path)
        print(
            f"{n} members: walk {walk * 1e6:.1f} us each (goal 25), {walk / peer:.2f} x zipfile with read() and sha256;"
            f" scan {whole * 1e6:.1f} us",
            flush=True,
        )
        for listed in ("sha256", "md5") if n < most else ():
            path = str(many(folder / "listed.zip", n, listed))
            print(f"{n} members and a list of {listed}: {seconds(MEMBERS, path, 'all') * 1e6:.1f} us each", flush=True)
        n *= 10


def main() -> None:
    mb = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    print(quiet())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in build(folder, mb):
            compare(path)
        gb = max(mb * 50 // 1024, 1)
        print(f"sparse file of {gb} GB: {sparse(folder, gb).peak} MB (goal 100)")
        first = seconds(FIRST, str(folder / "sparse.safetensors"))
        print(f"first progress of it after {first:.2f} s, with the start of Python (goal 0.5)", flush=True)
        members(folder, most)


if __name__ == "__main__":
    main()
