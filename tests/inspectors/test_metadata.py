import pytest

from fixtures.metadata import text_sources as made
from tests.inspectors.described import Described, package, said

MAR = "MAR-INF/MANIFEST.json"

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
