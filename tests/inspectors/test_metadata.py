import dataclasses
import json
import re

import pytest
import yaml

from fixtures.metadata import text_sources as made
from gate.core.text import printable
from gate.facts.metadata import Claimed
from tests.conftest import ROOT
from tests.inspectors.described import Described, package

MAR = "MAR-INF/MANIFEST.json"


def said(name, data):
    told = Described({name: data})
    assert (told.gaps, [row for row in told.findings if row[0] != "conflict"]) == ([], [])
    return told.values()


# -- what each document says -------------------------------------------------------------------------------------------


def test_an_mlmodel():
    values = said("MLmodel", made.mlmodel())
    assert values == {
        "created": ("2026-11-21 09:44:51.123456",),
        "flavors": ("python_function", "sklearn"),
        "framework.scikit-learn": ("1.9.1",),
        "io.inputs": ("age: double",),
        "io.outputs": ("float64[-1, 2]",),
        "model_id": ("m-5f0c2f8e4f3a4f6f9d1b7a2c3e4d5f60",),
        "python": ("3.12.11",),
        "run_id": (made.RUN,),
        "writer.mlflow": ("3.17.2",),
    }


def test_a_torchserve_manifest_describes_the_folder_above_it():
    told = Described({f"m.mar!/{MAR}": made.torchserve()})
    assert told.values()["version"] == ("1.4.0",)
    assert (told.model.path, told.model.name, told.model.created) == ("m.mar!/", "recsys", "2026-11-21T09:44:51Z")
    assert told.section["created_zone_known"] is False


def test_a_registered_model_has_a_number_and_no_version_of_its_own():
    told = Described({"registered_model_meta": b"model_name: fraud\nmodel_version: '3'\n", "MLmodel": made.mlmodel()})
    assert (told.model.name, told.model.version, told.model.version_kind) == ("fraud", "3", "integer")


def test_a_bento():
    told = Described({"bento.yaml": made.bento()})
    assert told.values()["hardware.gpu"] == ("1",)
    assert (told.model.version_kind, told.section["has_owner"]) == ("other", True)
    assert told.section["created_zone_known"] is True


def test_a_kitfile():
    values = said("Kitfile", made.kitfile())
    assert values["name"] == ("recsys",) and values["licence"] == ("llama3",)
    assert values["param.learning_rate"] == ("0.01",) and values["param.api_key"] == ("…",)
    assert values["data.train"] == ("data/train.csv",)


def test_the_blob_of_an_oci_artifact_is_known_by_its_content():
    values = said("blobs/sha256/" + "a" * 64, made.modelpack())
    assert values["licence"] == ("MIT", "Apache-2.0") and values["commit"] == (made.COMMIT,)
    assert Described({"blobs/sha256/" + "a" * 64: made.modelpack()}).model.path == ""
    assert Described({"blobs/sha256/" + "b" * 64: b'{"architecture": "amd64", "rootfs": {}}'}).wanted == []


def test_a_repository_of_the_hub_is_quiet_and_known():
    told = Described(made.huggingface())
    assert (told.findings, told.gaps) == ([], [])
    model = told.model
    assert (model.architecture, model.framework, model.framework_version) == ("BertModel", "transformers", "4.31.0")
    assert (model.licences, model.spdx, model.version_kind) == (("apache-2.0",), ("Apache-2.0",), "none")
    assert told.values()["languages"] == ("no",)


def test_a_card_with_its_results():
    results = (
        "license: other",
        "license_name: llama3.3",
        "base_model: [meta/Llama-3.3, /home/jane/base]",
        "model-index:",
        "- name: a-run",
        "  results:",
        "  - task: {type: t}",
        "    metrics:",
        "    - {type: wer, value: 7.5}",
    )
    told = Described({"README.md": made.card(*results, "version: 1.10")})
    values = told.values()
    assert values["metric.wer"] == ("7.5",) and values["base_model"] == ("meta/Llama-3.3", "…/base")
    assert (told.model.licences, told.section["licence_is_spdx"]) == (("llama3.3",), False)
    assert told.model.version == "1.10"
    assert [row.line for row in told.facts if row.key == "version"] == [11]


