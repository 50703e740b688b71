"""Files that show readers another library than loaders."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn.elf import shared_object
from fixtures.native.elf import Elf
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats import elf_header
from gate.formats.elf_loading import ENTRIES, difference

LIBRARY = Elf(needed=["libevil.so"], soname="libx.so", runpath="$ORIGIN")
CODE, DATA, DYNAMIC, STACK = (64 + 56 * n for n in range(4))
"""Where the program headers of a fixture begin."""


def seen(data):
    def read_at(offset, n):
        return bytes(data[offset : offset + n])

    return difference(read_at, elf_header.read(read_at))


def changed(at, *values, shape="<Q"):
    data = bytearray(LIBRARY.build() + bytes(8192))
    struct.pack_into(shape, data, at, *values)
    return data


@pytest.mark.parametrize(("bits", "order"), [(64, "little"), (64, "big"), (32, "little"), (32, "big")])
def test_an_ordinary_library_is_the_same_for_both(bits, order):
    assert seen(Elf(needed=["a", "b"], bits=bits, order=order).build()) == ""
    assert seen(shared_object()) == ""


def test_a_program_without_a_dynamic_segment_is_the_same_for_both():
    assert seen(changed(DYNAMIC, 4, shape="<L")) == ""


def test_a_decoy_at_another_offset_is_seen():
    assert "not where it is loaded from" in seen(changed(DYNAMIC + 8, 0x1800))


def test_a_dynamic_segment_that_nothing_loads_is_seen():
    assert "not where it is loaded from" in seen(changed(DYNAMIC + 16, 0x900000))


def test_a_second_dynamic_segment_is_seen():
    assert "two dynamic segments" in seen(changed(STACK, 2, shape="<L"))


def test_a_table_that_goes_on_behind_its_segment_is_seen():
    assert "goes on behind" in seen(changed(DYNAMIC + 32, 16))


def test_a_segment_that_is_loaded_over_another_is_seen():
    assert "over each other" in seen(changed(CODE + 40, 0x5000))  # the memory of the first reaches into the second


@pytest.mark.parametrize(("tag", "name"), [(5, "STRTAB"), (14, "SONAME"), (29, "RUNPATH"), (0x6FFFFFFE, "VERNEED")])
def test_an_entry_of_which_loaders_take_the_last_is_seen(tag, name):
    data = bytearray(LIBRARY.build())
    table = struct.unpack_from("<Q", data, DYNAMIC + 8)[0]
    struct.pack_into("<Q", data, table + 16 * 6, tag)
    struct.pack_into("<Q", data, table + 16 * 7, tag)
    assert seen(data) == f"it has {name} twice"


def test_a_table_that_parsers_read_half_of_is_not_examined():
    assert seen(Elf(needed=["a"] * (ENTRIES - 50)).build()) == ""
    with pytest.raises(NotExamined) as error:
        seen(Elf(needed=["a"] * ENTRIES).build())
    assert error.value.reason is GapReason.TOO_MANY


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_change_is_the_same_or_told_or_not_examined(changes):
    data = bytearray(LIBRARY.build())
    for at, value in changes:
        data[at] = value
    with suppress(NotExamined):
        assert isinstance(seen(data), str)
