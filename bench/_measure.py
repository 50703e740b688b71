"""What the benchmarks share: whole processes, CPU seconds and peak memory, the best of several interleaved runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gate.archive.source import Source, blocks

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_CHILD = """
import resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
wall = time.monotonic() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, wall, used.ru_maxrss // 1024)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: exit code, CPU seconds with its children, wall seconds, MB of the largest of its processes."""

    code: int
    cpu: float
    wall: float
    peak: int


def run(*command: str) -> Run:
    """Started from a small process, because a child begins with the memory of the one that forks it."""
    out = subprocess.run([sys.executable, "-c", _CHILD, *command], capture_output=True, text=True, check=True, cwd=ROOT)
    code, cpu, wall, peak = out.stdout.split()
    return Run(int(code), float(cpu), float(wall), int(peak))


def interleaved(commands: Sequence[Sequence[str]], rounds: int) -> list[Run]:
    """The run with the least CPU of each command; they take turns, so that a slow moment hits all of them."""
    best: list[Run | None] = [None] * len(commands)
    for _ in range(rounds):
        for i, command in enumerate(commands):
            this = run(*command)
            previous = best[i]
            best[i] = this if previous is None or this.cpu < previous.cpu else previous
    return [b for b in best if b is not None]


GATE = (sys.executable, "-m", "gate")


def quiet() -> str:
    """How busy the machine was: figures of a busy one are worth little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def read(source: Source) -> int:
    """A reader that several inspectors share, as the decoded text will be: sees every byte."""
    return sum(map(len, blocks(source)))
