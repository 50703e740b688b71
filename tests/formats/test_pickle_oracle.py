"""The walk against CPython's own unpicklers, which run in a child process with stubs for every global."""

import json
import random
import struct
import subprocess
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.serialization import assembler as pk
from fixtures.serialization import oracle as oracle_script
from fixtures.serialization.malicious import DANGEROUS, FILES, PARSING, STRUCTURES
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.formats import pickle_machine
from gate.formats.pickle import Oddity, Status, Walk, looks_like_pickle, walk


class Oracle:
    """The child process; it is started again when a pickle kills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.child: Any = None

    def reached(self, data: bytes) -> set[tuple[str, str]]:
        if self.child is None or self.child.poll() is not None:
            script = [sys.executable, "-I", oracle_script.__file__]
            self.child = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder)
        self.child.stdin.write(struct.pack("<I", len(data)) + data)
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line or self.child.wait() != 86, "the unpickler did what it must not"
        return {(module, name) for module, name in json.loads(line)} if line else set()

    def close(self) -> None:
        if self.child is not None:
            self.child.stdin.close()
            self.child.wait(timeout=10)
            self.child.stdout.close()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    folder = tmp_path_factory.mktemp("oracle")
    running = Oracle(folder)
    yield running
    running.close()
    assert list(folder.iterdir()) == [], "a payload was executed"


def read(data: bytes) -> Walk:
    budget = Budget(Limits())
    budget.admit(len(data))
    return walk(Memory(data, budget))


def mapped(module: str, name: str) -> tuple[str, str]:
    return NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))


def unseen(result: Walk, reached: set[tuple[str, str]]) -> set[tuple[str, str]]:
    seen = {(use.module, use.qualname) for use in result.uses}
    return {pair for pair in reached if pair[0] and pair not in seen and mapped(*pair) not in seen}


LITERALS = (
    pk.NONE, pk.TRUE, pk.integer(7), pk.integer(-3), pk.floating(0.5), pk.text("os"), pk.text("system"),
    pk.octets(b"x"), b"I0x10\n", b"I7\n", b"I01\n", b"L5L\n", b"F2.5\n", b"S'a\\x41'\n", b"Vos\n",
    b"U\x02os", b"T\x02\0\0\0os",
    b"\x8a\x01\x05", b"\x8b\x01\0\0\0\x05", b"\x8d\x02\0\0\0\0\0\0\0os", b"\x8e\x01\0\0\0\0\0\0\0x", pk.EMPTY_TUPLE,
    pk.EMPTY_DICT, pk.EMPTY_LIST, pk.EMPTY_SET, b"Pid\n", b"\x96\x01\0\0\0\0\0\0\0x", b"M\x01\x02",
)  # fmt: skip
GLOBALS = (
    pk.glob("os", "system"), pk.named("os", "popen"), pk.glob("__builtin__", "eval"), pk.glob("collections", "deque"),
    pk.glob("a.b", "c.d"),
)  # fmt: skip
CONSUMERS = (
    (pk.TUPLE1, 1, 1), (pk.TUPLE2, 2, 1), (pk.TUPLE3, 3, 1), (pk.STACK_GLOBAL, 2, 1), (pk.REDUCE, 2, 1),
    (pk.NEWOBJ, 2, 1), (pk.NEWOBJ_EX, 3, 1), (pk.BUILD, 2, 1), (pk.APPEND, 2, 1), (pk.SETITEM, 3, 1), (pk.POP, 1, 0),
    (pk.DUP, 1, 2), (pk.BINPERSID, 1, 1), (pk.MEMOIZE, 1, 1), (pk.put(0), 1, 1), (pk.put(300), 1, 1), (b"p1\n", 1, 1),
)  # fmt: skip
MARKED = (pk.TUPLE, pk.LIST, pk.DICT, pk.FROZENSET, pk.POP_MARK, pk.OBJ, b"ios\nsystem\n")


def program(rng: random.Random) -> bytes:
    """A random stream in which most opcodes find what they need."""
    out, depth, marks, calls = [], 0, [], 0
    for _ in range(rng.randrange(4, 60)):
        kind = rng.random()
        if kind < 0.3:
            out.append(rng.choice(LITERALS))
            depth += 1
        elif kind < 0.45:
            out.append(rng.choice(GLOBALS) + pk.EMPTY_TUPLE + pk.REDUCE if rng.random() < 0.4 else rng.choice(GLOBALS))
            depth += 1
            calls += 1
        elif kind < 0.55:
            out.append(pk.MARK)
            marks.append(depth)
            depth = 0
        elif kind < 0.65 and marks:
            out.append(rng.choice(MARKED))
            depth = marks.pop() + (out[-1] != pk.POP_MARK)
        elif kind < 0.7:
            out.append(rng.choice((pk.get(0), pk.get(1), b"g0\n", pk.get(300), pk.proto(2), pk.proto(4))))
            depth += 1
        else:
            opcode, takes, gives = rng.choice(CONSUMERS)
            if depth >= takes or rng.random() < 0.03:
                out.append(opcode)
                depth += gives - takes
    return rng.choice((pk.proto(4), pk.proto(2), b"")) + b"".join(out) + rng.choice((pk.STOP, pk.STOP, b""))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2**64))
def test_the_walk_sees_every_name_that_an_unpickler_looks_up(oracle: Oracle, seed: int) -> None:
    data = program(random.Random(seed))
    assert not unseen(read(data), oracle.reached(data))


def test_random_programs_reach_deep_enough_to_mean_something(oracle: Oracle) -> None:
    programs = [program(random.Random(seed)) for seed in range(150)]
    reached = [oracle.reached(data) for data in programs]
    assert sum(bool(names) for names in reached) > 90
    assert not any(unseen(read(data), names) for data, names in zip(programs, reached, strict=True))


LINES = (
    b"I5\n", b"I01\n", b"I00\n", b"I007\n", b"I-3\n", b"g0\n", b"g1\n", b"g 1\n", b"g-1\n", b"p0\n", b"p1\n", b"p5\n", b"p007\n",
    b"(l", b"(d", b"(lp3\n", b"(dp4\n", b"a", b"s", b"N", b"(I1\nI2\nl", b"(S'a'\nI1\nd", b"F1.5\n", b"F1.5\0x\n",
    b"Va\\u0041\n", b"V\\x\n", b"V\xe9\n", b"(((", b"t", b"g5\n", b"(lI1\naI2\nag0\na", b"(dS'a'\nI1\nsS'b'\nNs",
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2**64))
def test_the_two_loops_of_the_walk_agree_and_see_what_an_unpickler_looks_up(oracle: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    data = program(rng)
    for _ in range(rng.randrange(8)):
        at = rng.randrange(len(data))
        data = data[:at] + rng.choice(LINES) + data[at:]
    walks = []
    for lines in (-1, pickle_machine.GLANCE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pickle_machine, "LINES", lines)
            walks.append(read(data))
    assert walks[0] == walks[1]
    result = walks[0]
    blocked = result.recognised and (result.anomalies or result.status is not Status.COMPLETE)
    assert blocked or not unseen(result, oracle.reached(data))


@pytest.mark.parametrize("name", [*STRUCTURES, *PARSING, *FILES])
def test_the_walk_sees_what_an_unpickler_looks_up_in_every_hostile_case(oracle: Oracle, name: str) -> None:
    data = DANGEROUS[name]
    result = read(data)
    if Oddity.FRAME not in {anomaly.kind for anomaly in result.anomalies}:
        assert not unseen(result, oracle.reached(data))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(PARSING) + sorted(STRUCTURES)), st.integers(0, 2**32), st.booleans())
def test_no_damage_hides_a_call_that_an_unpickler_still_makes(oracle: Oracle, name: str, seed: int, cut: bool) -> None:
    rng = random.Random(seed)
    data = bytearray(DANGEROUS[name])
    if cut:
        del data[rng.randrange(1, len(data)) :]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    result = read(bytes(data))
    reached = oracle.reached(bytes(data))
    hidden = unseen(result, reached)
    blocked = result.recognised and (result.anomalies or result.status is not Status.COMPLETE)
    assert not hidden or blocked
    if {("os", "system"), ("posix", "system")} & reached:
        assert looks_like_pickle(bytes(data))