def test_a_rule_between_paragraphs_is_no_front_matter():
    for data in (b"---\nJust text.\n", b"---\nSome prose\n---\n# Title\n", b"# Title\n---\nlicense: mit\n---\n"):
        told = Described({"README.md": data})
        assert (told.facts, told.gaps) == ([], [])


def test_a_triton_configuration():
    values = said("config.pbtxt", made.TRITON)
    assert values["io.inputs"] == ("x: TYPE_FP32[-1, 3, -1]", "mask?: TYPE_BOOL[-1, 3]")
    assert values["hardware.kind"] == ("KIND_GPU",) and values["framework"] == ("onnxruntime",)


def test_files_of_dvc():
    values = said("data.dvc", made.DVC)
    assert values["data.data"] == ("md5:a304afb96060aad90176268345e10355.dir",)
    assert values["data.old.csv"] == ("md5-dos2unix:8f14e45fceea167a5a36dedd4bea2543",)
    locked = said("dvc.lock", made.DVC_LOCK)
    assert locked["data.data/train.csv"] == ("md5:a304afb96060aad90176268345e10355",)
    assert locked["output.model.pkl"] == ("md5:8f14e45fceea167a5a36dedd4bea2543",)
    assert locked["param.train.lr"] == ("0.01",)
    assert Described({"dvc.lock": made.DVC_LOCK}).section["has_data_digest"] is True


def test_a_skops_file_tells_the_version_of_its_estimators():
    values = said("m.skops!/schema.json", made.skops("1.9.1"))
    assert values == {"framework.scikit-learn": ("1.9.1",), "seed.scikit-learn": ("7",), "writer.skops": ("0.16.0",)}
    assert "seed.scikit-learn" not in said("schema.json", made.skops("1.9.1", seed=None))
    assert said("schema.json", made.skops("1.9.1", seed=0))["seed.scikit-learn"] == ("0",)
    assert Described({"schema.json": b'{"$schema": "https://json-schema.org"}'}).wanted == []


def test_bills_of_materials():
    values = said("sbom.cdx.json", made.cyclonedx())
    assert (values["name"], values["version"], values["licence"]) == (("recsys",), ("1.4.0",), ("Apache-2.0",))
    assert values["metric.auc"] == ("0.91",) and values["architecture"] == ("two-tower",)
    three = Described({"m.spdx.json": made.spdx3()})
    assert (three.model.version, three.model.expires) == ("1.4.0", "2027-01-01T00:00:00Z")
    two = said("m.spdx.json", made.spdx2())
    assert two == {"package.name": ("recsys.mar",), "package.version": ("9",), "package.licence": ("MIT",)}


@pytest.mark.parametrize("sealed", [True, False])
def test_statements_about_the_model(sealed):
    values = said("model.intoto.jsonl", made.provenance(sealed=sealed))
    assert values["commit"] == (made.COMMIT,) and values["provenance.type"] == ("https://slsa.dev",)
    two = Described({"a.intoto.jsonl": made.provenance(sealed=sealed) + b"\n" + made.provenance(sealed=sealed)})
    assert two.gaps == [] and two.findings == []


def test_a_model_card_of_the_toolkit():
    values = said("model_card.json", made.model_card())
    assert values["owner"] == ("Ja…",) and values["intended_use"] == ("stated",)
    assert values["metric.auc"] == ("0.91",)


def test_keras_says_which_version_wrote_it():
    told = Described({"m.keras!/metadata.json": b'{"keras_version": "3.15.1", "date_saved": "2026-11-21@09:44:51"}'})
    assert (told.model.framework, told.model.framework_version) == ("keras", "3.15.1")
    assert told.model.created == "2026-11-21T09:44:51Z"


def test_the_models_own_file_fills_what_formats_cannot_say():
    fields = {
        "owner": "Jane Doe",
        "licence": "MIT",
        "expires": "2026-12-31",
        "seeds": {"torch": 7},
        "code": {"commit": made.COMMIT},
        "data": [{"name": "train", "digest": made.DATA}],
        "stage": "Staging",
        "intended_use": "ask jane@bank.example",
    }
    told = Described({"MAR-INF/gate-model.yaml": made.own(**fields)})
    section = told.section
    has = {name for name, value in section.items() if value is True}
    wanted = {"name", "version", "owner", "licence", "seed", "commit", "data_digest", "intended_use"}
    assert has == {f"has_{name}" for name in wanted} | {"licence_is_spdx"}
    assert (section["version_kind"], section["expires"], section["expired"]) == (
        "semver",
        "2026-12-31T00:00:00Z",
        False,
    )
    assert told.values()["owner"] == ("Ja…",)


