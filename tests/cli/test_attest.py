"""gate scan --sign-key: what is signed, where it goes, and when nothing is."""

import hashlib
import json
import os
import re
from datetime import UTC, datetime

import pytest

from fixtures.churn.signing import public_key
from gate.adapters import signer
from gate.advisories.sample import sample
from gate.attest import uris
from gate.attest.attest import SUFFIXES
from tests.attest import peers
from tests.attest.samples import payload
from tests.cli.desk import EVIL, KEY, PASSWORD, WEIGHTS, desk, read
from tests.cli.inside import inside
from tests.conftest import NOW

WHO = "https://acme.example/gate/v1"
WRITTEN = [suffix for suffix in SUFFIXES if suffix != ".vulns.sigstore.json"]
"""For an archive that asks for no package: nothing is looked up."""

__all__ = ["desk", "inside"]


@pytest.fixture
def attest(inside, desk):
    def run(*targets, key="k.key", out="out", env=PASSWORD, options=(), by=inside, **more):
        signing = ("--sign-key", desk / key, "--attest-dir", desk / out, "--jobs", "0")
        return by("scan", *targets, *signing, *options, env=env, **more)

    return run


def test_an_allowed_archive_passes_and_other_programs_accept_it(attest, gate, make, desk):
    archive = make(WEIGHTS)
    names = ("--model-name", "m", "--model-version", "1.0", "--environment", "prod-eu", "--verifier-id", WHO)
    assert attest(archive, options=names, by=gate).returncode == 0
    assert sorted(os.listdir(desk / "out")) == sorted(archive.name + suffix for suffix in WRITTEN)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    summary = read(desk, "model.zip.vsa.sigstore.json")
    assert summary["subject"] == [{"name": "model.zip", "digest": {"sha256": digest}}]
    assert summary["predicate"]["verificationResult"] == "PASSED"
    signed_at = datetime.fromisoformat(summary["predicate"]["timeVerified"])
    assert abs((datetime.now(UTC) - signed_at).total_seconds()) < 120
    assert read(desk, "model.zip.gate.sigstore.json")["predicate"]["outcome"] == "allow"
    lines = (desk / "out" / "model.zip.claims.jsonl").read_bytes().splitlines()
    assert [payload(line)["predicateType"] for line in lines] == [uris.VSA, uris.DECISION]
    bundle, bare = desk / "out" / "model.zip.vsa.sigstore.json", desk / "out" / "model.zip.vsa.intoto.jsonl"
    assert peers.cosign(desk / "k.pub", bundle, uris.VSA, archive)
    uri = "model:m@1.0?environment=prod-eu&stage=production"
    assert peers.slsa_verifier(desk / "k.pub", bare, digest, WHO, uri)


def test_a_denied_archive_fails(attest, make, desk):
    assert attest(make(EVIL)).returncode == 1
    assert read(desk, "model.zip.vsa.sigstore.json")["predicate"]["verificationResult"] == "FAILED"
    decision = read(desk, "model.zip.gate.sigstore.json")["predicate"]
    assert decision["outcome"] == "deny" and decision["verifier"]["id"] == uris.UNNAMED
    assert decision["counts"]["serialization.dangerous-call"]["total"] == 1
    assert "weights" not in json.dumps(decision)


