"""What an ONNX model says about itself."""

from __future__ import annotations

import time

import pytest

from fixtures.metadata import binary_onnx as build
from fixtures.metadata import binary_protobuf as pb
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import onnx
from gate.formats.onnx import External, Onnx, Operator, read_onnx
from gate.formats.port import Port
from tests.formats.hostile import Sparse, source, stands


def read(data):
    return read_onnx(source(data))


def test_a_model_is_read_whole():
    assert read(build.linear()) == Onnx(
        ir_version=10,
        producer_name="pytorch",
        producer_version="2.9.1",
        domain="org.example",
        model_version=7,
        graph="main",
        opsets=(("ai.onnx", 21),),
        properties=(("licence", "apache-2.0"), ("author", "a team")),
        inputs=(Port("x", "float32", ("batch", 4)),),
        outputs=(Port("y", "float32", ("batch", 3)),),
        operators=(Operator("ai.onnx", "Gemm", 1, 0),),
        functions=(),
        external=(),
        inline=2,
        outside=0,
        sparse=0,
        training=0,
        subgraphs=0,
        dtypes=(("float32", 15, 60),),
        parameters=15,
        repeated=(),
        problems=(),
    )


def test_outside_files_are_found_in_every_graph_and_attribute():
    found = read(build.elsewhere("../../etc/passwd", length="4000000", checksum="00"))
    assert found.external == (
        External("inner", "inner.bin", "4096", "", "", True),
        External("k", "../../etc/passwd", "", "4000000", "00", True),
        External("w", "../../etc/passwd", "", "4000000", "00", True),
    )
    assert (found.parameters, found.outside, found.inline, found.subgraphs) == (1_000_002, 3, 0, 1)


def test_outside_files_are_found_in_functions_training_and_sparse_tensors():
    w = build.tensor("w", [5], external=[("location", "f.bin")])
    v = build.tensor("v", [5], external=[("location", "s.bin")])
    i = build.tensor("i", [5], build.INT64, external=[("location", "i.bin")])
    body = [build.node("Constant", attributes=[build.attribute("value", tensor=w)])]
    sparse = pb.block(1, v) + pb.block(2, i)
    data = build.model(
        build.graph("g", sparse=[sparse]),
        more=build.function("local", "f", body) + pb.block(20, pb.block(2, build.graph("step", weights=[w]))),
    )
    found = read(data)
    assert [e.location for e in found.external] == ["s.bin", "i.bin", "f.bin", "f.bin"]
    assert (found.functions, found.training, found.sparse) == ((("local", "f"),), 1, 1)
    assert found.parameters == 10


def test_data_elsewhere_that_are_not_used_are_told():
    loose = pb.packed(1, 1) + build.pair(13, "location", "a.bin") + build.pair(13, "location", "b.bin")
    found = read(build.model(build.graph("g", weights=[loose])))
    assert [(e.location, e.used) for e in found.external] == [("a.bin", False), ("b.bin", False)]
    assert found.problems == (" says twice where its data lie",)


def test_operators_are_counted_with_their_seeds():
    seed = build.attribute("seed", value=3)
    nodes = [
        build.node("RandomNormal", attributes=[seed]),
        build.node("RandomNormal"),
        build.node("PyOp", domain="ai.onnx.contrib"),
    ]
    assert read(build.model(build.graph("g", nodes=nodes))).operators == (
        Operator("ai.onnx", "RandomNormal", 2, 1),
        Operator("ai.onnx.contrib", "PyOp", 1, 0),
    )


def test_inputs_with_a_value_are_weights_and_dimensions_may_be_loose():
    data = build.model(
        build.graph(
            "g",
            weights=[build.tensor("w", [2, 3], loose=True)],
            inputs=[
                build.port("x", build.tensor_type(build.FLOAT, None)),
                build.port("w", build.tensor_type(build.FLOAT, [2, 3])),
                build.port("n", build.tensor_type(build.INT64, [])),
                build.port("any", build.tensor_type(99, [-1, None])),
            ],
        ),
        ir=3,
    )
    assert read(data).inputs == (
        Port("x", "float32", None),
        Port("n", "int64", ()),
        Port("any", "99", (None, None)),
    )


def test_types_may_hold_types():
    tensor = build.tensor_type(build.FLOAT, [1])
    kinds = {
        "seq": (pb.block(4, pb.block(1, tensor)), "sequence<float32>", False),
        "map": (pb.block(5, pb.integer(1, 8) + pb.block(2, tensor)), "map<string,float32>", False),
        "opt": (pb.block(9, pb.block(1, pb.block(4, pb.block(1, tensor)))), "optional<sequence<float32>>", True),
        "opaque": (pb.block(7, pb.block(2, "x")), "opaque", False),
    }
    ports = [build.port(name, kind) for name, (kind, _, _) in kinds.items()]
    found = read(build.model(build.graph("g", inputs=ports))).inputs
    assert [(p.name, p.dtype, p.shape, p.optional) for p in found] == [
        (name, text, None, optional) for name, (_, text, optional) in kinds.items()
    ]


