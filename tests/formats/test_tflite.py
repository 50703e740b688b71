"""TensorFlow Lite models, and the flatbuffers that they are."""

from __future__ import annotations

import struct

import pytest

from fixtures.metadata import binary_flatbuffer as fb
from fixtures.metadata import binary_tflite as build
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import flatbuffer
from gate.formats.flatbuffer import Flatbuffer
from gate.formats.port import Port
from gate.formats.tflite import LiteOperator, LiteSignature, Tflite, read_tflite
from tests.formats.hostile import Sparse, source, stands


def read(data):
    return read_tflite(source(data))


def test_a_model_is_read_whole():
    assert read(build.model()) == Tflite(
        version=3,
        description="MLIR Converted.",
        metadata=("min_runtime_version", "TFLITE_METADATA"),
        min_runtime_version="2.18.0",
        operators=(LiteOperator(9, "", 1, 1),),
        subgraphs=("main",),
        inputs=(Port("x", "float32", (None, 3)),),
        outputs=(Port("y", "float32", (1, 2)),),
        signatures=(
            LiteSignature("serving_default", (Port("in", "float32", (None, 3)),), (Port("out", "float32", (1, 2)),)),
        ),
        dtypes=(("float32", 6),),
        parameters=6,
    )


def test_custom_operators_are_named_and_counted():
    found = read(build.model([build.operator(32, "FlexReadFile"), build.operator(150)], nodes=[0, 0, 1]))
    assert found.operators == (LiteOperator(32, "FlexReadFile", 1, 2), LiteOperator(150, "", 1, 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(100),
        b"\xff\xff\xff\xffTFL3" + bytes(20),
        fb.buffer(fb.Table({}), b"TFL3"),
        build.model([build.operator(32)]),
        build.model(nodes=[7]),
        build.model(outputs=[99]),
        build.model(outputs=[-1]),
    ],
)
def test_what_is_no_model_is_a_format_error(data):
    with pytest.raises(FormatError):
        read(data)


def test_tables_may_overlap_but_not_without_end(monkeypatch):
    graph = fb.Table({0: [build.tensor("x", [1])] * 3, 1: [0], 2: [0]})
    data = fb.buffer(fb.Table({2: [graph, graph], 4: [fb.Table({})]}), b"TFL3")
    count = len(read(data).subgraphs)
    assert count == 2
    monkeypatch.setattr(flatbuffer, "TABLES", 9)
    with pytest.raises(NotExamined) as error:
        read(data)
    assert error.value.reason is GapReason.TOO_MANY


def test_a_vector_that_points_at_its_own_table_ends():
    data = bytearray(fb.buffer(fb.Table({2: [fb.Table({})] * 4}), b"TFL3"))
    root = Flatbuffer(source(bytes(data)), "test").root()
    at, count = root.vector(2, 4)
    for k in range(count):
        struct.pack_into("<I", data, at + 4 * k, (root.at - at - 4 * k) % 2**32)
    with pytest.raises(FormatError):  # offsets are not signed: nothing can point back
        read(bytes(data))


def test_a_vector_without_end_is_a_format_error():
    data = bytearray(build.model())
    root = Flatbuffer(source(bytes(data)), "test").root()
    at, _ = root.vector(4, 4)
    for count in (2**32 - 1, 10**6):
        struct.pack_into("<I", data, at - 4, count)
        with pytest.raises(FormatError):
            read(bytes(data))
    large = Sparse(10**10, (0, bytes(data[: at - 4]) + struct.pack("<I", 2 * 10**6) + bytes(data[at:])))
    with pytest.raises(NotExamined):
        read_tflite(large)


def test_fields_that_are_absent_have_their_default():
    table = Flatbuffer(source(fb.buffer(fb.Table({1: fb.u32(7)}))), "test").root()
    assert (table.number(1, 4), table.number(0, 4), table.number(9, 4, default=5)) == (7, 0, 5)
    assert (table.text(0), table.child(0), list(table.tables(3)), table.integers(4, 9)) == ("", None, [], ())


def test_weights_are_not_read():
    model = build.model()
    large = Sparse(10**9, (0, model))
    assert read_tflite(large).parameters == 6
    assert large.read < 65_536 + len(model)


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_tflite, build.model()) > 0


def test_the_library_writes_the_same(monkeypatch):
    """Only where tensorflow is installed."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    tf = pytest.importorskip("tensorflow")

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
        def f(self, x):
            return {"y": tf.linalg.matmul(x, tf.reshape(tf.range(6, dtype=tf.float32), (3, 2)))}

    module = Module()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    data = converter.convert()
    found = read(data)
    other = tf.lite.Interpreter(model_content=data)
    assert [p.dtype for p in found.inputs] == [d["dtype"].__name__ for d in other.get_input_details()]
    assert [p.name for p in found.inputs] == [d["name"] for d in other.get_input_details()]
    assert [list(p.shape) for p in found.inputs] == [[None, 3]]
    assert [s.name for s in found.signatures] == list(other.get_signature_list())
    assert found.parameters >= 6 and all(not o.custom for o in found.operators)
