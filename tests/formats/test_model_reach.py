"""What in a model file runs, or leads out of it."""

from __future__ import annotations

import pytest

from fixtures.metadata import binary_coreml as coreml
from fixtures.metadata import binary_gguf as gguf
from fixtures.metadata import binary_hdf5 as hdf5
from fixtures.metadata import binary_keras as keras
from fixtures.metadata import binary_onnx as onnx
from fixtures.metadata import binary_openvino as openvino
from fixtures.metadata import binary_saved_model as saved_model
from fixtures.metadata import binary_tflite as tflite
from fixtures.metadata import binary_trees as trees
from fixtures.metadata.binary_protobuf import block
from gate.core.errors import FormatError
from gate.formats.model_kinds import READ, model_kind
from gate.formats.model_reach import Reach, reaches
from tests.formats.hostile import source

HARMLESS = {
    "gguf": gguf.Writer().file([("general.name", "x")], gguf.TENSORS),
    "onnx": onnx.linear(),
    "tflite": tflite.model(),
    "saved-model": saved_model.saved_model(saved_model.meta_graph(ops=["MatMul", "SaveV2", "RestoreV2"])),
    "hdf5": hdf5.keras(),
    "keras-config": keras.config(),
    "openvino": openvino.net(openvino.layer("ReLU", "r")),
    "coreml": coreml.model(500, b""),
    "safetensors": (2).to_bytes(8, "little") + b"{}",
    "xgboost": trees.xgboost_ubj(),
    "lightgbm": trees.lightgbm(),
    "catboost": trees.catboost(),
}


def found(data):
    return {(row.kind, row.what) for row in reaches(model_kind(data), source(data))}


@pytest.mark.parametrize("kind", HARMLESS)
def test_harmless_models_reach_nothing(kind):
    assert model_kind(HARMLESS[kind]) == kind
    assert found(HARMLESS[kind]) == set()


def test_every_format_with_a_reader_is_asked():
    assert HARMLESS.keys() == READ - {"npy"}  # whose objects are a pickle, which is walked


def test_templates_and_broken_layouts_of_gguf():
    assert found(gguf.model()) == {("template", "tokenizer.chat_template")}
    assert found(gguf.model() + bytes(64)) >= {("broken", "64 bytes behind the last tensor")}


def test_operators_and_files_of_onnx():
    nodes = [onnx.node("PyOp", domain="ai.onnx.contrib"), onnx.node("PythonOp", domain="com.microsoft")]
    nodes += [onnx.node("Attention", domain="com.microsoft"), onnx.node("Own", domain="mine")]
    more = onnx.function("mine", "Own", [onnx.node("Add")])
    assert found(onnx.model(onnx.graph("g", nodes=nodes), more=more)) == {
        ("operator", "ai.onnx.contrib::PyOp"),
        ("operator", "com.microsoft::PythonOp"),
    }
    assert found(onnx.linear() + block(7)) == {("broken", "graph stands more than once")}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("weights.bin", "file"),
        ("data/w..bin", "file"),
        ("../w", "outside"),
        ("a/../../w", "outside"),
        ("/etc/passwd", "outside"),
        ("\\\\host\\share", "outside"),
        ("..\\w", "outside"),
        ("C:w", "outside"),
        ("~/w", "outside"),
        ("file:///w", "outside"),
        ("a\0b", "outside"),
        ("", "outside"),
    ],
)
def test_files_stay_below_the_folder_or_not(name, kind):
    assert (kind, name) in found(onnx.elsewhere(name))


def test_operators_of_tensorflow():
    assert found(saved_model.serving()) == {("operator", "PyFunc"), ("operator", "WriteFile"), ("file", "vocab.txt")}
    assert found(tflite.model([tflite.operator(32, "FlexReadFile")])) == {("operator", "FlexReadFile")}


def test_what_leads_out_of_hdf5():
    root = hdf5.Group(
        {
            "out": hdf5.External("/etc/passwd", "/x"),
            "soft": hdf5.Soft("/x"),
            "ext": hdf5.Data(external="../w"),
            "virt": hdf5.Data(virtual="other.h5"),
            "blosc": hdf5.Data(filters=(1, 32001)),
        }
    )
    assert found(hdf5.file(root)) == {
        ("outside", "/etc/passwd"),
        ("outside", "../w"),
        ("outside", "other.h5"),
        ("native", "filter 32001"),
    }
    w = hdf5.Writer(new=True)
    assert found(w.file(hdf5.Group(more=w.message(0x77, b"12345678")))) == {("unread", ": message 0x77")}


def test_code_and_names_of_keras():
    assert found(keras.config(keras.lambda_layer(), keras.named("os", "system"))) == {
        ("code", "/config/layers/1/config/function"),
        ("class", "keras.layers.Lambda"),
        ("function", "os.system"),
        ("outside", "https://example.com/x"),
    }
    assert found(hdf5.keras(keras.legacy().decode())) == {
        ("class", "Lambda"),
        ("code", "/config/layers/1/config/function"),
    }
    for module in ("keras_evil", "kerasx.layers", "pkg"):
        assert found(keras.config(keras.layer("X", module))) == {("class", f"{module}.X")}
    assert found(keras.config(keras.layer("TextVectorization", vocabulary="/etc/passwd"))) == {
        ("outside", "/etc/passwd")
    }


@pytest.mark.parametrize(
    ("module", "name", "quiet"),
    [
        ("builtins", "relu", True),
        ("keras.activations", "gelu", True),
        ("keras.src.losses.losses", "mse", True),
        ("builtins", "eval", False),
        ("builtins", "os.system", False),
        ("keras.utils", "get_file", False),
        ("keras.activationsx", "gelu", False),
        ("keras.config", "enable_unsafe_deserialization", False),
    ],
)
def test_functions_of_keras_are_its_own_or_not(module, name, quiet):
    function = {"module": module, "class_name": "function", "config": name, "registered_name": "function"}
    rows = found(keras.config(keras.layer("Dense", activation=function)))
    assert rows == (set() if quiet else {("function", f"{module}.{name}")})


def test_extensions_of_openvino_and_classes_of_core_ml():
    assert found(openvino.model()) == {("operator", "my_extension::Custom")}
    assert found(coreml.classifier()) == {("file", "weights/weight.bin")}
    assert found(coreml.model(403, coreml.network("Mine"))) == {("native", "Mine")}


def test_what_is_not_the_format_is_no_answer():
    for kind in HARMLESS:
        with pytest.raises(FormatError):
            reaches(kind, source(b"nothing of the kind"))
    with pytest.raises(KeyError):
        reaches("tensorrt", source(b"ptrt"))


def test_answers_are_sorted_and_each_once():
    rows = reaches("onnx", source(onnx.elsewhere()))
    assert rows == (Reach("file", "inner.bin"), Reach("file", "weights.bin"))
