"""Pickles against sha256sum and against other scanners, in one run: python bench/pickles.py [FOLDER [PEERS]]

FOLDER has files of real libraries, made by .ci/pickles/make.py; PEERS is the Python of an environment with picklescan,
fickling and modelscan. Prints: a scan of a torch zip of 1 GB against coreutils sha256sum; the walk over dense ones in
MB/s and against pickle.loads; time by number of opcodes; and a table of what each scanner finds in our own corpus.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, interleaved, quiet
from fixtures.serialization.assembler import pickle as stream
from fixtures.serialization.benign import BENIGN, state_dict
from fixtures.serialization.malicious import DANGEROUS
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.formats.pickle import walk

GIB = 2**30
OURS = """
import sys
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.inspectors.serialization import inspector
def judge(path):
    data = open(path, "rb").read()
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member("x", Entry(b"x", None, window=Memory(data, budget)), budget)
    said = list(inspector.inspect(member)) if inspector.wants(member) is not None else []
    return any(isinstance(item, (Finding, Gap)) for item in said)
"""
PICKLESCAN = """
from picklescan.scanner import scan_file_path
def judge(path):
    result = scan_file_path(path)
    return result.issues_count > 0
"""
FICKLING = """
from fickling.analysis import Severity, check_safety
from fickling.fickle import StackedPickle
def judge(path):
    with open(path, "rb") as file:
        return any(check_safety(one).severity > Severity.LIKELY_SAFE for one in StackedPickle.load(file))
"""
MODELSCAN = """
from modelscan.modelscan import ModelScan
def judge(path):
    scan = ModelScan()
    scan.scan(path)
    return len(scan.issues.all_issues) > 0
"""
EACH = """
import json, logging, sys, time
logging.disable()
flagged, failed, begin = [], [], time.process_time()
for path in sys.stdin.read().splitlines():
    try:
        if judge(path):
            flagged.append(path)
    except Exception:
        failed.append(path)
print(json.dumps([flagged, failed, time.process_time() - begin]))
"""


def dense() -> dict[str, bytes]:
    """Many small values: the worst that picklers write."""
    rng = random.Random(1)
    rows = [
        {"id": i, "name": f"item{i}", "value": rng.random(), "tags": ("a", i % 7, None, True), "n": [1, 2, 300]}
        for i in range(20_000)
    ]
    made = {f"rows, protocol {version}": pickle.dumps(rows, version) for version in range(5)}
    made["numbers"] = pickle.dumps(list(range(400_000)), 4)
    made["numbers, protocol 0"] = pickle.dumps(list(range(400_000)), 0)
    trees = [{"nodes": rng.randbytes(80_000), "values": rng.randbytes(4_000), "seed": i} for i in range(200)]
    made["200 trees, 16 MB"] = pickle.dumps(trees, 4)
    return made


def walked(data: bytes) -> float:
    """CPU seconds of one walk, the best of three."""
    best = 1e9
    for _ in range(3):
        budget = Budget(Limits())
        budget.admit(len(data))
        begin = time.process_time()
        walk(Memory(data, budget))
        best = min(best, time.process_time() - begin)
    return best


def speed() -> None:
    print("| pickle | MB | s | MB/s | / pickle.loads |\n|---|---|---|---|---|")
    for name, data in dense().items():
        ours = walked(data)
        begin = time.process_time()
        pickle.loads(data)
        theirs = time.process_time() - begin
        print(f"| {name} | {len(data) / 1e6:.1f} | {ours:.3f} | {len(data) / ours / 1e6:.1f} | {ours / theirs:.1f} |")
    small, large = (walked(stream(b"K\x010" * n + b"N")) for n in (250_000, 2_000_000))
    print(f"\n8 times the opcodes cost {large / small:.1f} times as much")


def zipped(folder: str) -> None:
    """A torch zip of 1 GB: hashes, checksums and the walk against the hash alone."""
    path = os.path.join(folder, "model.pt")
    block = random.Random(1).randbytes(2**20)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", stream(state_dict(), version=2))
        with file.open("archive/data/0", "w", force_zip64=True) as storage:
            for _ in range(GIB // len(block)):
                storage.write(block)
    ours, theirs = interleaved([(*GATE, "scan", path, "-f", "json"), ("sha256sum", path)], 3)
    print(f"1 GB torch zip: {ours.cpu:.2f} s, {ours.cpu / theirs.cpu:.2f} of sha256sum's CPU time, {ours.peak} MB\n")
    os.unlink(path)


def compared(folder: str, benign: list[str], python: str) -> None:
    bad = []
    for i, (name, data) in enumerate(DANGEROUS.items()):
        path = os.path.join(folder, f"bad{i:03}.npy" if name == "npy-objects" else f"bad{i:03}.pkl")
        Path(path).write_bytes(data)
        bad.append(path)
    for name, data in BENIGN.items():
        path = os.path.join(folder, f"good-{name}.npy" if name.startswith("npy") else f"good-{name}.pkl")
        Path(path).write_bytes(data)
        benign.append(path)
    print(f"\n| scanner | hostile found of {len(bad)} | failed | benign flagged of {len(benign)} | failed | CPU s |")
    print("|---|---|---|---|---|---|")
    peers = {"picklescan": PICKLESCAN, "fickling": FICKLING, "modelscan": MODELSCAN} if python else {}
    for name, script in {"gate": OURS, **peers}.items():
        runs = [each(sys.executable if name == "gate" else python, script, paths) for paths in (bad, benign)]
        (hit, lost, used), (loud, broken, more) = runs
        print(f"| {name} | {len(hit)} | {len(lost)} | {len(loud)} | {len(broken)} | {used + more:.1f} |")


def each(python: str, script: str, paths: list[str]) -> tuple[list[str], list[str], float]:
    run = subprocess.run(
        [python, "-c", script + EACH], input="\n".join(paths), capture_output=True, text=True, check=True
    )
    flagged, failed, seconds = json.loads(run.stdout.splitlines()[-1])
    return flagged, failed, seconds


def main() -> None:
    given = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file()] if sys.argv[1:] else []
    print(f"# {quiet()}\n")
    with tempfile.TemporaryDirectory() as folder:
        zipped(folder)
        speed()
        compared(folder, given, sys.argv[2] if sys.argv[2:] else "")


if __name__ == "__main__":
    main()
