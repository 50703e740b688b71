"""Hostile pickles that are cut off or damaged never become clean; test_pickle_scorecard.py has the classes of bypass.

Sources: the advisories of picklescan, fickling and modelscan, arXiv 2508.19774 (gadgets), arXiv 2605.15084 (parser
discrepancies), arXiv 2607.17503 (BUILD), CPython issue 154848 (frames).
"""

import random

import pytest

from fixtures.serialization.malicious import PARSING, STRUCTURES
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.inspectors.serialization import inspector


def blocked(data: bytes) -> list[Finding | Gap]:
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member("x", Entry(b"x", None, window=Memory(data, budget)), budget)
    if inspector.wants(member) is None:
        return []
    return [item for item in inspector.inspect(member) if isinstance(item, Finding | Gap)]


@pytest.mark.parametrize(
    "name", ["protocol-0", "inst", "obj", "hidden-in-dict", "no-proto", "latin-string", "frame-short"]
)
def test_no_cut_and_no_flipped_bit_makes_a_call_that_still_happens_clean(name: str) -> None:
    data = {**STRUCTURES, **PARSING}[name]
    sink = data.index(b"system") + len(b"system")
    after = data.index(b"R", sink) + 1 if b"R" in data[sink:] else len(data) - 1
    rng = random.Random(1)
    for _ in range(50):
        cut = rng.randrange(after, len(data) + 1)
        assert blocked(data[:cut])
        spot = rng.randrange(after, len(data))
        damaged = bytearray(data)
        damaged[spot] ^= 1 << rng.randrange(8)
        assert blocked(bytes(damaged))


def test_tuples_nested_deeper_than_any_stack_as_a_key_do_not_crash_the_walk() -> None:
    data = b"\x80\x04})" + b"\x85" * 300_000 + b"Ns."
    assert blocked(data) == []
