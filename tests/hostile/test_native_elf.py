"""Native libraries that somebody made to harm who reads them: each is a finding or a gap, and the rest is read."""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.native import others
from fixtures.native.elf import Elf
from gate import pipeline, registry
from gate.adapters import lief
from gate.core.gap import GapReason
from gate.core.limits import Limits
from tests.conftest import ROOT, zipped
from tests.inspectors.natives import look

SEED = Elf(
    needed=["libc.so.6", "libm.so.6"],
    soname="libx.so.1",
    versions={"libc.so.6": ["GLIBC_2.14", "GLIBC_2.31"], "libm.so.6": ["GLIBC_2.29"]},
    runpath="$ORIGIN",
    imports=["__stack_chk_fail", "memcpy"],
)
GOOD = SEED.build()


def test_a_library_that_was_cut_off_anywhere_is_never_one_that_needs_nothing():
    for size in range(4, len(GOOD), 64):
        result = look(GOOD[:size])
        assert result.facts == [], size
        assert [reason for _, reason, _ in result.gaps] == [GapReason.CORRUPT], size


@pytest.mark.parametrize(
    ("seed", "name", "count"),
    [
        (GOOD, "x.so", 150),
        (others.pe(("KERNEL32.dll", "msvcrt.dll")), "x.dll", 80),
        (others.universal((7, others.macho()), (12, others.macho(rpath="@loader_path"))), "x.dylib", 80),
    ],
)
def test_every_mutant_is_described_or_named(seed, name, count):
    random_ = random.Random(20261121)
    used = [at for at, byte in enumerate(seed) if byte] or [0]
    for _ in range(count):
        data = bytearray(seed)
        for _ in range(random_.randint(1, 6)):
            at = min(random_.choice(used) + random_.randint(0, 3), len(data) - 1)
            data[at] = random_.choice([0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)])
        data[:2] = seed[:2]
        result = look(bytes(data), name)
        interesting = result.facts or result.findings or result.gaps
        assert interesting or data[:4] != seed[:4] or name != "x.so"
        assert all(reason in (GapReason.CORRUPT, GapReason.CRASHED, GapReason.TOO_LARGE, GapReason.TOO_MANY)
                   for _, reason, _ in result.gaps), result.gaps  # fmt: skip


def test_sections_without_number_do_not_cost_memory():
    data = bytearray(GOOD)
    at = struct.unpack_from("<Q", data, 40)[0]
    struct.pack_into("<H", data, 60, 0)
    struct.pack_into("<Q", data, at + 32, 2**32)
    assert ("truncated", "lib/libx.so") in look(bytes(data)).findings
    struct.pack_into("<Q", data, 40, 2**64 - 1)
    assert ("truncated", "lib/libx.so") in look(bytes(data)).findings


def test_a_bomb_of_symbols_is_a_gap_and_the_rest_of_the_archive_is_read(make):
    bomb = Elf(symbols=1_500_000).build()
    packed = zipped({"a/bomb.so": bomb, "b/good.so": GOOD})
    assert len(packed) < len(bomb) / 100
    report = pipeline.scan(str(make(packed)), registry.load(), Limits())
    (gap,) = [gap for gap in report.gaps if gap.inspector == "native"]
    assert gap.location.path == "a/bomb.so" and gap.reason is GapReason.TOO_MANY
    assert [fact.path for fact in report.facts if fact.kind == "native.library"] == ["b/good.so"]


def test_a_list_of_too_many_needed_libraries_is_a_gap():
    result = look(Elf(needed=[f"lib{n}.so" for n in range(5000)]).build())
    assert [reason for _, reason, _ in result.gaps] == [GapReason.TOO_MANY]
    result = look(Elf(needed=["a" * 5000]).build())
    assert [reason for _, reason, _ in result.gaps] == [GapReason.TOO_LARGE]
    versions = [f"A_{n}" for n in range(5000)]
    result = look(Elf(needed=["a"], versions={"a": versions}).build())
    assert [reason for _, reason, _ in result.gaps] == [GapReason.TOO_MANY]
    result = look(Elf(needed=["a" * 4000 + str(n) for n in range(400)]).build())
    assert [reason for _, reason, _ in result.gaps] == [GapReason.TOO_LARGE]


def test_names_cannot_steer_a_terminal_or_a_runner():
    result = look(Elf(needed=["\x1b[31mlib\n##[error]x"], runpath="/tmp/\x1b[2J\n").build())
    (args,) = result.said("insecure-rpath")
    assert args["folder"].isprintable()


@pytest.mark.parametrize("jobs", [0, 2])
def test_hostile_libraries_cost_themselves_only(make, jobs):
    members = {
        "a.so": GOOD[:700],
        "b.so": b"\x7fELF" + bytes(range(60)),
        "c.dll": b"MZ" + bytes(300),
        "d.dylib": bytes.fromhex("cffaedfe") + b"\xff" * 200,
        "e.so": GOOD,
        "f.txt": b"text",
    }
    report = pipeline.scan(str(make(members)), registry.load(), Limits(), jobs)
    assert [gap.location.path for gap in report.gaps if gap.inspector == "native"] == [
        "a.so",
        "b.so",
        "c.dll",
        "d.dylib",
    ]
    assert [fact.path for fact in report.facts if fact.kind == "native.library"] == ["e.so"]
    assert report.sections["native"]["state"] == "partial"
    assert os.getpid() not in lief._children


def test_the_same_archive_gives_the_same_bytes_with_any_number_of_workers(gate, make):
    path = make({f"lib/{n}.so": Elf(needed=[f"lib{n}.so"], runpath="/tmp").build() for n in range(9)})
    results = [
        gate(
            "scan", path, "-f", "json", "--exit-zero", "--effective-time", "2026-11-21T10:00:00Z", "--jobs", jobs
        ).stdout
        for jobs in (0, 2)
    ]
    assert results[0] == results[1]
    assert json.loads(results[0])["totals"]["native.library"]["total"] == 9


def strays(folder):
    """Processes that parse native libraries and hold a file of this folder; other tests scan at the same time."""
    found = set()
    for proc in Path("/proc").iterdir():
        try:
            command = (proc / "cmdline").read_bytes().split(b"\0")
            state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
            held = [str(fd.readlink()) for fd in (proc / "fd").iterdir()]
        except OSError:
            continue
        parses = any(part.endswith(b"/lief_child.py") for part in command)
        if parses and state != "Z" and any(name.startswith(f"{folder}/") for name in held):
            found.add(int(proc.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc")
@pytest.mark.parametrize("jobs", [0, 2])
@pytest.mark.parametrize("how", [None, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_after_a_scan_however_it_ends(tmp_path, jobs, how):
    archive, temporary = tmp_path / "archive", tmp_path / "temporary"
    archive.mkdir()
    temporary.mkdir()
    for n in range(3 if how is None else 2000):
        (archive / f"{n}.so").write_bytes(GOOD)
    process = subprocess.Popen(
        [sys.executable, "-m", "gate", "scan", "--jobs", str(jobs), archive],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if how is not None:
        end = time.monotonic() + 30
        while not strays(temporary) and time.monotonic() < end and process.poll() is None:
            time.sleep(0.01)
        assert strays(temporary), "it has not parsed anything yet"
        process.send_signal(how)
    process.wait(60)
    end = time.monotonic() + 10
    while strays(temporary) and time.monotonic() < end:
        time.sleep(0.05)
    assert not strays(temporary)
