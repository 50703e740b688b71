import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import BLOCK, Forward, Memory, Window, blocks, whole
from gate.core.errors import FormatError, NotExamined, Spent
from gate.core.limits import Limits

DATA = bytes(range(256)) * 40


@pytest.fixture
def window(budget):
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + DATA + b"behind")
        file.flush()
        yield Window(file.fileno(), 6, len(DATA), budget)


def forward(data, budget, size=1000):
    return Forward(lambda: iter([data[i : i + size] for i in range(0, len(data), size)]), len(data), budget)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(-5, len(DATA) + 5) | st.sampled_from([2**63, 2**64, -(2**70)]), st.integers(-2, 600) | st.just(2**70)
)
def test_a_read_is_a_slice_and_empty_outside(offset, n):
    budget = Budget(Limits())
    expected = DATA[offset : offset + n] if offset >= 0 and n > 0 else b""
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + DATA + b"behind")
        file.flush()
        assert Window(file.fileno(), 6, len(DATA), budget).read_at(offset, n) == expected
    assert Memory(DATA, budget).read_at(offset, n) == expected


def test_windows_of_windows_are_parts(window):
    part = window.window(10, 100).window(5, 20)
    assert (part.size, part.read_at(0, 99)) == (20, DATA[15:35])
    assert window.hold(b"here").read_at(0, 9) == b"here"


@pytest.mark.parametrize(("offset", "n"), [(-1, 1), (0, -1), (0, len(DATA) + 1), (len(DATA), 1), (2**64, 0)])
def test_a_window_that_does_not_lie_inside_is_an_error(window, source, offset, n):
    for s in (window, source(DATA)):
        with pytest.raises(FormatError):
            s.window(offset, n)


def test_reads_are_charged(window, budget):
    window.read_at(0, 100)
    window.hold(b"12345").read_at(0, 5)
    assert budget.bytes == 105
    budget.cap = 110
    with pytest.raises(Spent):
        window.read_at(0, 6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3000)), max_size=12), st.integers(1, 4000))
def test_forward_reads_are_slices_as_long_as_they_go_forward(steps, size):
    budget, at = Budget(Limits()), 0
    source = forward(DATA, budget, size)
    for gap, n in steps:
        at += gap
        got = source.read_at(at, n)
        assert got == DATA[at : at + n]
        at += len(got)
    assert budget.bytes <= len(DATA)


def test_forward_refuses_to_go_back_and_to_be_jumped_in(budget):
    source = forward(DATA, budget)
    source.read_at(100, 10)
    with pytest.raises(RuntimeError, match=r"Need\.SEEK"):
        source.read_at(109, 1)
    with pytest.raises(RuntimeError, match=r"Need\.SEEK"):
        source.window(0, 1)


def test_forward_begins_again_for_the_next_reader(budget):
    source = forward(DATA, budget)
    source.read_at(500, 10)
    assert source.again().read_at(0, 10) == DATA[:10]


def test_small_forward_reads_do_not_copy_the_block_each_time(budget):
    data = bytes(BLOCK)
    source = forward(data, budget, BLOCK)
    assert sum(len(source.read_at(i, 1)) for i in range(20_000)) == 20_000
    held = source._held
    source.read_at(20_000, 1)
    assert source._held is held


def test_blocks_are_everything_in_order(window, budget):
    big = Memory(bytes(BLOCK + 5), budget)
    assert [len(block) for block in blocks(big)] == [BLOCK, 5]
    assert b"".join(blocks(window, 7)) == DATA[7:]


def test_a_source_that_ends_early_is_damaged(budget):
    with tempfile.TemporaryFile() as file:
        file.write(DATA)
        file.flush()
        source = Window(file.fileno(), 0, len(DATA), budget)
        os.truncate(file.fileno(), 100)
        with pytest.raises(FormatError, match="ends after 100"):
            list(blocks(source))


def test_whole_has_a_limit(source):
    assert whole(source(DATA), len(DATA)) == DATA
    with pytest.raises(NotExamined) as error:
        whole(source(DATA), len(DATA) - 1)
    assert error.value.reason == "too-large"


def test_limits_and_ticks_come_from_the_budget(window, source, budget):
    for s in (window, source(b""), forward(b"", budget)):
        assert s.limits is budget.limits
        s.tick()
        assert s.hold(b"a").size == 1
    assert forward(b"abc", budget).size == 3
