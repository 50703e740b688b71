"""gate scan --sign-keyless and gate admit, over a Sigstore on loopback: from an identity token to an exit code."""

import hashlib
import json
import os

import pytest

from fixtures.signature.certificates import ISSUER
from fixtures.signature.local import RELEASE
from gate.adapters import service_http
from gate.attest import uris
from tests import sigstores
from tests.attest import peers
from tests.attest.samples import payload
from tests.cli.desk import EVIL, PASSWORD, WEIGHTS, desk, read
from tests.cli.inside import inside
from tests.sigstores import BEARER, SERVICES, Stack
from tests.test_lazy import loaded

WHO = "https://acme.example/gate/v1"
TRUST = f"""version: 1
roots:
  - {{name: corp, file: root.json}}
identities:
  - {{name: ci, issuer: "{ISSUER}", identity: "IDENTITY", roles: [verifier]}}
verifiers:
  - {{id: "{WHO}", signers: [ci]}}
"""
WRITTEN = ["model.zip.claims.jsonl", "model.zip.gate.sigstore.json", "model.zip.vsa.sigstore.json"]
NAMES = ("--environment", "prod-eu", "--verifier-id", WHO)

__all__ = ["desk", "inside"]


@pytest.fixture
def stack():
    with Stack() as stack:
        yield stack


@pytest.fixture
def scan(inside, desk, stack):
    """gate scan --sign-keyless with the services and the token of the stack."""

    def run(*targets, options=NAMES, by=inside, env=None, command="scan", **more):
        where = ("--attest-dir", desk / "out", *stack.write(desk))
        jobs = ("--jobs", "0") if command == "scan" else ()
        run = by(command, *targets, "--sign-keyless", *where, *jobs, *options, env=env or stack.environment(), **more)
        assert BEARER not in run.stdout + run.stderr and "eyJ" not in run.stdout + run.stderr
        return run

    return run


@pytest.fixture
def admit(inside, desk):
    def run(*options, identity=RELEASE.name, stage="production", trust=TRUST, by=inside):
        (desk / "trust.yaml").write_text(trust.replace("IDENTITY", identity))
        where = ("--stage", stage, "--environment", "prod-eu", "--trust", desk / "trust.yaml")
        return by("admit", *where, *options)

    return run


