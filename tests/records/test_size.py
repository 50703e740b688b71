"""What loading the weights of an archive needs."""

import json

import pytest

from fixtures.metadata import binary_gguf, binary_npy, binary_onnx, binary_trees
from gate.facts.pickles import PickleImports
from gate.facts.size import Weights
from gate.records import loading, size
from gate.records.demand import in_words
from gate.targets.profile import read_profile
from tests.inspectors.described import Described


def tensors(*shapes, dtype="F16", bits=16):
    """A safetensors file of zeros."""
    at, header = 0, {}
    for i, count in enumerate(shapes):
        end = at + count * bits // 8
        header[f"w{i}"] = {"dtype": dtype, "shape": [count], "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(at)


def sized(files, *pickles, profiles=()):
    return Described(files, [PickleImports(path, 4, 0, ()) for path in pickles], profiles=profiles)


def test_shards_are_one_set_and_precisions_are_two():
    told = sized(
        {
            "model-00001-of-00002.safetensors": tensors(100),
            "model-00002-of-00002.safetensors": tensors(50),
            "model.fp32.safetensors": tensors(150, dtype="F32", bits=32),
        }
    )
    rows = {(row.files, row.resident, row.instead) for row in told.sets}
    assert rows == {(2, 300, ""), (1, 600, "model-00001-of-00002.safetensors")}
    total = told.section["size"]
    assert (total["resident_bytes"], total["resident_bytes_most"], total["parameters"]) == (300, 600, 150)
    assert (total["copied_bytes"], total["unknown_files"], total["start"]) == (0, 0, "mapped")
    assert total["dtypes"] == ["float16", "float32"]
    assert told.model.weights.startswith("150 parameters, float16, ")


def test_the_same_weights_in_another_format_are_loaded_once():
    told = sized({"model.safetensors": tensors(100), "pytorch_model.bin": bytes(300)}, "pytorch_model.bin")
    total = told.section["size"]
    assert (total["load_bytes"], total["load_bytes_most"]) == (200, 600)
    assert total["formats"] == [
        {"format": "pickle", "files": 1, "bytes": 300, "mapped": "no"},
        {"format": "safetensors", "files": 1, "bytes": len(tensors(100)), "mapped": "yes"},
    ]


def test_what_has_another_name_or_folder_is_loaded_too():
    told = sized({"encoder/model.safetensors": tensors(100), "decoder/model.safetensors": tensors(10), "s.pkl": b"12"},
                 "s.pkl")  # fmt: skip
    assert told.section["size"]["load_bytes"] == 200 + 20 + 4


def test_an_export_replaces_what_lies_beside_its_folder():
    told = sized({"model.safetensors": tensors(100), "onnx/model.onnx": binary_onnx.linear()})
    assert [row.instead for row in told.sets if row.format == "safetensors"] == ["onnx/model.onnx"]
    assert told.section["size"]["load_bytes"] == 120 and told.section["size"]["load_bytes_most"] == 200


def test_a_file_of_pytorch_is_counted_by_its_storages():
    files = {"m.pt!/m/data.pkl": b"12345", "m.pt!/m/version": b"3", "m.pt!/m/data/0": bytes(40), "m.pt!/m/data/1": b"x"}
    told = sized(files, "m.pt!/m/data.pkl")
    (row,) = told.sets
    assert (row.format, row.mapped, row.size, row.load, row.start) == ("torch-zip", "asked", 41, 82, "copied")
    assert told.section["size"]["parameters_known"] is False


def test_what_training_needs_to_go_on_is_not_served():
    told = sized({"model.safetensors": tensors(4), "optimizer.pt": bytes(99), "x.bin!/m/0": b""}, "optimizer.pt")
    assert told.section["size"]["load_bytes_most"] == 8


def test_trees_tell_nobody_what_they_need():
    told = sized({"m.json": binary_trees.xgboost_json(), "model.safetensors": tensors(4)})
    total = told.section["size"]
    assert (total["unknown_files"], total["unknown_bytes"]) == (1, len(binary_trees.xgboost_json()))
    assert (total["load_bytes"], total["load_bytes_most"]) == (8, 8)


def test_a_header_that_cannot_be_read_is_unknown_and_not_nothing():
    told = sized({"model.gguf": binary_gguf.model()[:200]})
    assert told.gaps and told.section["size"]["unknown_files"] == 1


def test_arrays_may_be_data():
    told = sized(
        {"train.npy": binary_npy.npy("'<f4'", "(2, 3)", bytes(24)), "o.npy": binary_npy.npy("'|O'", "(1,)", b"")}
    )
    total = told.section["size"]
    assert (total["load_bytes"], total["load_bytes_most"]) == (0, 24) and told.model.weights == ""


def test_data_outside_of_a_model_are_mapped_and_the_rest_is_there_twice():
    row = Weights("m.onnx", "onnx", 100, 10, 1000)
    (one,) = size.sizes([row], size.Files()).sets
    assert (one.resident, one.load) == (1000, 2 * 100 + 900)


def test_the_subject_itself_may_be_a_pickle():
    assert sized({"": b"12345678"}, "").section["size"]["load_bytes"] == 16


def test_what_unpacks_lies_beside_the_archive():
    told = sized({"a.zip": bytes(10), "a.zip!/x": bytes(1000), "b": b"12"})
    assert told.section["size"]["unpacked_bytes"] == 12


def test_claims_beyond_all_numbers_stay_numbers():
    rows = [Weights(f"{i}.onnx", "onnx", 1, 2**53 - 1, 2**53 - 1) for i in range(3)]
    read = size.sizes(rows, size.Files()).read
    assert max(read.most) == 2**53 - 1


def test_too_many_files_are_said(monkeypatch):
    monkeypatch.setattr(size, "FILES", 3)
    told = sized({f"{i}.safetensors": tensors(1) for i in range(5)})
    assert told.gaps == [("", "too-many")]


def test_a_target_says_what_it_has():
    profile = read_profile(
        b"schema: gate.target/v1\nname: edge\nmemory: {host_mib: 1, gpu_mib: 2}\ndisk: {free_mib: 3}\n", "p.yaml"
    )
    told = sized({"model.safetensors": tensors(4)}, profiles=(profile,))
    assert told.section["targets"] == [
        {"name": "edge", "gpu": False, "host_bytes": 2**20, "gpu_bytes": 2**21, "disk_bytes": 3 * 2**20}
    ]


def test_every_format_of_the_table_says_why():
    for name, row in loading.tables().formats.items():
        assert len(row.why) > 40, name
        assert row.start in loading.STARTS and row.mapped in ("yes", "asked", "no")
        assert (row.resident < 0) == (row.load < 0)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (999, "999 parameters, 999 B of gguf"),
        (1000, "1k parameters, 1 kB of gguf"),
        (7_240_000_000, "7.2B parameters, 7.2 GB of gguf"),
        (2**53, "9007.1T parameters, 9007.1 TB of gguf"),
    ],
)
def test_numbers_in_words(number, words):
    assert in_words(size.sizes([Weights("m.gguf", "gguf", number, number, number)], size.Files()).sets) == words


def test_two_models_under_names_of_one_are_told():
    files = {"model.safetensors": tensors(1000), "onnx/model.onnx": binary_onnx.linear()}
    (row,) = sized(files).findings
    assert row == ("mixed-variants", "model.safetensors", "")
    packed = {"model.safetensors": tensors(1000, dtype="I8", bits=8), "onnx/model.onnx": binary_onnx.linear()}
    assert sized(packed).findings == []