def test_fields_that_were_appended_are_told():
    data = build.linear() + pb.block(2, "another") + pb.integer(1, 99) + pb.block(7, pb.block(1, build.node("Evil")))
    found = read(data)
    assert found.repeated == ("producer_name", "ir_version", "graph")
    assert (found.producer_name, found.ir_version) == ("another", 99)
    assert [o.name for o in found.operators] == ["Evil", "Gemm"]


def test_opsets_of_functions_count_and_properties_may_repeat():
    more = build.function("d", "f", [], [("com.microsoft", 1), ("", 21)])
    found = read(build.model(build.graph("g"), properties=[("license", "mit"), ("license", "gpl")], more=more))
    assert found.opsets == (("ai.onnx", 21), ("com.microsoft", 1))
    assert found.properties == (("license", "mit"), ("license", "gpl"))


@pytest.mark.parametrize("dims", [[-1], [2**40, 2**40], [2**62, 2]])
def test_sizes_that_cannot_be_are_told(dims):
    found = read(build.model(build.graph("g", weights=[build.tensor("w", dims)])))
    assert (found.problems, found.parameters) == (("w has no possible size",), 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pb.integer(1, 8),
        pb.block(7, b""),
        build.endless(),
        b"\x80\x02}q\x00.",
        pb.integer(1, 8) + pb.block(7, b"\x0a"),
    ],
)
def test_what_is_no_model_is_a_format_error(data):
    with pytest.raises(FormatError):
        read(data)


def test_a_tensor_of_countless_dimensions_is_a_format_error():
    with pytest.raises(FormatError):
        read(build.model(build.graph("g", weights=[build.tensor("w", [1] * 65)])))


def test_depth_is_bounded():
    assert read(build.nested(30)).subgraphs == 30
    for depth in (40, 5000):
        with pytest.raises(NotExamined) as error:
            read(build.nested(depth))
        assert error.value.reason is GapReason.TOO_DEEP


def test_numbers_of_things_are_bounded(monkeypatch):
    monkeypatch.setattr(onnx, "ITEMS", 3)
    nodes = [build.node(f"op{i}") for i in range(4)]
    assert len(read(build.model(build.graph("g", nodes=nodes[:3]))).operators) == 3
    for data in (
        build.model(build.graph("g", nodes=nodes)),
        build.model(build.graph("g"), properties=[("a", "b")] * 4),
        build.model(build.graph("g"), opsets=[("", i) for i in range(4)]),
        build.model(build.graph("g"), more=build.function("d", "f", []) * 4),
    ):
        with pytest.raises(NotExamined) as error:
            read(data)
        assert error.value.reason is GapReason.TOO_MANY


def test_tensors_are_not_read():
    weights, parts, size = 700, [], 2_500_000
    at = 0
    body = b""
    for i in range(weights):  # one payload of zeros in each, which the sparse file does not hold
        head = pb.packed(1, size // 4) + pb.integer(2, 1) + pb.block(8, f"w{i}") + pb.tag(9, 2) + pb.varint(size)
        head = pb.tag(5, 2) + pb.varint(len(head) + size) + head
        parts.append((at, head))
        at += len(head) + size
    prefix = pb.integer(1, 10) + pb.tag(7, 2) + pb.varint(at)
    large = Sparse(len(prefix) + at, (0, prefix), *((len(prefix) + start, head) for start, head in parts))
    found = read_onnx(large)
    assert (found.parameters, found.inline, large.size > 1.7e9) == (weights * size // 4, weights, True)
    assert large.read <= weights * 1024 + 65_536 and body == b""


def test_hostile_bytes_raise_nothing_else():
    data = build.elsewhere() + build.function("d", "f", [build.node("Add")])
    begun = time.process_time()
    assert stands(read_onnx, data) > 0
    assert stands(read_onnx, build.linear()) > 0
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("name", ["linear"])
def test_the_library_reads_the_same(name, tmp_path):
    """Only where onnx is installed."""
    library = pytest.importorskip("onnx")
    model = library.load_model_from_string(getattr(build, name)())
    library.checker.check_model(model)
    found = read(model.SerializeToString())
    assert found.producer_name == model.producer_name
    assert found.opsets == tuple((o.domain or "ai.onnx", o.version) for o in model.opset_import)
    assert found.properties == tuple((p.key, p.value) for p in model.metadata_props)
    assert [p.name for p in found.inputs] == [p.name for p in model.graph.input]