# -- one record --------------------------------------------------------------------------------------------------------


def test_whose_word_counts():
    told = Described(
        {
            MAR: made.torchserve(name="from-manifest"),
            "README.md": made.card("license: mit", "version: 1.4.0"),
            "gate-model.yaml": made.own(name="from-manifest"),
        }
    )
    assert told.findings == []
    rows = [(row.path, row.chosen) for row in told.facts if row.key == "version"]
    assert rows == [(MAR, 1), ("README.md", 1), ("gate-model.yaml", 1)]


def test_sources_that_disagree_are_all_kept():
    told = Described({MAR: made.torchserve(version="1.4.0"), "gate-model.yaml": made.own(version="1.5.0")})
    assert (told.model.version, told.model.conflicts) == ("1.5.0", ("version",))
    rows = {(row.path, row.values[0], row.chosen) for row in told.facts if row.key == "version"}
    assert rows == {(MAR, "1.4.0", 0), ("gate-model.yaml", "1.5.0", 1)}
    assert told.findings == [("conflict", MAR, "version")]
    args = told.args()
    assert (args["here"], args["there"], args["field"]) == ("1.4.0", "1.5.0", "model.modelVersion")
    assert args["other"] == "gate-model.yaml line 3 (version)"
    assert told.all[0].location.line > 1


def test_an_archive_of_two_models_is_about_neither():
    told = Described({"a/MLmodel": made.mlmodel(), "b/MLmodel": made.mlmodel(sklearn="1.2.1", run_id="f" * 32)})
    assert (told.findings, told.model.name, told.section["models"]) == ([], "", 2)


def test_a_model_in_an_archive_in_a_folder_is_what_it_is_about():
    told = Described({"README.md": made.card("license: mit"), f"dist/m.mar!/{MAR}": made.torchserve()})
    assert (told.model.path, told.model.name, told.model.licences) == ("dist/m.mar!/", "recsys", ("mit",))


def test_a_checkpoint_below_does_not_name_the_model():
    files = {
        "config.json": b'{"model_type": "bert"}',
        "checkpoint-5/README.md": made.card("model-index: [{name: run}]"),
    }
    assert Described(files).model.name == ""


def test_a_framework_has_the_version_that_the_list_pins():
    files = {MAR: made.torchserve(), "README.md": made.card("library_name: sklearn")}
    told = Described(files, [package("requirements.txt", "scikit-learn", "1.5.2")])
    assert (told.model.framework, told.model.framework_version) == ("scikit-learn", "1.5.2")


def test_only_so_many_values_are_published_and_the_archives_own_come_first():
    files = {f"z{i:04}/MLmodel": made.mlmodel() for i in range(100)} | {"MLmodel": made.mlmodel()}
    told = Described(files)
    assert len(told.facts) == 300 and sum(row.about == "" for row in told.facts) == 9
    assert told.section["claims"] == 909 and told.section["published"] == 300


def test_an_archive_without_any_document_has_no_record():
    told = Described({"model.pkl": b"\x80\x04."})
    assert (told.facts, told.section["has_version"], told.section["sources"]) == ([], False, 0)


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


# -- keys that stand twice, and weights in several precisions -----------------------------------------------------------


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


# -- expiry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expires", "expired"),
    [
        ("2026-11-21T10:00:00Z", True),
        ("2026-11-21T12:00:00+02:00", True),
        ("2026-11-21T10:00:01Z", False),
        ("2026-11-20", True),
    ],
)
def test_a_model_expires_by_the_clock_of_the_decision(expires, expired):
    assert Described({"gate-model.yaml": made.own(expires=expires)}).section["expired"] is expired


