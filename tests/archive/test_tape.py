import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Memory, whole
from gate.archive.tape import Tape
from gate.core.limits import Limits

DATA = bytes(range(256)) * 200


def tapes():
    jumping = Tape(Memory(DATA, Budget(Limits())))
    forward = Tape(None, iter([DATA[i : i + 7000] for i in range(0, len(DATA), 7000)]))
    return jumping, forward


steps = st.lists(st.tuples(st.sampled_from(["take", "skip", "blocks"]), st.integers(0, 20_000)), max_size=12)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps)
def test_both_kinds_of_tape_give_the_same_bytes_in_order(plan):
    for tape in tapes():
        at = 0
        for step, n in plan:
            if step == "skip":
                tape.skip_to(at + n)
                at += n
                continue
            got = tape.take(n) if step == "take" else b"".join(tape.blocks(n))
            assert got == DATA[at : at + n]
            at += len(got)
            if len(got) < n:
                break
            assert tape.at == at


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 60_000), st.integers(0, 60_000), st.integers(0, 2000))
def test_a_window_is_what_follows_and_the_tape_stays(at, n, before):
    tape = tapes()[0]
    tape.take(before)
    tape.skip_to(before + at)
    window = tape.window(n)
    assert window is not None
    expected = DATA[before + at : before + at + n]
    assert whole(window, len(DATA)) == expected
    assert tape.at == before + at
    assert tape.take(10) == DATA[before + at :][:10]


def test_a_stream_has_no_windows():
    assert tapes()[1].window(10) is None


def test_only_the_last_window_covers():
    tape = tapes()[0]
    tape.take(100)
    tape.window(50)
    assert tape.covers(100, 150) and tape.covers(120, 121)
    assert not tape.covers(99, 150) and not tape.covers(100, 151)
    tape.skip_to(1000)
    tape.window(1)
    assert not tape.covers(100, 150)


@pytest.mark.parametrize("kind", [0, 1])
def test_the_end_is_short(kind):
    tape = tapes()[kind]
    tape.skip_to(len(DATA) - 3)
    assert tape.take(10) == DATA[-3:]
    assert tape.take(10) == b""
    tape.skip_to(10 * len(DATA))
    assert tape.take(1) == b""


def test_what_is_taken_or_skipped_of_a_stream_is_told_and_blocks_are_not():
    told = []
    tape = Tape(None, iter([DATA]), told.append)
    tape.take(100)
    tape.skip_to(500)
    assert sum(told) == 500
    assert len(b"".join(tape.blocks(50))) == 50
    assert sum(told) == 500
