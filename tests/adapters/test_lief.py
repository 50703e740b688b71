"""LIEF in a process of its own: what it says, what it may use, how it ends."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.native import others
from fixtures.native.elf import Elf
from gate.adapters import lief, lief_answer
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, MissingExtra, NotExamined, Spent
from gate.core.gap import GapReason
from gate.core.limits import Limits
from tests.conftest import ROOT

SYMBOLS = {"canary": ["__stack_chk_fail"]}
LIBRARY = Elf(needed=["libc.so.6"], soname="libx.so.1", versions={"libc.so.6": ["GLIBC_2.14"]}).build()


def ask(data, kind="elf", limits=Limits(), budget=None):
    with lief.library(Memory(data, budget or Budget(limits))) as library:
        return library.parse(kind, SYMBOLS)


def child():
    """The process of this one."""
    return lief._children[os.getpid()]


@pytest.fixture
def fresh():
    """No process before and none afterwards."""
    lief.close()
    yield
    lief.close()


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pid, seconds=10.0):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


# -- what it says -----------------------------------------------------------------------------------------------------

ORACLE = """
import json, sys, lief
for path in sys.argv[1:]:
    b = lief.ELF.parse(path)
    E = lief.ELF
    one = lambda kind, field: [str(getattr(e, field)) for e in b.dynamic_entries if isinstance(e, kind)]
    print(json.dumps([
        list(b.libraries), one(E.DynamicSharedObject, "name"), one(E.DynamicEntryRunPath, "runpath"),
        sorted([r.name, a.name] for r in b.symbols_version_requirement for a in r.get_auxiliary_symbols()),
        b.has_nx, b.has(E.Segment.TYPE.GNU_RELRO), any("__stack_chk_fail" == s.name for s in b.imported_symbols),
    ]))
