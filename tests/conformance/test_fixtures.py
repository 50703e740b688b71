"""The bank's model, dirty and clean, through the installed command: decisions, schemas, both engines, no leak."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from fixtures.churn import build, surroundings
from gate.advisories.sample import sample
from gate.output import RENDERERS
from gate.policy.site_data import parse
from tests.conformance.test_sarif import complaints, tool  # noqa: F401
from tests.conftest import NOW, ROOT
from tests.policy.scenes import opa

DIRTY = {
    "pii.bank-account",
    "pii.payment-card",
    "pii.training-data",
    "secrets.cloud-key",
    "serialization.dangerous-call",
}
MAR = {
    *DIRTY,
    "integrity.digest-mismatch",
    "native.cuda-major-mismatch",
    "native.version-too-new",
    "signature.invalid",
}
PRODUCTION = {"dependencies.vulnerable", "pii.email-list", "provenance.unsigned"}
CASES = {
    ("dirty_mar", "production"): ("deny", {*MAR, *PRODUCTION}),
    ("dirty_mar", "staging"): ("deny", MAR),
    ("dirty_mlflow", "production"): ("deny", {*DIRTY, *PRODUCTION}),
    ("clean_mar", "production"): ("allow", set()),
    ("clean_mar", "staging"): ("allow", set()),
    ("clean_mlflow", "production"): ("deny", {"provenance.unsigned"}),
    ("clean_mlflow", "staging"): ("allow", set()),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build.build(str(tmp_path_factory.mktemp("churn")))


@pytest.fixture(scope="module")
def supplied(built, tmp_path_factory):
    """Everything that a user gives besides the archive, as options."""
    folder = str(tmp_path_factory.mktemp("supplies"))
    supplies = surroundings.supply(folder, built)
    return (
        *("--trust", supplies.trust, "--profile", supplies.profile, "--policy-data", supplies.policy_data),
        *("--db", sample(folder), "--effective-time", NOW),
    )


@pytest.fixture(scope="module")
def scanned(gate, built, supplied, tmp_path_factory):
    """Scans of the cases, each done once: result, log, and how the command ended."""

    @cache
    def scan(case):
        log = tmp_path_factory.mktemp("log") / "gate.sarif"
        arguments = (getattr(built, case[0]), "--stage", case[1], *supplied, "-f", "json", "-o", f"sarif={log}")
        return gate("scan", *arguments), json.loads(log.read_text())

    return scan


@pytest.mark.parametrize("case", CASES, ids=" for ".join)
def test_each_variant_gets_its_decision_in_every_format(scanned, case):
    outcome, codes = CASES[case]
    result, log = scanned(case)
    document = json.loads(result.stdout)
    assert document["decision"]["outcome"] == outcome and result.stderr == ""
    assert {reason["code"] for reason in document["decision"]["reasons"]} == codes
    assert result.returncode == {"allow": 0, "deny": 1}[outcome]
    schema = json.loads((ROOT / "gate" / "output" / "schema" / "result.v1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    (run,) = log["runs"]
    shown = {r["ruleId"] for r in run["results"]} | {
        n["descriptor"]["id"] for n in run["invocations"][0]["toolExecutionNotifications"]
    }
    assert codes <= shown


def test_the_same_scan_gives_the_same_bytes(gate, built, supplied, scanned):
    case = ("dirty_mar", "production")
    again = gate("scan", built.dirty_mar, "--stage", case[1], *supplied, "-f", "json")
    assert again.stdout == scanned(case)[0].stdout


@pytest.mark.parametrize("case", CASES, ids=" for ".join)
def test_opa_on_the_same_document_decides_the_same(gate, built, supplied, scanned, tmp_path, case):
    options = list(supplied)
    at = options.index("--policy-data")
    own = options[:at] + options[at + 2 :]
    facts = gate("facts", getattr(built, case[0]), "--stage", case[1], *own).stdout
    schema = json.loads((ROOT / "policies" / "input.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(facts))
    site = tmp_path / "site.json"
    config = parse(Path(options[at + 1]).read_bytes(), "policy-data.yaml")
    site.write_text(json.dumps({"gate_site": {"config": config}}))
    command = [opa(), "eval", "-b", "policies", "-d", site, "--stdin-input", "-f", "raw", "data.gate.decision.result"]
    theirs = json.loads(
        subprocess.run(command, input=facts, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    )
    ours = json.loads(scanned(case)[0].stdout)["decision"]
    assert theirs["outcome"] == ours["outcome"]
    for part in ("reasons", "warnings", "waived"):
        keys = sorted((row["code"], row["action"], row["subject"]) for row in theirs[part])
        assert keys == [(row["code"], row["action"], row["subject"]) for row in ours[part]]


def test_no_planted_value_reaches_any_output(gate, built, supplied, tmp_path):
    planted = (*built.personal, *built.secrets)
    assert len(planted) > 500
    for target in (built.dirty_mar, built.dirty_mlflow):
        files = [part for name in RENDERERS for part in ("-o", f"{name}={tmp_path / name}")]
        result = gate("scan", target, *supplied, *files, "-v")
        written = [(tmp_path / name).read_text() for name in RENDERERS]
        facts = gate("facts", target).stdout
        for value in planted:
            assert not [text for text in (result.stdout, result.stderr, facts, *written) if value in text]


def test_nothing_of_the_archive_is_run(gate, built):
    """The payload would touch a file in the working folder."""
    canary = ROOT / "gate_canary"
    for jobs in ("0", "1"):
        gate("scan", built.dirty_mar, built.dirty_mlflow, "--jobs", jobs)
    assert not canary.exists()


def test_the_validator_of_the_standard_accepts_real_logs(gate, built, supplied, scanned, tool, tmp_path):  # noqa: F811
    both = json.loads(gate("scan", built.dirty_mar, built.clean_mlflow, *supplied, "-f", "sarif").stdout)
    assert complaints(tool, [*(scanned(case)[1] for case in CASES), both], tmp_path) == []


def test_the_demo_shows_both_decisions_and_says_where_the_archives_are(gate, tmp_path):
    result = gate("demo", "--folder", tmp_path / "demo")
    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout.index("DENY") < result.stdout.index("ALLOW") and str(tmp_path / "demo") in result.stdout
    assert (tmp_path / "demo" / "dirty").is_dir()
