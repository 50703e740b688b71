"""The flow of a scan against physical limits and peers, as ratios of one run: python bench/spine.py [MEMBERS]

Prints: gate --help against an empty Python; a stored 1 GB zip against coreutils sha256sum; CPU a member and memory for
many tiny members that six inspectors ask for; many findings; a decision, cold and warm.
"""

from __future__ import annotations

import io
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, interleaved, quiet, run

STORM = """
from gate.inspectors import Inspector, Need, found

class Storm(Inspector):
    def wants(self, member):
        return Need.STREAM if member.head[:5] == b"STORM" else None
    def inspect(self, member):
        for i in range(int(member.head[5:15])):
            yield found("storm.drop", member, at=(i, i + 1), by=str(i % 7), n=i)

inspector = Storm()
"""
READER = """
from bench._measure import read
from gate.inspectors import Inspector, Need

class Reader(Inspector):
    def wants(self, member):
        return Need.STREAM
    def inspect(self, member):
        member.read(read)
        return iter(())

inspector = Reader()
"""
RULE = (
    "- {id: NAME.drop, title: Rain, level: error, message: drop, why: for the benchmark, remediation: An umbrella.}\n"
)
DECIDE = """
import json, sys, time
begin = time.perf_counter()
from gate import resources
from gate.adapters.opa_wasm import Embedded
document = json.load(open(sys.argv[1]))
engine = Embedded(resources.compiled_policy())
engine.evaluate(document)
cold = time.perf_counter() - begin
def once():
    begin = time.perf_counter()
    engine.evaluate(document)
    return time.perf_counter() - begin
print(cold, min(once() for _ in range(9)))
"""


def many(path: str, n: int) -> None:
    """A stored zip of n tiny members, written by hand because zipfile would need a gigabyte."""
    directory, at = io.BytesIO(), 0
    with open(path, "wb", 1 << 20) as file:
        for i in range(n):
            name, data = b"data/part-%05d/member-%07d.bin" % (i // 1000, i), b"tiny member number %07d\n" % i
            fields = (0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), 0)
            local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, *fields) + name + data
            file.write(local)
            directory.write(struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *fields, 0, 0, 0, 0, at) + name)
            at += len(local)
        file.write(directory.getvalue())
        size, few = directory.tell(), min(n, 65535)
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, at))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, size, at, 0))


def extension(folder: str) -> str:
    """One inspector that makes findings and three that share a reader of every member: six with gate's own two."""
    for part in ("inspectors", "rules"):
        os.makedirs(os.path.join(folder, part))
    for name, module in (("storm", STORM), ("reader0", READER), ("reader1", READER), ("reader2", READER)):
        Path(folder, "inspectors", f"{name}.py").write_text(module)
        Path(folder, "rules", f"{name}.yaml").write_text(RULE.replace("NAME", name))
    return folder


def document() -> dict[str, object]:
    """A policy document of about 1 MB: 280 codes with 40 items each."""
    item = {"waived": False, "discriminator": "", "confidence": "high"}
    counts = {"level": "warning", "total": 40, "waived": 0, "unwaived": 40, "truncated": 0}
    items = [{"path": f"some/folder/member-{j}", **item} for j in range(40)]
    state = {"state": "complete"}
    return {
        "schema": "gate.input/v1",
        "minor": 0,
        "request": {"stage": "production"},
        "findings": {f"site.rule-{i}": {**counts, "items": items} for i in range(280)},
        "gaps": {},
        "waivers": [],
        "statuses": {},
        "integrity": state,
        "serialization": state,
    }


def start() -> None:
    """What a user waits for before anything happens."""
    ours, nothing = interleaved([(*GATE, "--help"), (sys.executable, "-c", "pass")], 9)
    print(f"gate --help: {ours.cpu / nothing.cpu:.1f} x python -c pass")


def weights(scratch: str) -> None:
    """Bytes that nobody but the hashes reads."""
    big = os.path.join(scratch, "big.zip")
    block = random.Random(1).randbytes(64 << 20)
    with zipfile.ZipFile(big, "w") as archive:
        for i in range(16):
            archive.writestr(f"weights/{i}.bin", block)
    ours, theirs = interleaved([(*GATE, "scan", big, "-q"), ("sha256sum", big)], 3)
    ratios = f"{ours.cpu / theirs.cpu:.2f} x CPU, {ours.wall / theirs.wall:.2f} x wall"
    print(f"stored zip of 1 GB: {ratios} of sha256sum, {ours.peak} MB")


def members(scratch: str, n: int, more: tuple[str, ...]) -> None:
    """What one more member costs."""
    tiny = os.path.join(scratch, "tiny.zip")
    many(tiny, n)
    for jobs in ("0", "1", "2"):
        seen = run(*GATE, "scan", tiny, "-q", "--jobs", jobs, *more)
        each = f"{seen.cpu / n * 1e6:.1f} us CPU, {seen.wall / n * 1e6:.1f} us wall"
        print(f"{n} members, six inspectors, --jobs {jobs}: {each} a member, {seen.peak} MB")


def findings(scratch: str, n: int, more: tuple[str, ...]) -> None:
    """What one more finding costs, from the inspector to the result."""
    storm, result = os.path.join(scratch, "storm.zip"), os.path.join(scratch, "result.json")
    with zipfile.ZipFile(storm, "w") as archive:
        archive.writestr("storm", b"STORM%010d" % n)
    seen = run(*GATE, "scan", storm, "-q", "-o", f"json={result}", *more)
    print(f"{n} findings: {seen.cpu:.1f} s CPU, {seen.peak} MB, JSON of {os.path.getsize(result) / 1e3:.0f} kB")


def decision(scratch: str) -> None:
    """The policy engine, in processes of its own."""
    path = os.path.join(scratch, "document.json")
    Path(path).write_text(json.dumps(document()))
    command = [sys.executable, "-c", DECIDE, path]
    outs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(5)]
    cold, warm = (min(float(out[i]) for out in outs) * 1e3 for i in (0, 1))
    print(f"decision on {os.path.getsize(path) / 1e6:.1f} MB: {cold:.0f} ms cold, {warm:.1f} ms warm")


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    begin = time.monotonic()
    print(quiet())
    with tempfile.TemporaryDirectory() as scratch:
        more = ("--extension", extension(os.path.join(scratch, "ext")))
        start()
        weights(scratch)
        members(scratch, n, more)
        findings(scratch, n, more)
        decision(scratch)
    print(f"took {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
