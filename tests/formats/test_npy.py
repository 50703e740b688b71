"""The header of a .npy file."""

from __future__ import annotations

import pytest

from fixtures.metadata.binary_npy import npy
from gate.core.errors import FormatError
from gate.formats.npy import Npy, read_npy
from tests.formats.hostile import Sparse, source, stands


def read(data):
    return read_npy(source(data))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_array_is_described(version):
    found = read(npy(version=version))
    assert found == Npy("<f4", (2, 3), False, False, 24, 128 if version == 1 else 130)
    assert found.elements == 6


@pytest.mark.parametrize(
    ("descr", "shape", "size", "dtype", "objects"),
    [
        ("'<U5'", "(3,)", 60, "<U5", False),
        ("'|b1'", "()", 1, "|b1", False),
        ("'<M8[ns]'", "(2,)", 16, "<M8[ns]", False),
        ("'|O'", "(2,)", 0, "|O", True),
        ("[('a', '<f4'), ('b', '|O')]", "(2L,)", 0, "record", True),
        ("[('a', '<f4')]", "(2,)", 0, "record", False),
    ],
)
def test_types_have_a_size(descr, shape, size, dtype, objects):
    found = read(npy(descr, shape, bytes(size)))
    assert (found.size, found.dtype, found.objects) == (size, dtype, objects)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        npy(data=bytes(23)),
        npy(data=bytes(25)),
        npy(shape="[2, 3]"),
        npy(shape="(-1,)"),
        npy(shape="(True, 24)"),
        npy(shape="(2.0, 3)"),
        npy(shape="(2**70,)"),
        npy(shape="(" + "1," * 65 + ")"),
        npy("5"),
        npy("{'a'}"),
        b"\x93NUMPX" + npy()[6:],
    ],
)
def test_what_does_not_describe_its_bytes_is_a_format_error(data):
    with pytest.raises(FormatError):
        read(data)


def test_a_large_array_costs_its_header():
    head = npy(shape="(1000000, 1000)", data=b"")
    large = Sparse(len(head) + 4 * 10**9, (0, head))
    assert (read_npy(large).elements, large.read) == (10**9, 65_536)


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_npy, npy(data=bytes(24))) > 0


def test_the_library_writes_the_same(tmp_path):
    """Only where numpy is installed."""
    numpy = pytest.importorskip("numpy")
    for array in (
        numpy.zeros((2, 3), numpy.int16),
        numpy.zeros(5, "<U3"),
        numpy.zeros(4, [("a", "f4")]),
        numpy.array(1),
    ):
        numpy.save(tmp_path / "a.npy", array)
        found = read((tmp_path / "a.npy").read_bytes())
        assert (found.shape, found.elements) == (array.shape, array.size)
        assert found.dtype in (array.dtype.str, "record")
