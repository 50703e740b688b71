import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import safetensors
from gate.formats.safetensors import BITS, Tensor, begins, read_safetensors


def file(header, data=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return len(text).to_bytes(8, "little") + text + data


def source(data):
    return Memory(data, Budget(Limits()))


def test_the_header_says_what_is_where():
    header = {
        "__metadata__": {"format": "pt", "modelspec.license": "mit"},
        "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
        "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
    }
    found = read_safetensors(source(file(header, bytes(16))))
    assert found.metadata == (("format", "pt"), ("modelspec.license", "mit"))
    assert found.tensors == (Tensor("a", "F32", (), 0, 4), Tensor("b", "BF16", (2, 3), 4, 16))
    assert (found.header_bytes, found.problems, found.unknown) == (len(json.dumps(header)), (), ())
    assert (found.dtypes, found.parameters) == ((("BF16", 6, 12), ("F32", 1, 4)), 7)


def test_a_shape_that_cannot_be_counts_by_its_bytes():
    header = {"w": {"dtype": "U8", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}
    found = read_safetensors(source(file(header, bytes(4))))
    assert (found.dtypes, found.parameters, len(found.problems)) == ((("U8", 0, 4),), 0, 1)


@pytest.mark.parametrize("dtype", BITS)
def test_every_dtype_has_its_size(dtype):
    header = {"w": {"dtype": dtype, "shape": [8], "data_offsets": [0, BITS[dtype]]}}
    assert read_safetensors(source(file(header, bytes(BITS[dtype])))).problems == ()


def test_it_reads_forward_and_no_further_than_the_header():
    data = file({}, b"")

    def endless():
        yield data
        raise AssertionError("weights are not read")

    found = read_safetensors(Forward(endless, len(data) + 10**12, Budget(Limits())))
    assert found.problems == (f"the tensors end at byte 0 of {10**12} bytes of data",)


@pytest.mark.parametrize(
    "data", [b"", b"\x02\0\0", b"\xff" * 8, (3).to_bytes(8, "little") + b"{}", file(b"[]"), file(b"\xff\xff")]
)
def test_what_is_none_is_a_format_error(data):
    with pytest.raises(FormatError):
        read_safetensors(source(data))


def test_a_header_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(safetensors, "BYTES", 10)
    with pytest.raises(NotExamined) as error:
        read_safetensors(source(file({"__metadata__": {}})))
    assert error.value.reason is GapReason.TOO_LARGE


def test_problems_are_named_up_to_a_bound():
    header = {f"w{i}": None for i in range(1000)}
    assert len(read_safetensors(source(file(header))).problems) == 20


def test_it_is_known_by_its_first_bytes():
    assert begins(file({"a": 1})) and begins(file(b'{ \n"a":1}')) and begins(file({}))
    assert (
        not begins(b"")
        and not begins(file(b"[1]"))
        and not begins(b"\xff" * 8 + b'{"a"')
        and not begins(b'{"a": {"b": 1}}')
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_a_permutation_of_tiles_fits_and_any_other_offset_does_not(data):
    sizes = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=6))
    at, rows = 0, []
    for i, size in enumerate(sizes):
        rows.append((f"w{i}", {"dtype": "U8", "shape": [size], "data_offsets": [at, at + size]}))
        at += size
    header = dict(data.draw(st.permutations(rows)))
    assert read_safetensors(source(file(header, bytes(at)))).problems == ()
    broken = data.draw(st.sampled_from([row for _, row in rows]))
    side, by = data.draw(st.integers(0, 1)), data.draw(st.integers(1, 5))
    broken["data_offsets"][side] += by
    assert read_safetensors(source(file(header, bytes(at)))).problems