"""


def real_libraries():
    found = sorted(Path(sysconfig.get_paths()["platlib"]).rglob("*.so*"))
    small = [path for path in found if path.is_file() and path.stat().st_size < 8_000_000]
    return small[:: max(len(small) // 12, 1)][:12]


def test_the_facts_are_those_that_lief_gives_when_it_is_called_directly():
    paths = real_libraries()
    assert len(paths) >= 3
    out = subprocess.run([sys.executable, "-c", ORACLE, *paths], capture_output=True, text=True, check=True).stdout
    for path, line in zip(paths, out.splitlines(), strict=True):
        needed, soname, runpath, versions, nx, relro, canary = json.loads(line)
        (part,) = ask(path.read_bytes())
        assert list(part.needed) == needed, path
        assert [part.soname] == (soname or [""]), path
        assert list(part.runpath) == runpath, path
        assert sorted([name, version] for name, version, _ in part.versions) == versions, path
        assert ("nx" in part.hardening) == nx, path
        assert any(word.startswith("relro") for word in part.hardening) == relro, path
        assert ("canary" in part.hardening) == canary, path


@pytest.mark.skipif(shutil.which("readelf") is None, reason="no binutils")
def test_the_facts_are_those_that_readelf_gives():
    for path in real_libraries():
        out = subprocess.run(["readelf", "-dVW", path], capture_output=True, text=True, check=True).stdout
        (part,) = ask(path.read_bytes())
        assert list(part.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", out), path
        wanted = {
            (block[0], name)
            for block in re.findall(r"File: (\S+)  Cnt: \d+\n((?:  0x\w+:   Name: .*\n)*)", out)
            for name in re.findall(r"Name: (\S+)", block[1])
        }
        assert {(name, version) for name, version, _ in part.versions} == wanted, path


def test_what_is_no_library_is_refused():
    for kind, data in (("elf", b"text" * 99), ("pe", b"MZ" + bytes(99)), ("macho", bytes(200))):
        with pytest.raises(FormatError):
            ask(data, kind)


def test_the_next_library_does_not_see_the_last():
    assert len(ask(LIBRARY + bytes(100_000))) == 1
    assert ask(b"\x7fELF")[0].needed == ()  # so lenient it is: callers look at the headers first
    assert ask(others.pe(), "pe")[0].needed == ("KERNEL32.dll",)


def test_a_name_that_is_not_utf_8_is_written_in_escapes_or_refused():
    (part,) = ask(Elf(needed=["lib\udcff.so"], soname="\udcff", imports=["\udcff"]).build())
    assert (part.needed, part.soname) == (("lib\\xff.so",), "\\xff")
    with pytest.raises(FormatError, match="UTF-8"):
        ask(Elf(needed=["liba.so"], versions={"lib\udcff.so": ["A_1"]}).build())


# -- what it may use --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc")
def test_the_process_has_no_environment_no_terminal_and_little_of_anything(fresh):
    ask(LIBRARY, limits=Limits(native_memory_bytes=2**30))
    pid = child()._process.pid
    proc = Path(f"/proc/{pid}")
    assert proc.joinpath("environ").read_bytes() == b""
    assert os.readlink(proc / "cwd") == "/"
    assert os.getsid(pid) == pid != os.getsid(0)
    limits = proc.joinpath("limits").read_text()
    for name, most in (("address space", 2**30), ("core file size", 0), ("file size", 0), ("open files", 32)):
        assert re.search(rf"Max {name} +{most} +{most} ", limits), name
    held = {int(name) for name in os.listdir(proc / "fd")}
    inside = {fd for fd in held if "/" in (target := os.readlink(proc / "fd" / str(fd))) and "null" not in target}
    assert inside == {child().fd}


def test_gate_is_not_imported_by_the_script():
    text = (ROOT / "gate" / "adapters" / "lief_child.py").read_text()
    assert not re.search(r"^\s*(from|import) gate", text, re.MULTILINE)


def test_importing_the_adapter_imports_neither_lief_nor_starts_a_process():
    code = "import sys, gate.adapters.lief as a; assert 'lief' not in sys.modules and not a._children"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_library_that_is_too_large_is_not_copied():
    with pytest.raises(NotExamined) as error:
        ask(LIBRARY, limits=Limits(native_bytes=1000))
    assert error.value.reason is GapReason.TOO_LARGE


def test_copying_is_charged_to_the_budget():
    budget = Budget(Limits())
    before = budget.bytes
    ask(LIBRARY, budget=budget)
    assert budget.bytes - before == len(LIBRARY)


def test_without_lief_an_extra_is_missing(fresh, monkeypatch):
    monkeypatch.setattr(lief, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="lief"):
        ask(LIBRARY)


def test_without_an_interpreter_nothing_is_examined(fresh, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(NotExamined) as error:
        ask(LIBRARY)
    assert error.value.reason is GapReason.UNAVAILABLE


# -- how it ends ------------------------------------------------------------------------------------------------------


def script(monkeypatch, tmp_path, body):
    """Another program in place of ours; it is started with the same arguments."""
    path = tmp_path / "other.py"
    path.write_text(f"import os, struct, sys, time\n{body}\n")
    monkeypatch.setattr(lief, "_SCRIPT", path)


ANSWERS = [
    ("os.kill(os.getpid(), 9)", GapReason.CRASHED),
    ("sys.exit(3)", GapReason.CRASHED),
    ("os.write(1, b'abc')", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 2**31))", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 0))", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 4) + b'null')", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 2) + b'{}')", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 13) + b'{\"slices\": []}'[:13])", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 0, 2**20 + 1)); sys.stdout.write(' ' * (2**20 + 1))", GapReason.TOO_LARGE),
    ("os.write(1, struct.pack('>lL', 11, 0))", GapReason.CRASHED),
    ("os.write(1, struct.pack('>lL', 14, 0))", GapReason.TIMED_OUT),
]


@pytest.mark.parametrize(("body", "reason"), ANSWERS)
def test_a_process_that_dies_or_answers_nonsense_costs_one_library(fresh, monkeypatch, tmp_path, body, reason):
    with monkeypatch.context() as patch:
        script(patch, tmp_path, body)
        with pytest.raises(NotExamined) as error:
            ask(LIBRARY)
        assert error.value.reason is reason


def test_a_process_that_hangs_is_ended_and_the_next_library_has_a_new_one(fresh, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        script(patch, tmp_path, "time.sleep(60)")
        patch.setattr(lief, "_GRACE", 0.2)
        patch.setattr(lief, "_START", 0.2)
        started = time.monotonic()
        with pytest.raises(NotExamined) as error:
            ask(LIBRARY, limits=Limits(native_seconds=0.1))
        assert error.value.reason is GapReason.TIMED_OUT and time.monotonic() - started < 5
        assert child()._process is None
    assert ask(LIBRARY)[0].soname == "libx.so.1"


def test_a_library_that_takes_too_long_is_named_and_the_process_goes_on(fresh):
    limits = Limits(native_seconds=0.001)
    many = Elf(needed=[f"lib{n}.so" for n in range(3000)], symbols=200_000).build()
    with pytest.raises(NotExamined) as error:
        ask(many, limits=limits)
    assert error.value.reason is GapReason.TIMED_OUT
    assert alive(child()._process.pid)


def test_it_shows_signs_of_life_while_it_waits(fresh, monkeypatch, tmp_path):
    script(monkeypatch, tmp_path, "time.sleep(60)")
    with pytest.raises(Spent) as error:
        ask(LIBRARY, limits=Limits(seconds=0.3))
    assert error.value.reason is GapReason.TIMED_OUT
    assert child()._process is None


def test_a_process_that_somebody_killed_is_replaced(fresh):
    ask(LIBRARY)
    first = child()._process.pid
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert ask(LIBRARY)[0].soname == "libx.so.1"
    assert child()._process.pid != first


def test_too_little_memory_is_a_gap_and_never_ours(fresh):
    bomb, limits = Elf(symbols=2_000_000).build(), Limits(native_memory_bytes=256 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NotExamined) as error:
        ask(bomb, limits=limits)
    assert error.value.reason in (GapReason.TOO_LARGE, GapReason.CRASHED)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert ask(LIBRARY, limits=limits)[0].soname == "libx.so.1"


def test_after_a_fork_each_process_has_its_own(fresh):
    ask(LIBRARY)
    ours = child()._process.pid
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            ask(LIBRARY)
            os.write(writing, str(child()._process.pid).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    theirs = int(os.read(reading, 20))
    os.close(reading)
    assert theirs != ours and gone(theirs)
    assert child()._process.pid == ours and ask(LIBRARY)


def test_closing_leaves_no_process_behind(fresh):
    ask(LIBRARY)
    pid = child()._process.pid
    lief.close()
    assert not Path(f"/proc/{pid}").exists()
    lief.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_it_does_not_outlive_whoever_started_it(how):
    code = (
        "import os, sys, time\n"
        "from tests.adapters.test_lief import *\n"
        "ask(LIBRARY); print(child()._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(how)
        parent.wait(20)
    assert gone(pid)


# -- the answer is hostile --------------------------------------------------------------------------------------------

GOOD = {
    "machine": 62, "bits": 64, "type": "shared", "soname": "", "needed": [], "rpath": [], "runpath": [],
    "versions": [], "hardening": [], "traits": [], "end": 0,
}  # fmt: skip


def answer(**changes):
    return lief_answer.parse(json.dumps({"slices": [{**GOOD, **changes}]}).encode())


def test_a_good_answer_is_taken_as_it_is():
    assert answer(needed=["a"], versions=[["a", "B_1", 1]])[0].versions == (("a", "B_1", 1),)
    assert answer(soname="\ud800")[0].soname == "\\ud800"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"machine": "62"}, GapReason.CRASHED),
        ({"machine": True}, GapReason.CRASHED),
        ({"machine": -1}, GapReason.CRASHED),
        ({"machine": 1.5}, GapReason.CRASHED),
        ({"end": 2**99}, GapReason.CRASHED),
        ({"type": "a b"}, GapReason.CRASHED),
        ({"needed": "libc"}, GapReason.CRASHED),
        ({"needed": [1]}, GapReason.CRASHED),
        ({"needed": ["a"] * 5000}, GapReason.TOO_MANY),
        ({"soname": "a" * 5000}, GapReason.TOO_LARGE),
        ({"versions": [["a", "b"]]}, GapReason.CRASHED),
        ({"hardening": ["nx"] * 65}, GapReason.TOO_MANY),
        ({"extra": 1}, GapReason.CRASHED),
    ],
)
def test_an_answer_of_another_shape_is_none(changes, reason):
    with pytest.raises(NotExamined) as error:
        answer(**changes)
    assert error.value.reason is reason


@given(st.binary(max_size=60) | st.from_regex(rb'\{"(slices|refused)": .{0,40}\}', fullmatch=True))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_answer_is_facts_or_not_examined(data):
    with pytest.raises(NotExamined):
        lief_answer.parse(data)
    with pytest.raises(NotExamined):
        lief_answer.parse(b"[" * 100_000 + data)
