"""gate admit, from generated keys and real scans to an exit code."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.churn.build import ARCHIVE, build
from fixtures.churn.surroundings import supply
from gate.advisories.sample import sample
from tests.conftest import zipped
from tests.test_lazy import HEAVY, loaded

WHO = "https://acme.example/gate/v1"
TRUST = f"""version: 1
keys:
  - {{name: gate-2026, file: gate-2026.pub, roles: [verifier]}}
verifiers:
  - {{id: "{WHO}", signers: [gate-2026]}}
"""


@pytest.fixture(scope="module")
def desk(gate, tmp_path_factory):
    """A key pair, a trust file, and the archives of the demonstration with what was attested about them."""
    desk = tmp_path_factory.mktemp("desk")
    assert gate("keys", "generate", "gate-2026", "--no-password", "--out", desk).returncode == 0
    (desk / "verifiers.yaml").write_text(TRUST)
    (desk / "small.zip").write_bytes(zipped({"README.md": b"# A model\n"}))
    built = build(str(desk))
    supplies = supply(str(desk), built)
    supplied = ("--trust", supplies.trust, "--profile", supplies.profile, "--db", sample(str(desk)))
    for out, target, stage, code in (
        ("fit", built.clean_mar, "staging", 0),
        ("unfit", built.dirty_mar, "production", 1),
        ("small", desk / "small.zip", "production", 0),
        ("folder", built.clean_mlflow, "staging", 0),
    ):
        (desk / out).mkdir()
        done = gate(
            *("scan", target, "--stage", stage, "--environment", "prod-eu", "--verifier-id", WHO, "-q", "--jobs", "0"),
            *("--sign-key", desk / "gate-2026.key", "--attest-dir", desk / out, *(supplied if out != "small" else ())),
        )
        assert done.returncode == code, done.stderr
    return desk


@pytest.fixture
def admit(gate, desk):
    def run(*options, stage="staging", environment="prod-eu", trust="verifiers.yaml"):
        return gate("admit", "--stage", stage, "--environment", environment, "--trust", desk / trust, *options)

    return run


def given(desk, out, name=ARCHIVE, suffix="claims.jsonl"):
    return ("--attestation", desk / out / f"{name}.{suffix}")


def sha256(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["claims.jsonl", "vsa.sigstore.json", "vsa.intoto.jsonl"])
def test_what_was_found_fit_is_admitted_by_file_and_by_digest(admit, desk, suffix):
    archive = desk / "clean" / ARCHIVE
    by_file = admit("--file", archive, *given(desk, "fit", suffix=suffix))
    assert by_file.returncode == 0, by_file.stdout + by_file.stderr
    assert by_file.stdout.startswith("ADMIT: " + sha256(archive))
    assert admit("--digest", sha256(archive), *given(desk, "fit", suffix=suffix)).returncode == 0


def test_what_was_found_unfit_is_denied(admit, desk):
    done = admit("--file", desk / "dirty" / ARCHIVE, *given(desk, "unfit"), "-f", "json", stage="production")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["outcome"], answer["exit_code"]) == (1, "deny", 1)
    assert [row["code"] for row in answer["reasons"]] == ["admission.failed"]
    assert answer["reasons"][0]["remedy"]
    *verdicts, vulnerabilities = answer["attestations"]
    assert [one["said"]["verdict"] for one in verdicts] == ["FAILED", "deny"]
    assert {one["said"]["time_source"] for one in verdicts} == {"self-declared"}
    assert (vulnerabilities["state"], vulnerabilities["said"]) == ("no-verdict", None)
    assert any("no log" in note for note in answer["notes"])


def test_a_verdict_of_another_archive_stage_or_environment_is_no_way_in(admit, desk):
    dirty, clean = desk / "dirty" / ARCHIVE, desk / "clean" / ARCHIVE
    assert admit("--file", dirty, *given(desk, "fit")).returncode == 1
    assert admit("--file", clean, *given(desk, "fit"), stage="production").returncode == 1
    assert admit("--file", clean, *given(desk, "fit"), environment="prod-us").returncode == 1
    assert admit("--file", dirty, *given(desk, "fit"), *given(desk, "unfit"), stage="production").returncode == 1


def test_a_verdict_does_not_last(admit, desk):
    small = ("--file", desk / "small.zip", *given(desk, "small", "small.zip"))
    assert admit(*small, stage="production").returncode == 0
    late, early = ("--effective-time", "2999-01-01T00:00:00Z"), ("--effective-time", "2020-01-01T00:00:00Z")
    assert "admission.too-old" in admit(*small, *late, stage="production").stdout
    assert "admission.from-future" in admit(*small, *early, stage="production").stdout
    clean = ("--digest", sha256(desk / "clean" / ARCHIVE), *given(desk, "fit"))
    assert admit(*clean, *late).returncode == 0  # staging has no limit of its own
    assert admit(*clean, *late, "--max-age", "7d").returncode == 1


def test_policies_are_asked_for_by_digest(admit, desk):
    clean = ("--digest", sha256(desk / "clean" / ARCHIVE), *given(desk, "fit"))
    digest = json.loads(admit(*clean, "-f", "json").stdout)["attestations"][0]["said"]["policy"]
    assert admit(*clean, "--policy-digest", f"sha256:{digest}").returncode == 0
    assert admit(*clean, "--policy-digest", "sha256:" + "0" * 64).returncode == 1


def test_a_folder_is_admitted_by_its_dir_hash(admit, desk):
    name = os.path.basename(next((desk / "folder").glob("*.claims.jsonl"))).removesuffix(".claims.jsonl")
    known = json.loads(admit("--digest", "dirHash:" + "0" * 64, *given(desk, "folder", name), "-f", "json").stdout)
    assert known["outcome"] == "deny"
    bundle = json.loads((desk / "folder" / f"{name}.vsa.sigstore.json").read_bytes())
    digest = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["subject"][0]["digest"]["dirHash"]
    assert admit("--digest", f"dirHash:{digest}", *given(desk, "folder", name)).returncode == 0
    refused = admit("--file", desk / "clean" / "mlflow", *given(desk, "folder", name))
    assert refused.returncode == 2
    assert "--digest dirHash:HEX" in refused.stderr


def test_attestations_that_are_not_there_prove_nothing(admit, desk):
    digest = ("--digest", sha256(desk / "clean" / ARCHIVE))
    assert admit(*digest, "--attestation", desk / "nowhere.json").returncode == 3
    assert admit(*digest, *given(desk, "fit"), "--attestation", desk / "nowhere.json").returncode == 3
    (desk / "large.json").write_bytes(b" " * 10_000_000)
    assert "admission.too-large" in admit(*digest, "--attestation", desk / "large.json").stdout


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--digest", "sha256:" + "0" * 64, "--file", "x"),
        ("--digest", "sha256:" + "A" * 64),
        ("--digest", "sha512:" + "0" * 128),
        ("--digest", "0" * 64),
        ("--digest", "sha256:" + "0" * 64 + "\n"),
        ("--file", "/nowhere/at/all"),
        ("--file", "/dev/null"),
        ("--digest", "sha256:" + "0" * 64, "--max-age", "7"),
        ("--digest", "sha256:" + "0" * 64, "--policy-digest", "0" * 64),
        ("--digest", "sha256:" + "0" * 64, "-f", "sarif"),
        ("--digest", "sha256:" + "0" * 64, "--effective-time", "now"),
    ],
)
def test_what_was_not_asked_properly_is_not_answered(admit, desk, options):
    done = admit(*options, *given(desk, "fit"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_stage_environment_and_trust_have_to_be_right(admit, desk):
    digest = ("--digest", "sha256:" + "0" * 64, *given(desk, "fit"))
    assert admit(*digest, stage="moon").returncode == 2
    assert admit(*digest, environment="").returncode == 2
    assert admit(*digest, trust="nowhere.yaml").returncode == 2
    assert admit("--digest", "sha256:" + "0" * 64).returncode == 2


def test_a_policy_of_your_own_may_be_stricter(admit, desk):
    (desk / "strict.yaml").write_text("stages: {staging: {limits: {admission_age_hours: 1}}}")
    clean = ("--digest", sha256(desk / "clean" / ARCHIVE), *given(desk, "fit"), "--max-age", "9d")
    assert admit(*clean, "--policy-data", desk / "strict.yaml").returncode == 0
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    assert admit(*clean, "--effective-time", later).returncode == 0
    assert admit(*clean, "--effective-time", later, "--policy-data", desk / "strict.yaml").returncode == 1


def test_it_imports_none_of_what_scans(desk):
    arguments = ("--file", desk / "small.zip", "--stage", "production", "--environment", "prod-eu")
    modules, run = loaded("admit", *arguments, "--trust", desk / "verifiers.yaml", *given(desk, "small", "small.zip"))
    assert run.returncode == 0, run.stdout
    assert modules & (HEAVY | {"requests", "isal", "numpy"}) == set()