def test_a_model_from_the_future():
    assert Described({"gate-model.yaml": made.own(created="2026-11-22")}).section["created_in_future"] is True
    assert Described({"gate-model.yaml": made.own(created="2026-11-20")}).section["created_in_future"] is False


# -- hostile -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", made.HOSTILE)
def test_what_cannot_be_read_is_a_gap_and_the_others_are_still_read(name):
    member, data, reason = made.HOSTILE[name]
    told = Described({f"x/{member}": data, "MLmodel": made.mlmodel()})
    assert told.gaps == [(f"x/{member}", reason)]
    assert told.model.framework == "scikit-learn"


def test_numbers_that_json_does_not_have_are_the_text_that_they_are():
    values = said("config.json", b'{"model_type": NaN, "temperature": -Infinity}')
    assert values["family"] == ("NaN",) and values["param.temperature"] == ("-Infinity",)


EVIL = "\x1b[31m\u202egpj\ud800\r\n::error::x ##[group] <script>" + "x" * 5000
SECRETS = ("hunter2", "jane.doe", "s3cr3t", "jane@bank.example")


def test_no_value_can_act_on_a_terminal():
    told = Described(
        {"MAR-INF/MANIFEST.json": json.dumps({"model": {"modelName": EVIL, "modelVersion": EVIL}}).encode()}
    )
    for row in told.facts:
        for value in row.values:
            assert value.isprintable() and len(value) <= 400 and "##[" not in value
    assert told.model.name == printable(told.model.name, 400)


def test_no_person_and_no_secret_is_published():
    data = {
        "name": "a jane@bank.example model",
        "version": "1.0.0",
        "owner": "jane.doe and others",
        "base_model": "https://user:s3cr3t@hub.example/x?token=s3cr3t",
        "code": {"repository": "/home/jane.doe/x/repo"},
        "description": "hunter2",
        "limits": "hunter2",
        "params": {"password": "hunter2", "token": 5, "lr": 0.1, "note": "hunter2 is it"},
        "run_id": "file:///home/jane.doe/mlruns/7",
    }
    told = Described(
        {"gate-model.yaml": json.dumps(data).encode(), "README.md": made.card("version: jane@bank.example")}
    )
    everything = repr((told.facts, told.all, told.section, told.model))
    assert [secret for secret in SECRETS if secret in everything] == []
    assert told.values()["param.lr"] == ("0.1",) and told.values()["repository"] == ("…/repo",)


def test_a_document_that_says_too_much_is_cut_and_said_so():
    params = "".join(f"p{i}: {i}\n" for i in range(1500))
    told = Described({"params.yaml": params.encode()})
    assert told.gaps == [("params.yaml", "too-many")] and told.section["claims"] == 1000


def test_more_claims_than_anybody_compares_are_said(monkeypatch):
    monkeypatch.setattr("gate.inspectors.metadata.CLAIMS", 20)
    told = Described({f"{i}/MLmodel": made.mlmodel() for i in range(9)})
    assert told.gaps == [("", "too-many")]


def test_other_inspectors_add_to_the_record():
    row = Claimed("model.onnx", "framework.onnx", ("1.17",), "onnx", "producer", 0)
    told = Described({MAR: made.torchserve()}, [row])
    assert (told.model.framework, told.model.framework_version) == ("onnx", "1.17")


# -- through the command -----------------------------------------------------------------------------------------------


def scanned(gate, archive, *options):
    result = gate("scan", archive, "--effective-time", "2026-11-21T10:00:00Z", "--jobs", "0", "-f", "json", *options)
    return json.loads(result.stdout)


def codes(result, part="warnings"):
    return {row["code"] for row in result["decision"][part]}


def test_the_result_is_about_the_model_that_the_archive_names(gate, make):
    archive = make({MAR: made.torchserve(), "gate-model.yaml": made.own(build_id="b7", owner="us", licence="MIT")})
    result = scanned(gate, archive)
    assert result["model"] == {"name": "recsys", "version": "1.4.0", "build_id": "b7"}
    assert not {code for code in codes(result) if code.startswith(("versioning", "governance", "metadata"))}
    text = gate("scan", archive, "--jobs", "0").stdout.splitlines()
    assert text[1] == "  model:   recsys 1.4.0, build b7, licence MIT"
    named = scanned(gate, archive, "--model-name", "other", "--model-version", "2.0.0")
    assert named["model"] == {"name": "other", "version": "2.0.0", "build_id": "b7"}


