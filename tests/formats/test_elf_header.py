"""The headers of ELF files, and how long a file must be for them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.native.elf import AARCH64, REL, Elf
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.elf_header import read


def header(data):
    return read(lambda offset, n: data[offset : offset + n])


@pytest.mark.parametrize(("bits", "order"), [(64, "little"), (64, "big"), (32, "little"), (32, "big")])
def test_both_classes_and_byte_orders_are_read(bits, order):
    data = Elf(bits=bits, order=order, machine=AARCH64).build()
    found = header(data)
    assert (found.type, found.machine, found.bits, found.order) == (3, AARCH64, bits, order)
    assert (found.sections, found.end) == (6, len(data))
    assert [segment.kind for segment in found.segments][:3] == [1, 1, 2]
    assert not found.stripped_of_code


def test_a_file_without_section_headers_ends_with_its_last_segment():
    data = Elf(sections=False).build()
    assert (header(data).sections, header(data).end) == (0, len(data))


def test_an_object_file_is_as_long_as_its_section_table():
    assert header(Elf(type=REL).build()).segments == ()


def test_a_number_of_sections_that_does_not_fit_is_in_the_first_section():
    data = bytearray(Elf().build())
    at = struct.unpack_from("<Q", data, 40)[0]
    struct.pack_into("<H", data, 60, 0)
    struct.pack_into("<Q", data, at + 32, 2**32)
    assert header(bytes(data)).sections == 2**32
    assert header(bytes(data)).end > 2**32 * 64


def test_the_companion_with_debug_information_has_nothing_to_run():
    data = bytearray(Elf().build())
    for at in (64, 64 + 56, 64 + 2 * 56):  # code, data and dynamic segment have no bytes in the file
        struct.pack_into("<Q", data, at + 32, 0)
    assert header(bytes(data)).stripped_of_code


def test_program_headers_without_end_are_not_read():
    data = bytearray(Elf().build())
    struct.pack_into("<H", data, 56, 65535)
    with pytest.raises(NotExamined) as error:
        header(bytes(data))
    assert error.value.reason is GapReason.TOO_MANY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"\x7fELF" + bytes(60),
        b"\x7fELF\x02\x01" + bytes(46),
        b"\x7fELF\x03\x01" + bytes(60),
        b"\x7fELF\x02\x03" + bytes(60),
    ],
)
def test_what_is_no_elf_file_is_a_format_error(data):
    with pytest.raises(FormatError):
        header(data)


@given(st.binary(min_size=64, max_size=400))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_give_headers_or_are_not_examined(data):
    for start in (b"\x7fELF\x02\x01", b"\x7fELF\x01\x02"):
        try:
            found = header(start + data[6:])
        except NotExamined:
            continue
        assert found.end >= 0
