"""How many weights a file holds, by its header."""

import pytest

from fixtures.metadata import binary_gguf, binary_npy, binary_onnx
from gate.core.errors import FormatError
from gate.formats.model_document import model_document
from gate.formats.weights import MOST, Measured, dtype, measured, measured_npy
from tests.formats.hostile import source


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("F32", "float32"), ("fp16", "float16"), ("f64", "float64"), ("BF16", "bfloat16"), ("float32", "float32")),
        *(("I8", "int8"), ("u4", "uint4"), ("BOOL", "bool"), ("F8_E4M3", "float8_e4m3"), ("C64", "complex64")),
        *(("Q4_K", "q4_k"), ("IQ2_XS", "iq2_xs"), ("MXFP4", "mxfp4"), ("string", "string"), ("float", "float")),
    ],
)
def test_types_have_one_name_in_all_formats(name, known):
    assert dtype(name) == known


@pytest.mark.parametrize(
    ("said", "bytes_"),
    [
        ({"dtypes": {"F32": 3, "I4": 3}}, 12 + 2),
        ({"dtypes": {"Q4_0": 32}, "bytes": {"Q4_0": 18}}, 18),
        ({"dtypes": {"Q4_0": 32}}, -1),
        ({"dtypes": {"compound": 2, "float32": 1}}, -1),
        ({"dtypes": {"string": 2, "float32": 1}}, 4),
        ({"dtypes": {"F32": 2**70}}, MOST),
        ({"dtypes": {"F32": "many"}}, -1),
        ({}, -1),
    ],
)
def test_bytes_are_known_where_each_type_has_a_size(said, bytes_):
    assert measured(said).tensors == bytes_


def test_headers_say_how_many_there_are():
    assert measured(model_document("onnx", source(binary_onnx.linear())).value) == Measured(15, 60, ("float32",))
    file = model_document("gguf", source(binary_gguf.model())).value
    assert measured(file).parameters > 0


@pytest.mark.parametrize(
    ("descr", "shape", "expected"),
    [
        ("'<f4'", "(2, 3)", Measured(6, 24, ("float32",))),
        ("'|b1'", "()", Measured(1, 1, ("bool",))),
        ("'>c16'", "(2,)", Measured(2, 32, ("complex128",))),
        ("'|O'", "(2,)", Measured()),
        ("[('a', '<f4')]", "(2,)", Measured()),
        ("'<U8'", "(2,)", Measured()),
        ("'<f4'", "(-1,)", Measured()),
        ("'<f8'", f"({2**62}, {2**62})", Measured(MOST, MOST, ("float64",))),
    ],
)
def test_an_array_by_its_header(descr, shape, expected):
    assert measured_npy(binary_npy.npy(descr, shape, b"")) == expected


def test_no_array_at_all():
    with pytest.raises(FormatError):
        measured_npy(b"\x93NUMPY\x01\0\x10\0{broken")
