import base64
import hashlib
import json

import pytest

from fixtures.metadata import binary_onnx
from gate.archive.paths import encode
from gate.core.gap import GapReason
from tests.inspectors.looking import A, B, Result, W, manifest, record, tensors

# -- wheels ------------------------------------------------------------------------------------------------------------


def test_a_wheel_is_compared_with_its_record():
    files = {"x/__init__.py": A, "x/a,b.py": B, "x-1.dist-info/METADATA": A}
    text = record(files, "x-1.dist-info/RECORD,,")
    assert Result({**files, "x-1.dist-info/RECORD": text}).counts() == {"declared": 3, "matched": 3}
    changed = Result({**files, "x/a,b.py": b"evil", "x-1.dist-info/RECORD": text})
    assert changed.findings == [("digest-mismatch", "x/a,b.py")]


def test_a_wrong_size_is_a_finding_of_its_own():
    text = record({"x.py": A}).replace(b",5\n", b",6\n")
    result = Result({"w.whl!/x.py": A, "w.whl!/x-1.dist-info/RECORD": text})
    assert result.findings == [("size-mismatch", "w.whl!/x.py")]
    assert dict(result.all[0].args) == {"declared_in": "w.whl!/x-1.dist-info/RECORD", "declared": "6", "actual": "5"}


def test_an_installed_distribution_may_have_scripts_outside_and_no_bytecode():
    rows = ("../../bin/x,sha256=AAAA,3", "x-1.dist-info/INSTALLER,,", "__pycache__/x.pyc,,", "x-1.dist-info/RECORD,,")
    files = {"x.py": A, "x-1.dist-info/RECORD": record({"x.py": A}, *rows)}
    assert (Result(files).findings, Result(files).counts()) == ([], {"declared": 1, "matched": 1})
    wheel = Result({"x.py": A, "x-1.dist-info/RECORD": record({"x.py": A}, rows[0])})
    assert wheel.findings == [("path-outside", "x-1.dist-info/RECORD")]


def encoded(algorithm, data):
    return base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=")


def test_a_record_may_use_other_algorithms():
    text = b"x.py,sha384=%s,5\n" % encoded("sha384", A)
    assert Result({"x.py": A, "x-1.dist-info/RECORD": text}).counts() == {"declared": 1, "matched": 1}
    assert Result({"x.py": b"other", "x-1.dist-info/RECORD": text}).findings == [("digest-mismatch", "x.py")]
    unknown = Result({"x.py": A, "x-1.dist-info/RECORD": b"x.py,shake=AAAA,5\n"})
    assert [gap[:2] for gap in unknown.gaps] == [("x-1.dist-info/RECORD", GapReason.UNSUPPORTED)]


@pytest.mark.parametrize("root", ["", "out/w.whl!/"])
def test_a_member_that_a_wheel_s_record_does_not_name_is_a_finding(root):
    files = {"x/__init__.py": A, "x-1.dist-info/WHEEL": A}
    text = record(files, "x-1.dist-info/RECORD,,")
    whole = {**files, "x-1.dist-info/RECORD": text, "x-1.dist-info/RECORD.jws": b"{}"}
    assert Result({root + path: data for path, data in whole.items()}).findings == []
    more = {**whole, "evil.pth": b"import os", "x/y.py": B}
    result = Result({root + path: data for path, data in more.items()} | {"beside.txt": A} if root else more)
    assert result.findings == [("unlisted-member", f"{root}evil.pth"), ("unlisted-member", f"{root}x/y.py")]
    assert result.section["unlisted"] == 2


def test_a_name_of_a_thousand_bytes_does_not_hide_a_member():
    files = {"x.py": A, "x-1.dist-info/RECORD": record({"x.py": A}), encode(b"n" * 2000): B}
    assert Result(files).findings == [("unlisted-member", encode(b"n" * 2000))]


def test_a_record_that_is_not_the_one_of_its_container_closes_nothing():
    two = {"x.py": A, "y.py": B, "z.py": B}
    lists = {"x-1.dist-info/RECORD": record({"x.py": A}), "y-1.dist-info/RECORD": record({"y.py": B})}
    assert Result(two | lists).findings == []
    assert Result({"v/x.py": A, "v/z.py": B, "v/x-1.dist-info/RECORD": record({"x.py": A})}).findings == []
    installed = record({"x.py": A}, "x-1.dist-info/INSTALLER,,")
    assert Result({"x.py": A, "z.py": B, "x-1.dist-info/RECORD": installed}).findings == []