def test_a_build_signs_and_its_identity_is_admitted(scan, admit, gate, make, desk):
    archive = make(WEIGHTS)
    done = scan(archive, by=gate)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(desk / "out")) == WRITTEN
    given = ("--file", archive, "--attestation", desk / "out" / "model.zip.claims.jsonl")
    answer = admit(*given, "-f", "json", by=gate)
    assert answer.returncode == 0, answer.stdout
    told = json.loads(answer.stdout)["attestations"][0]
    assert (told["signer"], told["said"]["time_source"]) == ("ci", "verified")
    denied = admit(*given, identity=RELEASE.name + "0")
    assert denied.returncode == 1 and "admission.untrusted-signer" in denied.stdout and RELEASE.name in denied.stdout
    assert admit(*given, stage="staging").returncode == 1
    bundle, root = desk / "out" / "model.zip.vsa.sigstore.json", desk / "root.json"
    assert peers.cosign_keyless(root, RELEASE.name, ISSUER, bundle, uris.VSA, archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert peers.sigstore_js(bundle, uris.VSA, digest, "root", root, RELEASE.name, ISSUER)


def test_a_denied_archive_is_attested_as_failed_and_never_admitted(scan, admit, make, desk):
    archive = make(EVIL)
    assert scan(archive).returncode == 1
    assert read(desk, "model.zip.vsa.sigstore.json")["predicate"]["verificationResult"] == "FAILED"
    answer = admit("--file", archive, "--attestation", desk / "out" / "model.zip.claims.jsonl")
    assert answer.returncode == 1 and "admission.failed" in answer.stdout


def test_a_token_may_come_from_a_file(scan, make, desk, stack):
    (desk / "token").write_text(stack.token() + "\n")
    run = scan(make(WEIGHTS), options=("--identity-token-file", desk / "token"), env={"HOME": str(desk)})
    assert run.returncode == 0 and "oidc" not in stack.asked
    assert sorted(os.listdir(desk / "out")) == WRITTEN


def test_a_saved_result_is_signed_by_an_identity(scan, inside, make, desk):
    archive = make(WEIGHTS)
    (desk / "result.json").write_text(inside("scan", archive, "-f", "json", "--jobs", "0").stdout)
    run = scan(desk / "result.json", command="attest", options=("--file", archive))
    assert run.returncode == 0, run.stderr
    assert read(desk, "model.zip.gate.sigstore.json")["predicate"]["basis"] == "result"


def test_each_target_has_a_certificate_of_its_own(scan, make, desk, stack):
    assert scan(make(WEIGHTS, "a.zip"), make(EVIL, "b.zip")).returncode == 1
    assert stack.asked.count("fulcio") == stack.asked.count("oidc") == 2
    assert len(os.listdir(desk / "out")) == 6


def test_a_bare_envelope_of_an_earlier_scan_is_taken_away(scan, inside, make, desk):
    archive = make(WEIGHTS)
    signing = ("--sign-key", desk / "k.key", "--attest-dir", desk / "out", "--jobs", "0")
    assert inside("scan", archive, *signing, env=PASSWORD).returncode == 0
    assert "model.zip.vsa.intoto.jsonl" in os.listdir(desk / "out")
    assert scan(archive).returncode == 0
    assert sorted(os.listdir(desk / "out")) == WRITTEN


def test_each_line_of_a_verdict_is_short_and_of_one_identity(scan, make, desk):
    assert scan(make(WEIGHTS)).returncode == 0
    lines = (desk / "out" / "model.zip.claims.jsonl").read_bytes().splitlines()
    assert [payload(line)["predicateType"] for line in lines] == [uris.VSA, uris.DECISION]
    assert all(len(line) < 48 * 1024 for line in lines)


# -- when nothing is written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("how", ["down", "silent", "HTTP 500", "garbage"])
def test_without_a_service_the_decision_is_shown_and_nothing_is_signed(scan, make, desk, stack, monkeypatch, name, how):
    monkeypatch.setattr(service_http, "SECONDS", 0.4)
    if how == "down":
        stack.urls[name] = sigstores.closed_port()
    else:
        garbage, error = sigstores.answering(b"\x00{", 201), sigstores.answering(b"{}", 500)
        stack.broken[name] = {"silent": sigstores.silent, "HTTP 500": error, "garbage": garbage}[how]
    run = scan(make(WEIGHTS), options=(*NAMES, "--exit-zero"))
    assert run.returncode == 3 and run.stdout.startswith("ALLOW")
    assert run.stderr.startswith("gate: model.zip: not attested: the ") and run.stderr.count("\n") == 1
    assert os.listdir(desk / "out") == []


@pytest.mark.parametrize("name", ["tsa", "rekor"])
def test_the_second_statement_failing_takes_the_first_with_it(scan, make, desk, stack, name):
    real = getattr(stack, f"_{name}")
    seen = []

    def once(handler, body):
        seen.append(1)
        if len(seen) > 1:
            raise sigstores.Refuses(503)
        return real(handler, body)

    setattr(stack, f"_{name}", once)
    (desk / "out" / "model.zip.vsa.sigstore.json").write_bytes(b"earlier")
    assert scan(make(WEIGHTS)).returncode == 3
    assert len(seen) == 2
    assert os.listdir(desk / "out") == ["model.zip.vsa.sigstore.json"]
    assert (desk / "out" / "model.zip.vsa.sigstore.json").read_bytes() == b"earlier"


def test_a_denial_stays_a_denial_when_it_cannot_be_signed(scan, make, desk, stack):
    stack.broken["rekor"] = sigstores.answering(b"{}", 503)
    run = scan(make(EVIL))
    assert run.returncode == 1 and run.stdout.startswith("DENY") and "try again later" in run.stderr


def test_what_changed_while_the_services_answered_is_not_signed(scan, make, desk, stack):
    archive, real = make(WEIGHTS), stack._rekor

    def meanwhile(handler, body):
        archive.write_bytes(archive.read_bytes() + b"x")
        return real(handler, body)

    stack._rekor = meanwhile
    run = scan(archive)
    assert run.returncode == 3 and "written to or replaced" in run.stderr and os.listdir(desk / "out") == []


def test_a_lie_leaves_nothing_behind(scan, make, desk, stack):
    stack.lies["tsa"] = lambda answer: stack.sigstore.timestamps.stamp(b"other bytes", sigstores.now())
    run = scan(make(WEIGHTS))
    assert run.returncode == 3 and "the timestamp authority at http://127.0.0.1" in run.stderr
    assert "one of its timestamps does not verify; do not trust this service" in run.stderr
    assert os.listdir(desk / "out") == []


# -- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sign-key", "x.key"), "give one of them"),
        (("--key-password-file", "x"), "--key-password-file needs --sign-key"),
        (("--effective-time", "2026-11-21T10:00:00Z"), "what is signed is signed now"),
        (("--identity-token-file", "/no/such/token"), "No such file"),
        (("--identity-token-file", os.devnull), "is no identity token"),
        (("--attest-dir", "/no/such/folder"), "no such folder"),
        (("--signing-config", os.devnull), "is no Sigstore signing config"),
        (("--trusted-root", os.devnull), "is no Sigstore trusted root"),
        (("--signing-config", ""), "--trusted-root together"),
        (("--trusted-root", ""), "--trusted-root together"),
    ],
)
def test_a_wrong_option_is_said_before_anything_is_scanned_or_asked(scan, make, desk, stack, options, said):
    run = scan(make(WEIGHTS), options=options)
    assert run.returncode == 2 and said in run.stderr and not run.stdout
    assert run.stderr.count("\n") == 1 and os.listdir(desk / "out") == [] and stack.asked == []


