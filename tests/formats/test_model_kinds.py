"""Which model format a file is, by its first bytes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import (
    binary_coreml,
    binary_gguf,
    binary_hdf5,
    binary_keras,
    binary_npy,
    binary_onnx,
    binary_openvino,
    binary_saved_model,
    binary_tflite,
    binary_trees,
    text_sources,
)
from gate.formats.model_kinds import HEAD, READ, model_kind

SAMPLES = {
    "coreml": binary_coreml.classifier(),
    "gguf": binary_gguf.model(3, ">"),
    "hdf5": binary_hdf5.keras(),
    "hdf5 behind a user block": binary_hdf5.file(binary_hdf5.Group(), user=2048),
    "keras-config": binary_keras.config(),
    "keras-config of version 2": binary_keras.legacy(),
    "npy": binary_npy.npy(),
    "onnx": binary_onnx.linear(),
    "onnx with weights elsewhere": binary_onnx.elsewhere(),
    "openvino": binary_openvino.model(),
    "safetensors": (2).to_bytes(8, "little") + b"{}",
    "saved-model": binary_saved_model.serving(),
    "tflite": binary_tflite.model(),
    "xgboost in JSON": binary_trees.xgboost_json(),
    "xgboost in binary JSON": binary_trees.xgboost_ubj(),
    "xgboost of old": binary_trees.xgboost_binary(),
    "lightgbm": binary_trees.lightgbm(),
    "catboost": binary_trees.catboost(),
    "tensorrt": b"ptrt" + bytes(20),
    "rknn": b"RKNN" + bytes(20),
    "executorch": bytes(4) + b"ET12" + bytes(20),
    "pmml": text_sources.pmml(),
    "pmml behind a declaration": b'<?xml version="1.0"?>\n<PMML version="4.4">',
    "llamafile": b"MZqFpD='",
    "r-data": b"RDX3\nX\n",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_is_known_by_its_first_bytes(name):
    assert model_kind(SAMPLES[name][:HEAD]) == name.split()[0]


def test_every_format_with_a_reader_has_a_sample():
    assert {name.split()[0] for name in SAMPLES} >= READ


@pytest.mark.parametrize(
    "head",
    [
        *(
            b"",
            b"\x08",
            b"\x08\x01",
            b"{}",
            b"[]",
            b"hello",
            b"PK\x03\x04",
            b"\x80\x04}.",
            b"\x7fELF",
            b"<html>",
            b"tree",
        ),
        *(b'{"class_name": "x"}', b'{"learner": 1}', b"<networks version='1'>", b"version https://git-lfs"),
    ],
)
def test_other_files_are_none(head):
    assert model_kind(head) is None


def test_what_lies_beside_a_saved_model_is_none_of_onnx():
    assert model_kind(binary_saved_model.fingerprint()) is None


def test_a_graph_that_begins_within_the_head_is_enough():
    large = binary_onnx.linear()[:-3] + bytes(HEAD)
    assert model_kind(large[:60]) in ("onnx", None)
    weights = binary_onnx.tensor("w", [10**6], raw=bytes(200_000))
    assert model_kind(binary_onnx.model(binary_onnx.graph("g", weights=[weights]))[:HEAD]) == "onnx"


def test_sources_and_texts_are_no_models():
    """Files of the standard library."""
    files = sorted(path for path in Path(json.__file__).parent.parent.rglob("*.py"))[:400]
    known = {path.name: model_kind(path.read_bytes()[:HEAD]) for path in files}
    assert {name: kind for name, kind in known.items() if kind} == {} and len(known) > 200


@pytest.mark.parametrize(
    "part",
    [b" ", b"<!---->", b"<!-- ", b"<?xml ", b"{", b'{"class_name"', b"{L", b"<net ", b"\x08", b"\x0a\x00", b"tree\n"],
)
def test_no_head_is_slow(part):
    begun = time.process_time()
    for prefix in (b"", b"<?xml version='1.0'?>", b"{", b" "):
        model_kind((prefix + part * HEAD)[:HEAD])
    assert time.process_time() - begun < 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(head):
    kind = model_kind(head)
    assert kind is None or isinstance(kind, str)