@pytest.mark.parametrize(
    "text", [b"a,b\n", b"x.py,sha256=?,1\n", b"x.py,sha256=AAAA,one\n", b'"x.py', b"\0\0\0\0\0", b"a" * 200_000]
)
def test_a_damaged_record_is_a_gap(text):
    assert [gap[:2] for gap in Result({"x-1.dist-info/RECORD": text}).gaps] == [
        ("x-1.dist-info/RECORD", GapReason.CORRUPT)
    ]


# -- manifests ---------------------------------------------------------------------------------------------------------


def test_the_files_of_a_torchserve_manifest_must_exist():
    model = {
        "serializedFile": "model.pt",
        "modelFile": "net.py",
        "handler": "h.py:run",
        "requirementsFile": "requirements.txt",
    }
    model |= {"configFile": "model-config.yaml", "extensions": "extra/a.txt, extra/b.txt"}
    named = ["model.pt", "net.py", "h.py", "requirements.txt", "model-config.yaml", "extra/a.txt", "extra/b.txt"]
    files = {f"m.mar!/{name}": A for name in named} | {"m.mar!/MAR-INF/MANIFEST.json": manifest(**model)}
    assert Result(files).counts() == {"declared": 7, "matched": 7}
    for name in named:
        left = {path: data for path, data in files.items() if path != f"m.mar!/{name}"}
        assert Result(left).findings == [("missing-member", f"m.mar!/{name}")]


def test_a_handler_that_torchserve_brings_along_is_no_file():
    assert Result({"MAR-INF/MANIFEST.json": manifest(handler="image_classifier")}).counts() == {}


def test_a_manifest_that_points_out_of_the_archive_is_a_finding():
    result = Result({"MAR-INF/MANIFEST.json": manifest(serializedFile="../../etc/model.pt")})
    assert result.findings == [("path-outside", "MAR-INF/MANIFEST.json")]


@pytest.mark.parametrize("data", [b"[]", b"{", b"{}", b'{"model": 1}', b"\0"])
def test_a_damaged_manifest_is_a_gap(data):
    assert [gap[1] for gap in Result({"MAR-INF/MANIFEST.json": data}).gaps] == [GapReason.CORRUPT]


MLMODEL = b"""
artifact_path: file:///home/ci/mlruns/0/model
flavors:
  python_function:
    data: model
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    artifacts:
      vocab: {path: artifacts/vocab.txt, uri: s3://bucket/vocab.txt}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.9.1, code: null}
  custom: {data: nowhere}
saved_input_example_info: {artifact_path: input_example.json, type: dataframe}
"""
ML_FILES = {"model/MLmodel": A, "conda.yaml": A, "python_env.yaml": A, "artifacts/vocab.txt": A, "model.pkl": A}
ML_FILES |= {"input_example.json": A}


def test_the_files_and_folders_of_an_mlmodel_must_exist():
    files = {f"ml/{name}": data for name, data in ML_FILES.items()} | {"ml/MLmodel": MLMODEL}
    assert Result(files).counts() == {"declared": 6, "matched": 6}
    del files["ml/model/MLmodel"], files["ml/artifacts/vocab.txt"]
    # names that sort between a folder and what lies in it
    files |= {"ml/model-card.md": A, "ml/model.txt": A, "ml/model0": A}
    assert Result(files).findings == [("missing-member", "ml/artifacts/vocab.txt"), ("missing-member", "ml/model")]


def test_a_folder_is_found_behind_names_that_sort_before_it():
    files = {
        "model!": A,
        "model#2": A,
        "model-1": A,
        "model.pkl": A,
        "model/x": A,
        "MLmodel": b"flavors: {onnx: {data: model}}",
    }
    assert Result(files).counts() == {"declared": 1, "matched": 1}
    assert Result({"MLmodel": b"flavors: {onnx: {data: .}}"}).findings == []


def test_the_shards_of_an_index_must_exist():
    index = json.dumps(
        {"metadata": {}, "weight_map": {f"w{i}": f"model-{i % 2}.safetensors" for i in range(9)}}
    ).encode()
    files = {
        "model.safetensors.index.json": index,
        "model-0.safetensors": tensors({}),
        "model-1.safetensors": tensors({}),
    }
    assert Result(files).counts() == {"declared": 2, "matched": 2}
    del files["model-1.safetensors"]
    missing = Result(files)
    assert missing.findings == [("missing-member", "model-1.safetensors")]
    assert [gap[:2] for gap in missing.gaps] == [("model.safetensors.index.json", GapReason.NOT_FETCHED)]
    assert missing.references == [("model.safetensors.index.json", "shard", "model-1.safetensors", "", -1)]
    torch = {"pytorch_model.bin.index.json": index}
    assert len(Result(torch).findings) == 2
    outside = {"a/x.safetensors.index.json": b'{"weight_map": {"w": "/mnt/x", "v": "../../x"}}'}
    assert Result(outside).findings == [("path-outside", "a/x.safetensors.index.json")] * 2


