"""What a binary model file says about itself, as one plain document."""

from __future__ import annotations

import json

import pytest

from fixtures.metadata import (
    binary_coreml,
    binary_gguf,
    binary_hdf5,
    binary_keras,
    binary_onnx,
    binary_openvino,
    binary_saved_model,
    binary_tflite,
    binary_trees,
    text_sources,
)
from gate.core.errors import FormatError, NotExamined
from gate.formats.model_document import model_document, shown_port
from gate.formats.model_kinds import READ
from gate.formats.port import Port
from tests.formats.hostile import mutations, source

SAFETENSORS = json.dumps(
    {
        "__metadata__": {"modelspec.title": "t", "modelspec.license": "mit", "ss_seed": "7"},
        "w": {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]},
    }
).encode()
SAID = {
    "onnx": (
        binary_onnx.linear(),
        {
            "format_version": "10",
            "version": "7",
            "inputs": ["x: float32[batch, 4]"],
            "outputs": ["y: float32[batch, 3]"],
            "parameters": 15,
            "dtypes": {"float32": 15},
            "bytes": {"float32": 60},
            "properties": {"licence": "apache-2.0", "author": "a team"},
            "frameworks": {"pytorch": "2.9.1"},
        },
    ),
    "hdf5": (
        binary_hdf5.keras(),
        {
            "name": "m",
            "architecture": "Sequential",
            "frameworks": {"keras": "3.15.1"},
            "parameters": 15,
            "dtypes": {"float32": 15},
        },
    ),
    "keras-config": (
        binary_keras.config(),
        {"name": "model", "architecture": "Sequential", "inputs": ["in: float32[-1, 4]"]},
    ),
    "saved-model": (
        binary_saved_model.serving(),
        {
            "format_version": "1",
            "frameworks": {"tensorflow": "2.21.0"},
            "tags": ["serve"],
            "inputs": ["x: float32[-1, 4]"],
            "outputs": ["label: string[]", "y: float32"],
        },
    ),
    "tflite": (
        binary_tflite.model(),
        {
            "format_version": "3",
            "description": "MLIR Converted.",
            "inputs": ["x: float32[-1, 3]"],
            "outputs": ["y: float32[1, 2]"],
            "parameters": 6,
            "dtypes": {"float32": 6},
            "properties": {"min_runtime_version": "2.18.0"},
        },
    ),
    "coreml": (
        binary_coreml.classifier(),
        {
            "format_version": "8",
            "version": "1.4.0",
            "author": "A Team",
            "licence": "MIT",
            "description": "Tells cats",
            "architecture": "mlProgram",
            "inputs": ["image: float32[1, 3, 224, 224]", "flag?: int64"],
            "outputs": ["label: string"],
            "properties": {"com.example.run": "42"},
        },
    ),
    "openvino": (
        binary_openvino.model(),
        {
            "format_version": "11",
            "name": "mymodel",
            "version": "1.2",
            "inputs": ["x: float32[-1, 3]"],
            "outputs": ["y: int64[-1, 2]"],
            "frameworks": {"openvino": "2026.4.1"},
            "properties": {"info/OpenVINO Runtime": "2026.4.1", "model_info/version": "1.2"},
            "dtypes": {"float32": 6},
            "bytes": {"float32": 24},
        },
    ),
    "xgboost": (
        binary_trees.xgboost_ubj(),
        {
            "objective": "binary:logistic",
            "architecture": "gbtree",
            "frameworks": {"xgboost": "3.2.0"},
            "inputs": ["a: float", "b: float", "c: int"],
            "params": {"base_score": "5E-1", "num_class": "0", "num_feature": "3", "num_target": "1"},
            "properties": {"best_iteration": "1"},
        },
    ),
    "lightgbm": (
        binary_trees.lightgbm(),
        {
            "format_version": "v4",
            "objective": "binary sigmoid:1",
            "inputs": ["f0: float", "f1: float", "f2: float"],
            "params": {
                "boosting": "gbdt",
                "seed": "7",
                "deterministic": "1",
                "data": "/home/user/train.csv",
                "valid": "",
                "machines": "a:1,b:2",
            },
            "seeds": {"seed": "7"},
        },
    ),
    "catboost": (
        binary_trees.catboost(),
        {
            "build_id": "1234-5678",
            "created": "2026-11-21T10:00:00Z",
            "params": {"random_seed": 5, "task_type": "CPU"},
            "seeds": {"random_seed": 5},
            "properties": {"model_guid": "1234-5678", "train_finish_time": "2026-11-21T10:00:00Z"},
        },
    ),
    "safetensors": (
        len(SAFETENSORS).to_bytes(8, "little") + SAFETENSORS + bytes(8),
        {
            "name": "t",
            "licence": "mit",
            "parameters": 4,
            "dtypes": {"F16": 4},
            "bytes": {"F16": 8},
            "properties": {"modelspec.title": "t", "modelspec.license": "mit", "ss_seed": "7"},
            "seeds": {"ss_seed": "7"},
        },
    ),
    "pmml": (
        text_sources.pmml(),
        {
            "format_version": "4.4",
            "name": "churn",
            "version": "2.0.1",
            "created": "2026-11-21T09:44:51Z",
            "architecture": "MiningModel",
            "objective": "classification",
            "inputs": ["age: float64[]", "city: str[]"],
            "outputs": ["y: int64[]"],
            "frameworks": {"sklearn2pmml": "0.110.0"},
        },
    ),
}


