import json

import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.limits import Limits
from gate.formats.manifests import Named, read_index, read_mlmodel, read_torchserve


def source(data):
    return Memory(data if isinstance(data, bytes) else json.dumps(data).encode(), Budget(Limits()))


def test_torchserve_names_files_in_known_keys_only():
    model = {
        "modelName": "a.py",
        "serializedFile": "m.pt",
        "handler": "d/h.py:f",
        "extensions": ["x", " y ", "", 1],
        "note": "z",
    }
    assert read_torchserve(source({"model": model | {"modelFile": "", "configFile": None}})) == (
        Named("serializedFile", "m.pt"),
        Named("handler", "d/h.py"),
        Named("extensions", "x"),
        Named("extensions", "y"),
    )


@pytest.mark.parametrize("handler", ["image_classifier", "module:entry", "", 5, None])
def test_a_handler_is_a_file_only_when_it_says_so(handler):
    assert read_torchserve(source({"model": {"handler": handler}})) == ()


def test_mlmodel_names_files_in_known_keys_of_known_flavours_only():
    model = {
        "artifact_path": "file:///home/x",
        "flavors": {
            "python_function": {
                "data": "m",
                "env": "conda.yaml",
                "loader_module": "x.y",
                "artifacts": {"a": {"path": "p", "uri": "u"}, "b": 1},
            },
            "onnx": {"data": "m.onnx", "onnx_version": "1"},
            "mine": {"data": "nowhere"},
            "pytorch": ["model_data"],
        },
    }
    found = {named.name for named in read_mlmodel(source(model))}
    assert found == {"m", "conda.yaml", "p", "m.onnx"}


def test_each_shard_is_named_once():
    assert read_index(source({"weight_map": {"a": "x", "b": "x", "c": "y"}})).shards == (
        Named("weight_map", "x"),
        Named("weight_map", "y"),
    )


@pytest.mark.parametrize("read", [read_torchserve, read_mlmodel, read_index])
@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[", b"1", b"{}", {"model": 1, "flavors": 2, "weight_map": 3}, {"weight_map": {"a": 1}}]
)
def test_damaged_manifests_are_format_errors(read, data):
    with pytest.raises(FormatError):
        read(source(data))


def test_a_manifest_with_python_objects_is_not_loaded():
    with pytest.raises(NotExamined):
        read_mlmodel(source(b"flavors: !!python/object/apply:os.system ['touch gate_canary']"))