# -- safetensors -------------------------------------------------------------------------------------------------------


def problem(data, path="w.safetensors"):
    result = Result({path: data})
    assert not result.gaps
    return [dict(f.args)["problem"] for f in result.all]


def test_tensors_that_fill_the_file_are_fine():
    header = {"__metadata__": {"format": "pt"}, "b": W, "a": {"dtype": "F4", "shape": [3, 2], "data_offsets": [8, 11]}}
    assert problem(tensors(header, b"\0" * 11, pad=5)) == []
    assert problem(tensors({})) == []


@pytest.mark.parametrize(
    ("header", "data", "says"),
    [
        ({"w": W}, b"\0" * 9, "end at byte 8 of 9"),
        ({"w": W}, b"\0" * 7, "end at byte 8 of 7"),
        ({}, b"MZ hidden", "end at byte 0 of 9"),
        ({"w": W | {"data_offsets": [1, 9]}}, b"\0" * 9, "begins at byte 1"),
        ({"w": W, "v": W | {"data_offsets": [4, 12]}}, b"\0" * 12, "begins at byte 4"),
        ({"w": W | {"shape": [3]}}, b"\0" * 8, "need another size"),
        ({"w": W | {"shape": [2**62, 2**62]}}, b"\0" * 8, "need another size"),
        ({"w": W | {"data_offsets": [8, 0], "shape": [0]}}, b"\0" * 8, "begins at byte 8"),
        ({"w": W | {"shape": [True, 2]}}, b"\0" * 8, "no description"),
        ({"w": W | {"shape": [-2]}}, b"\0" * 8, "no description"),
        ({"w": W | {"data_offsets": [0, 8, 9]}}, b"\0" * 8, "no description"),
        ({"w": 1}, b"", "no description"),
        ({"__metadata__": {"a": 1}, "w": W}, b"\0" * 8, "more than texts"),
        ('{"w":' + json.dumps(W) + ',"w":' + json.dumps(W) + "}", b"\0" * 8, "stands twice"),
    ],
)
def test_a_broken_layout_is_a_finding(header, data, says):
    assert [says in text for text in problem(tensors(header, data))] == [True]


def test_a_file_of_that_name_with_other_content_is_a_finding():
    assert problem(b"<html>login</html>") == ["it does not begin with the length of a JSON header"]
    assert problem(b"") == ["it does not begin with the length of a JSON header"]


def test_a_safetensors_file_is_known_by_its_content():
    assert len(problem(tensors({"w": W}, b"\0" * 9), path="weights.bin")) == 1
    assert len(problem(tensors({"w": W}, b"\0" * 9), path="")) == 1
    assert problem(tensors({"schema": 1}, b"\0" * 9), path="table.bin") == []


def test_a_header_that_cannot_be_read_is_a_gap():
    for data in (tensors('{"w": }'), (2**20).to_bytes(8, "little") + b'{"w":' + b" " * 9):
        result = Result({"w.safetensors": data})
        assert [gap[1] for gap in result.gaps] == [GapReason.CORRUPT]


def test_a_dtype_of_unknown_size_is_a_gap():
    result = Result({"w.safetensors": tensors({"w": W | {"dtype": "F2"}}, b"\0" * 8)})
    assert ([gap[1] for gap in result.gaps], result.findings) == ([GapReason.UNSUPPORTED], [])


def test_files_with_tensors_of_an_onnx_model_must_be_there():
    model = binary_onnx.elsewhere("weights.bin")
    whole = Result({"m/model.onnx": model, "m/weights.bin": B, "m/inner.bin": A})
    assert (whole.findings, whole.gaps, whole.references) == ([], [], [])
    missing = Result({"m/model.onnx": model, "m/weights.bin": B})
    assert missing.findings == [("missing-member", "m/inner.bin")]
    assert missing.references == [("m/model.onnx", "tensors", "inner.bin", "", -1)]
    outside = Result({"m/model.onnx": binary_onnx.elsewhere("../../w"), "m/inner.bin": A})
    assert outside.references == []  # said by who judges what loading does


def test_a_file_with_tensors_must_have_the_digest_that_the_model_says():
    digest = hashlib.sha1(B).hexdigest()
    for said, rules in ((digest, set()), ("0" * 40, {"digest-mismatch"})):
        model = binary_onnx.elsewhere("weights.bin", checksum=said)
        result = Result({"model.onnx": model, "weights.bin": B, "inner.bin": A})
        assert {rule for rule, _ in result.findings} - {"weak-digest"} == rules
