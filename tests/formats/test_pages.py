"""Small reads at any offset."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Forward
from gate.core.errors import FormatError, NotExamined
from gate.core.limits import Limits
from gate.formats.pages import LARGEST, Pages
from tests.formats.hostile import Sparse, source

DATA = bytes(range(256)) * 1000


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, len(DATA)), st.integers(0, 3000)), max_size=30))
def test_any_reads_give_the_bytes_that_are_there(reads):
    pages = Pages(source(DATA), "test")
    for offset, n in reads:
        assert pages.upto(offset, n) == DATA[offset : offset + n]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 3000), max_size=60))
def test_reading_forward_never_makes_the_source_go_back(steps):
    pages = Pages(Forward(lambda: iter([DATA]), len(DATA), Budget(Limits())), "test")
    at = 0
    for step in steps:
        assert pages.take(at, step) == DATA[at : at + step]
        at += step


def test_small_reads_are_joined_and_jumps_are_cheap():
    given = Sparse(10**12)
    pages = Pages(given, "test")
    pages.take(0, 4)
    pages.take(10**9, 4)
    assert given.read == 1024
    for at in range(10**11, 10**11 + 10**6, 10):
        pages.take(at, 10)
    assert given.read < 1024 + 10**6 + 2 * LARGEST


@pytest.mark.parametrize(("offset", "n"), [(-1, 2), (0, -1), (5, 6), (2**64, 1), (0, 2**64), (11, 0)])
def test_what_lies_outside_is_a_format_error(offset, n):
    with pytest.raises(FormatError):
        Pages(source(bytes(10)), "test").take(offset, n)


def test_a_source_that_ends_early_is_a_format_error():
    with pytest.raises(FormatError):
        Pages(Forward(lambda: iter([b"ab"]), 10, Budget(Limits())), "test").take(0, 4)


def test_a_value_without_end_is_not_read():
    with pytest.raises(NotExamined):
        Pages(Sparse(10**12), "test").take(0, 2**30)


def test_numbers_have_an_order():
    pages = Pages(source(b"\x01\x02\x03"), "test")
    assert (pages.number(0, 2), pages.number(0, 2, "big")) == (0x201, 0x102)