@pytest.mark.parametrize("kind", SAID)
def test_every_format_says_the_same_keys(kind):
    data, expected = SAID[kind]
    found = model_document(kind, source(data))
    assert (found.value, found.repeated) == ({"format": kind, **expected}, ())


def test_a_language_model_says_where_it_comes_from():
    found = model_document("gguf", source(binary_gguf.model())).value
    assert isinstance(found, dict)
    assert (found["name"], found["version"], found["licence"]) == ("Small Llama", "v1.2", "apache-2.0")
    assert (found["architecture"], found["parameters"]) == ("llama", 6464)
    assert found["base_model"] == ["https://huggingface.co/example/base"]
    assert found["tags"] == ["text-generation", "small"]
    assert found["dtypes"] == {"F32": 64, "Q8_0": 6400}
    assert isinstance(found["properties"], dict)
    assert found["properties"]["llama.context_length"] == "4096"
    assert "tokenizer.chat_template" not in found["properties"]


def test_every_format_with_a_reader_is_described():
    assert SAID.keys() | {"gguf"} == READ - {"npy"}


def test_keys_that_stand_twice_are_told():
    props = (("licence", "mit"), ("licence", "gpl"))
    onnx = binary_onnx.model(binary_onnx.graph("g"), properties=props)
    assert model_document("onnx", source(onnx)).repeated == ("licence",)
    gguf = binary_gguf.Writer().file([("general.license", "mit"), ("general.license", "gpl")])
    found = model_document("gguf", source(gguf))
    assert found.repeated == ("general.license",)
    assert isinstance(found.value, dict) and found.value["licence"] == "gpl"


def test_parameters_of_catboost_that_are_no_json_are_left_out():
    found = model_document("catboost", source(binary_trees.catboost(("params", "{nothing")))).value
    assert found == {"format": "catboost"}


def test_ports_are_shown_in_one_line():
    assert shown_port(Port("x", "float32", None)) == "x: float32"
    assert shown_port(Port("x", "int8", (), True)) == "x?: int8[]"
    assert shown_port(Port("x", "int8", (None, "n", 3))) == "x: int8[-1, n, 3]"


def test_what_is_not_the_format_is_no_answer():
    for kind in (*SAID, "gguf"):
        with pytest.raises(FormatError):
            model_document(kind, source(b"nothing of the kind"))


@pytest.mark.parametrize("kind", SAID)
def test_changed_files_raise_nothing_else(kind):
    for changed in mutations(SAID[kind][0], 60):
        try:
            found = model_document(kind, source(changed))
        except NotExamined:
            continue
        json.dumps(found.value, ensure_ascii=False).encode()
