"""The flow of a scan against physical limits and peers, as ratios of one run: python bench/spine.py [MEMBERS]

Prints: gate --help against an empty Python; a stored 1 GB zip against coreutils sha256sum; CPU a member and memory for
many tiny members; many findings; a decision, cold and warm.
"""

from __future__ import annotations

import io
import json
import os
import random
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, interleaved, quiet, run

EXTENSION = '''
from gate.inspectors import Inspector, Need, found

class Storm(Inspector):
    def wants(self, member):
        return Need.STREAM if member.head[:5] == b"STORM" else None
    def inspect(self, member):
        for i in range(int(member.head[5:15])):
            yield found("storm.drop", member, at=(i, i + 1), by=str(i % 7), n=i)

inspector = Storm()
'''
RULE = "- {id: storm.drop, title: Rain, level: error, message: drop, why: for the benchmark, remediation: An umbrella.}\n"
QUIET = '''
from gate.inspectors import Inspector, Need
from gate.archive.source import blocks

def read(source):
    return sum(map(len, blocks(source)))

class Quiet(Inspector):
    def wants(self, member):
        return Need.STREAM
    def inspect(self, member):
        member.read(read)
        return iter(())

inspector = Quiet()
'''


def many(path: str, n: int) -> None:
    """A stored zip of n tiny members, written by hand because zipfile would need a gigabyte."""
    directory, at = io.BytesIO(), 0
    with open(path, "wb", 1 << 20) as file:
        for i in range(n):
            name, data = b"data/part-%05d/member-%07d.bin" % (i // 1000, i), b"tiny member number %07d\n" % i
            crc = zlib.crc32(data)
            sizes = (crc, len(data), len(data), len(name))
            local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0x21, *sizes, 0) + name + data
            file.write(local)
            directory.write(struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0x21, *sizes, 0, 0, 0, 0, 0, at) + name)
            at += len(local)
        file.write(directory.getvalue())
        size = directory.tell()
        file.write(struct.pack("<4sQ2H2L4Q4sLQL", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, at, b"PK\6\7", 0, at + size, 1))
        few = min(n, 65535)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, size, at, 0))


def extension(folder: str) -> str:
    """One inspector that makes findings, and four that read every member, so that six look at each with gate's own."""
    for part in ("inspectors", "rules"):
        os.makedirs(os.path.join(folder, part))
    Path(folder, "inspectors", "storm.py").write_text(EXTENSION)
    Path(folder, "rules", "storm.yaml").write_text(RULE)
    for i in range(3):
        Path(folder, "inspectors", f"quiet{i}.py").write_text(QUIET)
        Path(folder, "rules", f"quiet{i}.yaml").write_text(RULE.replace("storm.", f"quiet{i}."))
    return folder


def decision(document: str) -> tuple[float, float, int]:
    """Seconds of the first and of the fastest later evaluation in a process of its own, and the document's bytes."""
    script = (
        "import json, sys, time; t = time.perf_counter();"
        "from gate import resources; from gate.adapters.opa_wasm import Embedded;"
        "d = json.load(open(sys.argv[1])); e = Embedded(resources.compiled_policy()); e.evaluate(d); cold = time.perf_counter() - t\n"
        "def once():\n    t = time.perf_counter(); e.evaluate(d); return time.perf_counter() - t\n"
        "print(cold, min(once() for _ in range(9)))"
    )
    import subprocess

    runs = [
        subprocess.run([sys.executable, "-c", script, document], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    ]
    return min(float(r[0]) for r in runs), min(float(r[1]) for r in runs), os.path.getsize(document)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(quiet())
    with tempfile.TemporaryDirectory() as scratch:
        ours, nothing = interleaved([(*GATE, "--help"), (sys.executable, "-c", "pass")], 9)
        print(f"gate --help             {ours.cpu / nothing.cpu:6.1f} x python -c pass")

        big = os.path.join(scratch, "big.zip")
        block = random.Random(1).randbytes(64 << 20)
        with zipfile.ZipFile(big, "w") as archive:
            for i in range(16):
                archive.writestr(f"weights/{i}.bin", block)
        ours, theirs = interleaved([(*GATE, "scan", big, "-q"), ("sha256sum", big)], 3)
        print(f"1 GB stored zip         {ours.cpu / theirs.cpu:6.2f} x sha256sum CPU, {ours.wall / theirs.wall:.2f} x wall, {ours.peak} MB")

        more = ("--extension", extension(os.path.join(scratch, "ext")))
        tiny = os.path.join(scratch, "tiny.zip")
        many(tiny, n)
        for jobs in ("0", "1", "2"):
            seen = run(*GATE, "scan", tiny, "-q", "--jobs", jobs, *more)
            print(f"{n} members, {jobs} jobs   {seen.cpu / n * 1e6:6.1f} us CPU, {seen.wall / n * 1e6:.1f} us wall a member, {seen.peak} MB")

        storm = os.path.join(scratch, "storm.zip")
        with zipfile.ZipFile(storm, "w") as archive:
            archive.writestr("storm", b"STORM%010d" % n)
        result = os.path.join(scratch, "result.json")
        seen = run(*GATE, "scan", storm, "-q", "-o", f"json={result}", *more)
        print(f"{n} findings      {seen.cpu:6.1f} s CPU, {seen.peak} MB, JSON of {os.path.getsize(result) / 1e3:.0f} kB")

        document = os.path.join(scratch, "document.json")
        rows = {
            f"site.rule-{i}": {
                "level": "warning", "total": 40, "waived": 0, "unwaived": 40, "truncated": 0,
                "items": [{"path": f"some/folder/member-{j}", "waived": False, "discriminator": "", "confidence": "high"} for j in range(40)],
            }
            for i in range(280)
        }  # fmt: skip
        seen_document = {
            "schema": "gate.input/v1", "minor": 0, "request": {"stage": "production"}, "findings": rows, "gaps": {}, "waivers": [],
            "statuses": {}, "integrity": {"state": "complete"}, "serialization": {"state": "complete"},
        }  # fmt: skip
        Path(document).write_text(json.dumps(seen_document))
        cold, warm, size = decision(document)
        print(f"decision on {size / 1e6:.1f} MB      {cold * 1e3:6.0f} ms cold, {warm * 1e3:.1f} ms warm")


if __name__ == "__main__":
    begin = time.monotonic()
    main()
    print(f"took {time.monotonic() - begin:.0f} s")
