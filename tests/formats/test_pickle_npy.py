"""Arrays of objects in .npy files."""

import pytest

from fixtures.serialization import assembler as pk
from fixtures.serialization.benign import numpy_array
from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.pickle_npy import objects_start, walk_objects


def test_an_array_of_numbers_holds_no_pickle() -> None:
    assert objects_start(numpy_array()) is None


@pytest.mark.parametrize(
    "descr", ["'|O'", "[('a', '<f4'), ('b', '|O')]", "[('a', [('b', '|O', (2,))])]", "('|O', (2,))"]
)
def test_objects_anywhere_in_the_type_are_found(descr: str) -> None:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1L,), }}".ljust(118).encode()
    assert objects_start(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header) == 10 + len(header)


def test_offsets_are_those_of_the_file_and_reading_is_forward() -> None:
    data = numpy_array(pk.pickle(pk.system(), version=3))
    budget = Budget(Limits())
    result = walk_objects(Forward(lambda: iter([data]), len(data), budget))
    assert result == walk_objects(Memory(data, budget))
    assert data[result.uses[-1].start : result.uses[-1].end] == pk.REDUCE


@pytest.mark.parametrize(
    "head",
    [
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + b" " * 20,
        numpy_array().replace(b"'<f8'", b"f<8(("),
        numpy_array()[:50],
        b"\x93NUMPY\x01\x00\x40\x00" + b"(" * 64,
        b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': 5.5}  ",
    ],
)
def test_a_broken_header_is_a_format_error(head: bytes) -> None:
    with pytest.raises(FormatError):
        objects_start(head)