def test_the_name_of_the_model_is_part_of_fingerprints(gate, make):
    twice = b'{"model": {"modelName": "%s"}, "model": {"modelName": "%s"}}'
    prints = [
        scanned(gate, make({MAR: twice % (name, name)}), *options)["findings"][0]["fingerprint"]
        for name, options in ((b"a", ()), (b"b", ()), (b"b", ("--model-name", "a")))
    ]
    assert prints[0] != prints[1] and prints[0] == prints[2]


def test_a_stage_says_what_a_version_must_be(gate, make):
    bare = make({"README.md": made.card("license: mit")}, "bare.zip")
    production, staging = scanned(gate, bare), scanned(gate, bare, "--stage", "staging")
    assert codes(production) >= {"versioning.missing", "governance.no-owner"}
    assert not {"versioning.missing", "governance.no-owner", "governance.no-licence"} & codes(staging)
    assert (production["decision"]["outcome"], staging["decision"]["outcome"]) == ("allow", "allow")
    moving = make({MAR: made.torchserve(version="latest")}, "moving.zip")
    assert codes(scanned(gate, moving), "reasons") == {"versioning.mutable"}
    assert "versioning.mutable" in codes(scanned(gate, moving, "--stage", "staging"))
    assert codes(scanned(gate, moving, "--model-version", "1.4.0"), "reasons") == set()


def test_sources_that_disagree_about_the_version_leave_production_without_an_answer(gate, make):
    archive = make({MAR: made.torchserve(version="1.4.0"), "gate-model.yaml": made.own(version="1.5.0")})
    result = scanned(gate, archive)
    assert (result["decision"]["outcome"], codes(result, "reasons")) == ("inconclusive", {"versioning.ambiguous"})
    assert codes(scanned(gate, archive, "--stage", "staging")) >= {"versioning.ambiguous", "metadata.conflict"}
    assert scanned(gate, archive, "--model-version", "1.5.0")["decision"]["outcome"] == "allow"


def test_an_expired_model_is_denied(gate, make):
    result = scanned(gate, make({"gate-model.yaml": made.own(expires="2026-11-01")}))
    assert codes(result, "reasons") == {"lifecycle.expired"}


def test_a_repository_of_the_hub_is_allowed(gate, make):
    for stage in ("staging", "production"):
        files = {name: data for name, data in made.huggingface().items() if data}
        result = scanned(gate, make(files), "--stage", stage)
        assert result["decision"]["outcome"] == "allow", result["decision"]
        assert result["gaps"] == []


# -- the page about it -------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "metadata.md").read_text()


def test_the_example_of_the_page_is_read():
    (example,) = re.findall(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)
    told = Described({"gate-model.yaml": example.encode()})
    assert (told.gaps, told.findings, told.model.version_kind) == ([], [], "semver")
    assert all(
        told.section[f"has_{name}"] for name in ("owner", "licence", "seed", "commit", "data_digest", "parameters")
    )


def test_the_page_has_every_key_of_the_table_and_every_boolean():
    rows = yaml.safe_load((ROOT / "rules" / "data" / "metadata" / "sources.yaml").read_text())
    families = {key.partition(".")[0] for row in rows for key in row.get("claims", {})}
    assert [name for name in sorted(families) if f"`{name}" not in PAGE] == []
    section = Described({}).section
    assert [name for name, value in section.items() if value is False and f"`{name}`" not in PAGE] == []


def test_the_page_has_the_actions_of_the_policy():
    config = json.loads((ROOT / "policies" / "gate" / "config" / "data.json").read_text())
    table = re.findall(r"^\| (`[^|]*) \| [^|]* \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert len(table) == 8
    for codes_, *actions in table:
        for code in re.findall(r"`([^`]+)`", codes_):
            for stage, action in zip(("production", "staging"), actions, strict=True):
                known = config["stages"][stage]["actions"].get(code, config["actions"].get(code, "warn"))
                assert known == action, (code, stage)