def test_what_is_known_against_packages_is_signed_and_goes_when_nobody_looked(attest, gate, make, desk, tmp_path):
    name, database = "model.zip.vulns.sigstore.json", ("--db", sample(str(tmp_path)))
    vulnerable = {**WEIGHTS, "requirements.txt": b"pillow==9.0.0\n"}
    archive = make(vulnerable)
    assert attest(archive, options=database, by=gate).returncode == 1
    scanner = read(desk, name)["predicate"]["scanner"]
    assert {row["annotations"][0]["package"] for row in scanner["result"]} == {"pillow"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", scanner["db"][key]) for key in ("lastUpdate",))
    assert peers.cosign(desk / "k.pub", desk / "out" / name, uris.VULNERABILITIES, archive)
    claims = (desk / "out" / "model.zip.claims.jsonl").read_bytes().splitlines()
    kinds = [uris.VSA, uris.DECISION, uris.VULNERABILITIES]
    assert [payload(line)["predicateType"] for line in claims] == kinds
    assert attest(make(vulnerable), by=gate).returncode == 3  # no data base
    assert not (desk / "out" / name).exists()
    assert len((desk / "out" / "model.zip.claims.jsonl").read_bytes().splitlines()) == 2


def test_a_look_that_left_something_out_gives_no_list(attest, gate, make, desk, tmp_path):
    files = {**WEIGHTS, "requirements.txt": b"pillow==9.0.0\n", "more/requirements.txt": b"pillow==9.0.0\n" * 50}
    options = ("--db", sample(str(tmp_path)), "--limit", "requirements_bytes=100")
    attest(make(files), options=options, by=gate)
    assert read(desk, "model.zip.gate.sigstore.json")["predicate"]["inspectors"]["dependencies"] == "partial"
    assert not (desk / "out" / "model.zip.vulns.sigstore.json").exists()


def test_an_undecided_archive_fails_and_says_so(attest, make, desk):
    assert attest(make(b"not an archive")).returncode == 3
    assert read(desk, "model.zip.vsa.sigstore.json")["predicate"]["verifiedLevels"] == ["FAILED"]
    assert read(desk, "model.zip.gate.sigstore.json")["predicate"]["outcome"] == "inconclusive"


def test_a_folder_is_attested_by_its_dir_hash(attest, desk):
    (desk / "model").mkdir()
    (desk / "model" / "model.safetensors").write_bytes(WEIGHTS["model.safetensors"])
    assert attest(desk / "model/").returncode == 0
    inner = f"{hashlib.sha256(WEIGHTS['model.safetensors']).hexdigest()}  model.safetensors\n"
    expected = {"dirHash": hashlib.sha256(inner.encode()).hexdigest()}
    assert read(desk, "model.vsa.sigstore.json")["subject"] == [{"name": "model", "digest": expected}]


def test_standard_input_is_called_stdin(attest, gate, make, desk):
    data = make(WEIGHTS).read_bytes()
    assert attest("-", by=gate, stdin=data).returncode == 0
    assert read(desk, "stdin.vsa.sigstore.json")["subject"][0]["digest"] == {"sha256": hashlib.sha256(data).hexdigest()}


def test_each_target_has_its_own_set(attest, make, desk):
    assert attest(make(WEIGHTS, "good.zip"), make(EVIL, "bad.zip")).returncode == 1
    assert len(os.listdir(desk / "out")) == 2 * len(WRITTEN)
    assert read(desk, "good.zip.vsa.sigstore.json")["predicate"]["verificationResult"] == "PASSED"


def test_a_second_scan_replaces_the_first_and_is_not_moved_by_it(attest, inside, make, desk):
    archive = make(WEIGHTS)
    assert attest(archive).returncode == 0
    for suffix in WRITTEN:  # where a scan looks for signatures
        os.rename(desk / "out" / f"model.zip{suffix}", desk / f"model.zip{suffix}")
    (desk / "release.pub").write_bytes(public_key())
    (desk / "trust.yaml").write_text(
        "version: 1\nkeys:\n- {name: r, file: release.pub}\n- {name: g, file: k.pub, roles: [verifier]}\n"
    )
    facts = inside("facts", archive, "--trust", desk / "trust.yaml", "--jobs", "0")
    assert json.loads(facts.stdout)["signature"]["verified"] == 0
    assert attest(archive).returncode == 0


def test_the_time_it_holds_is_signed(attest, make, desk):
    assert attest(make(WEIGHTS), options=("--valid-for", "12h")).returncode == 0
    predicate = read(desk, "model.zip.vsa.sigstore.json")["predicate"]
    begin, end = (datetime.fromisoformat(predicate[name]) for name in ("timeVerified", uris.NOT_AFTER))
    assert (end - begin).total_seconds() == 12 * 3600


# -- when nothing is written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["touched", "replaced", "removed"])
def test_what_changed_since_it_was_hashed_is_not_signed(how, make, desk, capsys):
    from gate import pipeline
    from gate.attest.keyed import Keyed
    from gate.cli.judge import Judged
    from gate.cli.signing import Signing
    from gate.core.decision import Request
    from gate.registry import load
    from tests.policy.scenes import FakeEngine

    archive, other, registry = make(WEIGHTS), make(EVIL, "other.zip"), load()
    report = pipeline.scan(str(archive), registry, jobs=0)
    request = Request("production", NOW)
    decision = pipeline.decide(report, request, registry.rules, FakeEngine(), registry_limits())
    {"touched": archive.touch, "replaced": lambda: other.replace(archive), "removed": archive.unlink}[how]()
    signing = Signing(Keyed(KEY), str(desk / "out"), WHO, None)
    assert signing.attest([Judged(report, request, decision)]) == 3
    assert os.listdir(desk / "out") == []
    assert capsys.readouterr().err.startswith("gate: model.zip: not attested: it was written to or replaced")


def registry_limits():
    from gate.core.limits import Limits

    return Limits()


def test_a_folder_of_which_a_part_was_not_read_has_no_digest(attest, desk):
    (desk / "model").mkdir()
    (desk / "model" / "model.safetensors").write_bytes(WEIGHTS["model.safetensors"])
    (desk / "model" / "pipe").symlink_to("/etc/hostname")
    run = attest(desk / "model", options=("--exit-zero",))
    assert run.returncode == 3 and "not attested: it has no digest" in run.stderr
    assert os.listdir(desk / "out") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--effective-time", NOW), "what is signed is signed now"),
        (("--verifier-id", "acme"), "not a URI"),
        (("--valid-for", "3 weeks"), "12h or 30d"),
        (("--attest-dir", "/no/such/folder"), "no such folder"),
        (("--sign-key", "/no/such.key"), "No such file"),
    ],
)
def test_a_wrong_option_is_said_before_anything_is_scanned(attest, make, desk, options, said):
    run = attest(make(WEIGHTS), options=options)
    assert run.returncode == 2 and said in run.stderr and not run.stdout
    assert run.stderr.count("\n") == 1 and os.listdir(desk / "out") == []


