"""A TensorFlow SavedModel and the files beside it."""

from __future__ import annotations

import pytest

from fixtures.metadata import binary_protobuf as pb
from fixtures.metadata import binary_saved_model as build
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import saved_model as module
from gate.formats.port import Port
from gate.formats.saved_model import (
    Fingerprint,
    KerasNode,
    MetaGraph,
    Signature,
    read_fingerprint,
    read_keras_metadata,
    read_saved_model,
)
from tests.formats.hostile import source, stands


def read(data):
    return read_saved_model(source(data))


def test_a_model_is_read_whole():
    found = read(build.serving())
    assert (found.schema, len(found.graphs)) == (1, 1)
    assert found.graphs[0] == MetaGraph(
        tags=("serve",),
        version="",
        tensorflow_version="2.21.0",
        tensorflow_git_version="v2.21.0-rc1",
        signatures=(
            Signature(
                "serving_default",
                "tensorflow/serving/predict",
                (Port("x", "float32", (None, 4)),),
                (Port("label", "string", ()), Port("y", "float32", None)),
            ),
        ),
        operators=(("Identity", 1), ("MatMul", 2), ("Placeholder", 1), ("WriteFile", 1)),
        listed=("PyFunc",),
        functions=("__inference_f_1",),
        collections=("saved_model_main_op",),
        assets=("vocab.txt",),
        keras=(KerasNode("", "_tf_keras_layer", '{"class_name": "Dense"}', True),),
        repeated=(),
    )


def test_several_graphs_are_read_and_what_is_appended_is_told():
    other = build.meta_graph(ops=["A"], tags=["train"]) + pb.block(2, pb.block(1, build.node("Evil")))
    found = read(build.saved_model(build.meta_graph(), other))
    assert [graph.tags for graph in found.graphs] == [("serve",), ("train",)]
    assert found.graphs[1].operators == (("A", 1), ("Evil", 1))
    assert [graph.repeated for graph in found.graphs] == [(), ("graph",)]


@pytest.mark.parametrize("data", [b"", pb.integer(1, 1), b"\x12\x05abc", b"\x80\x04K\x01."])
def test_what_is_no_model_is_a_format_error(data):
    for reader in (read_saved_model, read_fingerprint, read_keras_metadata):
        with pytest.raises(FormatError):
            reader(source(data if reader is read_saved_model else b"\x12\x05abc"))


def test_numbers_of_things_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "ITEMS", 2)
    for data in (
        build.meta_graph(ops=["a", "b", "c"]),
        build.meta_graph(ops=[], tags="abc"),
        build.meta_graph(ops=[], signatures=dict.fromkeys("abc", b"")),
    ):
        with pytest.raises(NotExamined) as error:
            read(build.saved_model(data))
        assert error.value.reason is GapReason.TOO_MANY


def test_a_fingerprint_is_numbers_and_an_id():
    assert read_fingerprint(source(build.fingerprint())) == Fingerprint(
        (
            ("checkpoint_hash", 2**63 + 5),
            ("graph_def_program_hash", 2**63 + 2),
            ("saved_model_checksum", 2**63 + 1),
            ("saved_object_graph_hash", 2**63 + 4),
            ("signature_def_hash", 2**63 + 3),
        ),
        "some-uuid",
    )


def test_layers_of_keras_are_read_whole_or_cut(monkeypatch):
    data = build.keras_metadata(("root", "_tf_keras_model", "{}"), ("root.layer-0", "_tf_keras_layer", "x" * 50))
    monkeypatch.setattr(module, "METADATA", 10)
    assert read_keras_metadata(source(data)) == (
        KerasNode("root", "_tf_keras_model", "{}", True),
        KerasNode("root.layer-0", "_tf_keras_layer", "x" * 10, False),
    )
    monkeypatch.setattr(module, "KEPT", 11)
    with pytest.raises(NotExamined):
        read_keras_metadata(source(data))


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_saved_model, build.serving()) > 0
    assert stands(read_fingerprint, build.fingerprint()) > 0
    assert stands(read_keras_metadata, build.keras_metadata(("a", "b", "c"))) > 0


def test_the_library_writes_the_same(tmp_path, monkeypatch):
    """Only where tensorflow is installed."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    tf = pytest.importorskip("tensorflow")

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
        def __call__(self, x):
            tf.io.write_file("never", "x")
            return {"y": x * 2}

    instance = Module()
    tf.saved_model.save(instance, str(tmp_path), signatures=instance.__call__)
    found = read((tmp_path / "saved_model.pb").read_bytes()).graphs[0]
    assert (found.tags, found.tensorflow_version, found.listed) == (("serve",), tf.__version__, ())
    default = next(s for s in found.signatures if s.name == "serving_default")
    assert default.inputs == (Port("x", "float32", (None, 3)),)
    assert default.outputs == (Port("y", "float32", (None, 3)),)
    assert "WriteFile" in dict(found.operators)
    from tensorflow.core.protobuf import fingerprint_pb2

    other = fingerprint_pb2.FingerprintDef.FromString((tmp_path / "fingerprint.pb").read_bytes())
    mine = read_fingerprint(source((tmp_path / "fingerprint.pb").read_bytes()))
    assert (mine.uuid, dict(mine.numbers)["graph_def_program_hash"]) == (other.uuid, other.graph_def_program_hash)