@pytest.mark.parametrize("change", ["ended", "no log", "no authority", "timeless", "not JSON", "another kind"])
def test_a_signing_config_that_names_no_services_is_refused(scan, make, desk, stack, change):
    config = json.loads(stack.signing_config())
    if change == "ended":
        config["caUrls"][0]["validFor"]["end"] = "2025-02-01T00:00:00Z"
    elif change == "timeless":
        config["rekorTlogUrls"][0]["majorApiVersion"], config["tsaUrls"] = 2, []
    elif change == "another kind":
        config["mediaType"] = "application/json"
    elif change != "not JSON":
        config[{"no log": "rekorTlogUrls", "no authority": "caUrls"}[change]] = []
    text = "{" if change == "not JSON" else json.dumps(config)
    (desk / "other.json").write_text(text)
    run = scan(make(WEIGHTS), options=("--signing-config", desk / "other.json"))
    assert run.returncode == 2 and "other.json" in run.stderr and run.stderr.count("\n") == 1


def test_without_a_token_one_is_told_where_to_get_it(scan, make, stack, monkeypatch):
    for name in stack.environment():
        monkeypatch.delenv(name, raising=False)
    run = scan(make(WEIGHTS), env={"GITHUB_ACTIONS": "true"})
    assert run.returncode == 2 and "id-token: write" in run.stderr and "--identity-token-file" in run.stderr


@pytest.mark.parametrize("option", ["--identity-token-file", "--signing-config", "--trusted-root"])
def test_options_of_keyless_signing_need_it(inside, make, tmp_path, option):
    run = inside("scan", make(WEIGHTS), option, tmp_path)
    assert run.returncode == 2 and f"{option} needs --sign-keyless" in run.stderr


def test_neither_token_nor_services_lie_in_what_is_judged(scan, desk, stack):
    (desk / "token").write_text(stack.token())
    run = scan(desk, options=("--identity-token-file", desk / "token"))
    assert run.returncode == 2 and "lies inside the target" in run.stderr


def test_sigstore_is_loaded_for_keyless_signing_only(make, desk, stack, monkeypatch):
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    options = ("--jobs", "0", "--attest-dir", desk / "out")
    modules, run = loaded("scan", make(WEIGHTS), *options, "--sign-keyless", *stack.write(desk))
    assert run.returncode == 0 and "sigstore" in modules
    monkeypatch.setenv("GATE_KEY_PASSWORD", PASSWORD["GATE_KEY_PASSWORD"])
    modules, run = loaded("scan", make(WEIGHTS), *options, "--sign-key", desk / "k.key")
    assert run.returncode == 0 and not modules & {"sigstore", "requests", "tuf"}