@pytest.mark.parametrize("option", ["--attest-dir", "--key-password-file", "--verifier-id", "--valid-for"])
def test_options_of_signing_need_a_key(inside, make, tmp_path, option):
    run = inside("scan", make(WEIGHTS), option, tmp_path)
    assert run.returncode == 2 and f"{option} needs --sign-key" in run.stderr


def test_a_key_needs_a_folder(inside, make, desk):
    run = inside("scan", make(WEIGHTS), "--sign-key", desk / "k.key")
    assert run.returncode == 2 and "--attest-dir" in run.stderr


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"GATE_KEY_PASSWORD": "wrong"}, "cannot be decrypted: wrong password"),
        ({"GATE_KEY_PASSWORD": ""}, "GATE_KEY_PASSWORD is empty"),
        ({}, "needs a password: give --key-password-file FILE or set GATE_KEY_PASSWORD"),
    ],
)
def test_a_wrong_password_is_said(attest, make, env, said):
    run = attest(make(WEIGHTS), env=env)
    assert run.returncode == 2 and said in run.stderr and run.stderr.count("\n") == 1


def test_the_password_may_come_from_a_file(attest, make, desk):
    (desk / "pw").write_bytes(b"correct horse\r\n")
    assert attest(make(WEIGHTS), env={}, options=("--key-password-file", desk / "pw")).returncode == 0


def test_a_public_key_does_not_sign(attest, make):
    run = attest(make(WEIGHTS), key="k.pub")
    assert run.returncode == 2 and "holds a public key; signing needs the private one" in run.stderr


def test_a_key_of_cosign_is_named(attest, make, desk):
    (desk / "c.key").write_text(
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJr\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    )
    run = attest(make(WEIGHTS), key="c.key", env={})
    assert run.returncode == 2 and "cosign's own format" in run.stderr and "gate keys generate" in run.stderr


def test_keys_that_peers_refuse_or_that_all_may_read_are_warned_of(attest, make, desk):
    from cryptography.hazmat.primitives.asymmetric import ec

    key = signer._signer(ec.generate_private_key(ec.SECP384R1()))
    (desk / "w.key").write_bytes(signer.private_pem(key, b""))
    (desk / "w.key").chmod(0o644)
    run = attest(make(WEIGHTS), key="w.key")
    assert run.returncode == 0
    assert "verify only P-256 and Ed25519" in run.stderr and "others than its owner may read it" in run.stderr


def test_neither_key_nor_attestations_lie_in_what_is_judged(attest, desk):
    run = attest(desk)
    assert run.returncode == 2 and "lies inside the target" in run.stderr
    (desk / "model").mkdir()
    run = attest(desk / "model", out="model")
    assert run.returncode == 2 and "lies inside the target" in run.stderr


def test_two_targets_of_one_name_would_be_one_file(attest, make, desk):
    (desk / "other").mkdir()
    first = make(WEIGHTS)
    (desk / "other" / "model.zip").write_bytes(first.read_bytes())
    run = attest(first, desk / "other" / "model.zip")
    assert run.returncode == 2 and "are both called model.zip" in run.stderr


def test_what_cannot_be_written_leaves_nothing(attest, make, desk):
    (desk / "out" / "model.zip.claims.jsonl" / "x").mkdir(parents=True)
    run = attest(make(WEIGHTS))
    assert run.returncode == 2 and "cannot be written" in run.stderr
    assert os.listdir(desk / "out") == ["model.zip.claims.jsonl"]


def test_signing_loads_none_of_the_heavy_libraries(make, desk, monkeypatch):
    from tests.test_lazy import HEAVY, loaded

    monkeypatch.setenv("GATE_KEY_PASSWORD", "correct horse")
    modules, run = loaded(
        "scan", make(WEIGHTS), "--jobs", "0", "--sign-key", desk / "k.key", "--attest-dir", desk / "out"
    )
    assert run.returncode == 0 and modules & HEAVY == set()
    without, _ = loaded("scan", make(WEIGHTS), "--jobs", "0")
    assert "cryptography" in modules and "cryptography" not in without
