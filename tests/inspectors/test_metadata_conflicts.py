import dataclasses

import pytest

from fixtures.metadata import text_sources as made
from gate.facts.metadata import Claimed
from tests.inspectors.described import Described, package

MAR = "MAR-INF/MANIFEST.json"

# -- conflicts ---------------------------------------------------------------------------------------------------------


def version(path, text, rank=20):
    return Claimed(path, "version", (text,), "mlflow", "v", rank)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.4", "1.4.0"),
        ("v1.4.0", "1.4.0"),
        ("1.4.0", "1.4.0+build7"),
        ("2.0rc1", "2.0.0-rc.1"),
        ("banana 9", "Banana 9"),
    ],
)
def test_two_spellings_of_one_version_are_no_conflict(one, other):
    assert Described({}, [version("a", one), version("b", other)]).findings == []


@pytest.mark.parametrize(("one", "other"), [("1.4", "1.5"), ("1.4.0", "1.4.0rc1"), ("1.4.0", "banana")])
def test_two_versions_are_a_conflict(one, other):
    assert Described({}, [version("a", one), version("b", other)]).findings == [("conflict", "b", "version")]


@pytest.mark.parametrize(
    ("card", "kit", "conflict"),
    [
        ("apache-2.0", "Apache-2.0", False),
        ("Apache 2.0", "apache-2.0", False),
        ("other", "MIT", False),
        ("odbl", "ODbL-1.0", False),
        ("[mit, apache-2.0]", "MIT", False),
        ("gpl", "GPL-3.0-only", True),
        ("mit", "llama3", True),
    ],
)
def test_licences_are_compared_as_spdx(card, kit, conflict):
    files = {"README.md": made.card(f"license: {card}"), "gate-model.yaml": made.own(licence=kit)}
    assert Described(files).findings == ([("conflict", "README.md", "licence")] if conflict else [])


def test_the_framework_of_a_pickle_against_the_manifest_above_it():
    measured = Claimed(
        "m/data/model.pkl", "framework.scikit-learn", ("1.3.0",), "pickle", "_sklearn_version", 0, -1, 406, 407
    )
    told = Described({"m/MLmodel": made.mlmodel(sklearn="1.2.1")}, [measured])
    assert told.findings == [("conflict", "m/data/model.pkl", "framework.scikit-learn")]
    assert told.all[0].location.start == 406 and "m/MLmodel" in told.args()["other"]
    same = dataclasses.replace(measured, values=("1.2.1",))
    assert Described({"m/MLmodel": made.mlmodel(sklearn="1.2.1")}, [same]).findings == []
    beside = Described({"other/MLmodel": made.mlmodel(sklearn="1.2.1")}, [measured])
    assert beside.findings == []


@pytest.mark.parametrize(
    ("row", "conflict"),
    [
        (package("requirements.txt", "scikit-learn", "1.9.1"), False),
        (package("requirements.txt", "scikit-learn", "1.9.1+cpu"), False),
        (package("requirements.txt", "scikit-learn", "", ">=1.5,<2"), False),
        (package("requirements.txt", "scikit-learn"), False),
        (package("requirements.txt", "scikit-learn", "", "not a range"), False),
        (package("lib/python3/site-packages/x/METADATA", "scikit-learn", "1.0", "", "dist-info"), False),
        (package("requirements.txt", "scikit-learn", "1.5.2"), True),
        (package("requirements.txt", "scikit-learn", "", "<1.9"), True),
        (package("conda.yaml", "scikit-learn", "1.5.2", "", "conda"), True),
    ],
    ids=["equal", "local", "range", "any", "odd", "installed", "other", "below", "conda"],
)
def test_the_framework_of_a_manifest_against_requirements(row, conflict):
    told = Described({"MLmodel": made.mlmodel()}, [row])
    assert told.findings == ([("conflict", "MLmodel", "framework.scikit-learn")] if conflict else [])


def test_the_nearest_list_counts():
    rows = [package("requirements.txt", "scikit-learn", "1.0"), package("m/requirements.txt", "scikit-learn", "1.9.1")]
    assert Described({"m/MLmodel": made.mlmodel()}, rows).findings == []
    assert len(Described({"m/MLmodel": made.mlmodel()}, rows[:1]).findings) == 1


def test_commits_may_be_abbreviated():
    files = {"p.intoto.jsonl": made.provenance(), "gate-model.yaml": made.own(code={"commit": made.COMMIT[:12]})}
    assert Described(files).findings == []
    files["gate-model.yaml"] = made.own(code={"commit": "0" * 40})
    assert Described(files).findings == [("conflict", "p.intoto.jsonl", "commit")]


@pytest.mark.parametrize(
    ("file", "conflict"),
    [
        ("recsys-1.4.0.mar", False),
        ("recsys-1.4.mar", False),
        ("recsys.mar", False),
        ("recsys_v1.4.0.tar.gz", False),
        ("other-2.0.0.mar", False),
        ("recsys-eu-2.0.0.mar", False),
        ("recsys-20261121.mar", False),
        ("recsys-1.3.0.mar", True),
        ("Recsys_v2.0.tar.gz", True),
    ],
)
def test_a_file_name_with_another_version(file, conflict):
    expected = [("conflict", MAR, "version")] if conflict else []
    assert Described({MAR: made.torchserve()}, name=file).findings == expected
    inner = Described({f"x/{file}!/{MAR}": made.torchserve()}).findings
    assert inner == [(rule, f"x/{file}!/{path}", by) for rule, path, by in expected]


def test_a_name_is_compared_among_manifests_and_not_with_runs_of_a_card():
    card = made.card("model-index: [{name: distilbert-finetuned-run3}]")
    assert Described({MAR: made.torchserve(), "README.md": card}).findings == []
    registered = b"model_name: fraud\nmodel_version: '1'\n"
    told = Described({MAR: made.torchserve(), "registered_model_meta": registered})
    assert told.findings == [("conflict", "registered_model_meta", "name")]
    spelled = Described({MAR: made.torchserve(name="rec_sys"), "gate-model.yaml": made.own(name="Rec-Sys")})
    assert spelled.findings == []


# -- keys that stand twice, and weights in several precisions ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("README.md", made.card("license: mit", "license: gpl-3.0")),
        ("MLmodel", b"flavors: {}\nrun_id: a\nrun_id: b\n"),
        ("config.json", b'{"model_type": "a", "model_type": "b"}'),
    ],
)
def test_a_key_that_stands_twice(name, data):
    assert Described({name: data}).findings == [("duplicate-key", name, "")]


@pytest.mark.parametrize(
    ("names", "precisions"),
    [
        (("model.safetensors", "pytorch_model.bin", "tf_model.h5"), None),
        (("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"), None),
        (("unet/model.safetensors", "vae/model.fp16.safetensors"), None),
        (("optimizer.bin", "scheduler.bin", "quant-notes.bin"), None),
        (("model.safetensors", "model.fp16.safetensors"), "one without a name, fp16"),
        (("llama-Q4_K_M.gguf", "llama-Q8_0.gguf"), "q4_k_m, q8_0"),
        (("model.onnx", "model_quantized.onnx", "model_fp16.onnx"), "one without a name, fp16, quantized"),
    ],
)
def test_weights_in_several_precisions(names, precisions):
    told = Described(dict.fromkeys(names, b""))
    assert [dict(f.args)["precisions"] for f in told.all] == ([precisions] if precisions else [])
