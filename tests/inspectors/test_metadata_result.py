import json
import re

import yaml

from fixtures.metadata import text_sources as made
from tests.cli.inside import inside
from tests.conftest import ROOT
from tests.inspectors.described import Described

__all__ = ["inside"]
MAR = "MAR-INF/MANIFEST.json"

# -- through the command -----------------------------------------------------------------------------------------------


def scanned(inside, archive, *options):
    result = inside("scan", archive, "--effective-time", "2026-11-21T10:00:00Z", "--jobs", "0", "-f", "json", *options)
    return json.loads(result.stdout)


def codes(result, part="warnings"):
    return {row["code"] for row in result["decision"][part]}


def test_the_result_is_about_the_model_that_the_archive_names(inside, make):
    archive = make({MAR: made.torchserve(), "gate-model.yaml": made.own(build_id="b7", owner="us", licence="MIT")})
    result = scanned(inside, archive)
    assert result["model"] == {"name": "recsys", "version": "1.4.0", "build_id": "b7"}
    assert not {code for code in codes(result) if code.startswith(("versioning", "governance", "metadata"))}
    text = inside("scan", archive, "--jobs", "0").stdout.splitlines()
    assert text[1] == "  model:   recsys 1.4.0, build b7, licence MIT"
    named = scanned(inside, archive, "--model-name", "other", "--model-version", "2.0.0")
    assert named["model"] == {"name": "other", "version": "2.0.0", "build_id": "b7"}


def test_the_name_of_the_model_is_part_of_fingerprints(inside, make):
    twice = b'{"model": {"modelName": "%s"}, "model": {"modelName": "%s"}}'
    prints = [
        scanned(inside, make({MAR: twice % (name, name)}), *options)["findings"][0]["fingerprint"]
        for name, options in ((b"a", ()), (b"b", ()), (b"b", ("--model-name", "a")))
    ]
    assert prints[0] != prints[1] and prints[0] == prints[2]


def test_a_stage_says_what_a_version_must_be(inside, make):
    bare = make({"README.md": made.card("license: mit")}, "bare.zip")
    production, staging = scanned(inside, bare), scanned(inside, bare, "--stage", "staging")
    assert codes(production) >= {"versioning.missing", "governance.no-owner"}
    assert not {"versioning.missing", "governance.no-owner", "governance.no-licence"} & codes(staging)
    assert (production["decision"]["outcome"], staging["decision"]["outcome"]) == ("allow", "allow")
    moving = make({MAR: made.torchserve(version="latest")}, "moving.zip")
    assert codes(scanned(inside, moving), "reasons") == {"versioning.mutable"}
    assert "versioning.mutable" in codes(scanned(inside, moving, "--stage", "staging"))
    assert codes(scanned(inside, moving, "--model-version", "1.4.0"), "reasons") == set()


def test_sources_that_disagree_about_the_version_leave_production_without_an_answer(inside, make):
    archive = make({MAR: made.torchserve(version="1.4.0"), "gate-model.yaml": made.own(version="1.5.0")})
    result = scanned(inside, archive)
    assert (result["decision"]["outcome"], codes(result, "reasons")) == ("inconclusive", {"versioning.ambiguous"})
    assert codes(scanned(inside, archive, "--stage", "staging")) >= {"versioning.ambiguous", "metadata.conflict"}
    assert scanned(inside, archive, "--model-version", "1.5.0")["decision"]["outcome"] == "allow"


def test_an_expired_model_is_denied(inside, make):
    result = scanned(inside, make({"gate-model.yaml": made.own(expires="2026-11-01")}))
    assert codes(result, "reasons") == {"lifecycle.expired"}


def test_a_repository_of_the_hub_is_allowed(inside, make):
    for stage in ("staging", "production"):
        files = {name: data for name, data in made.huggingface().items() if data}
        result = scanned(inside, make(files), "--stage", stage)
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
    assert len(table) == 15
    for codes_, *actions in table:
        for code in re.findall(r"`([^`]+)`", codes_):
            for stage, action in zip(("production", "staging"), actions, strict=True):
                known = config["stages"][stage]["actions"].get(code, config["actions"].get(code, "warn"))
                assert known == action, (code, stage)


EVIL = "\x1b[31m\u202egpj\r\n::error::x ##[group] <script>alert(1)</script> | `x` "


def test_no_value_acts_on_whoever_reads_the_result(inside, make, tmp_path):
    from gate.output import FORMATS

    own = made.own(name=EVIL, version=EVIL, licence=EVIL, params={EVIL: EVIL}, build_id=EVIL, task=EVIL)
    twice = b'{"model": {"modelName": %s}, "%s": 1, "%s": 2}'
    key = json.dumps(EVIL)
    manifest = twice % (key.encode(), key[1:-1].encode(), key[1:-1].encode())
    archive = make({"gate-model.yaml": own, MAR: manifest, f"{EVIL}.safetensors": b"x", "MLmodel": made.mlmodel()})
    files = {name: tmp_path / name for name in FORMATS}
    inside("scan", archive, "--jobs", "0", *(f"-o{name}={path}" for name, path in files.items()))
    for name, path in files.items():
        text = path.read_bytes().decode("utf-8")
        assert "\x1b" not in text and "\u202e" not in text and "##[" not in text, name
        assert not [line for line in text.split("\n") if line.lstrip().startswith("::error::x")], name
        assert name != "markdown" or "<script>" not in re.sub(r"(`+).*?\1", "", text)
    assert files["text"].read_text().splitlines()[1].startswith("  model:   ")


def test_a_model_that_does_not_fit_its_target_is_denied(inside, make, tmp_path):
    from tests.records.test_size import tensors

    archive = make({"model.safetensors": tensors(2**20), "gate-model.yaml": made.own(owner="us", licence="MIT")})
    profile, data = tmp_path / "edge.yaml", tmp_path / "site.yaml"
    profile.write_text("schema: gate.target/v1\nname: edge\nmemory: {host_mib: 1}\ndisk: {free_mib: 1}\n")
    result = scanned(inside, archive, "--profile", profile)
    assert codes(result, "reasons") == {"limits.host-memory", "limits.disk-space"}
    assert codes(scanned(inside, archive, "--profile", profile, "--stage", "staging")) >= {"limits.host-memory"}
    data.write_text("stages: {production: {environments: {edge: {limits: {parameters: 1000}}}}}")
    assert scanned(inside, archive, "--policy-data", data)["decision"]["outcome"] == "allow"
    asked = scanned(inside, archive, "--policy-data", data, "--environment", "edge")
    assert codes(asked, "reasons") == {"limits.too-many-parameters"}
    (fact,) = [row["data"] for row in asked["facts"] if row["kind"] == "metadata.size"]
    assert (fact["format"], fact["parameters"], fact["load"], fact["mapped"]) == ("safetensors", 2**20, 2**21, "yes")
    text = inside("scan", archive, "--jobs", "0").stdout.splitlines()[1:3]
    assert " ".join(line.strip(" |") for line in text).startswith(
        "model:   recsys 1.4.0, weights 1M parameters, float16, 2 MB of safetensors, licence MIT"
    )
