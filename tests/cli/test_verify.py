"""gate verify: its options and exit codes; what is verified is tests/trust/test_bundle.py and the inspector's tests."""

import hashlib
import json
import os
from types import SimpleNamespace

import pytest

from fixtures.signature import build
from fixtures.signature.certificates import private_key, sign
from fixtures.signature.local import RELEASE, Sigstore, b64, keyed, statement
from gate import cli
from gate.cli.artifact import artifact
from gate.core.errors import UsageError
from gate.facts.signatures import Signature
from gate.trust.signed import exit_code, overall
from tests.adapters.test_keys import pem
from tests.conftest import zipped

DATA = b"the archive"
SHA256 = hashlib.sha256(DATA).hexdigest()
LOCAL = Sigstore()
KEY = private_key("release")
IDENTITY = ("--certificate-identity", RELEASE.name, "--certificate-oidc-issuer", RELEASE.issuer)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = tmp_path_factory.mktemp("desk")
    files = {
        "model.bin": DATA,
        "other.bin": b"another",
        "root.json": LOCAL.trusted_root(),
        "k.pub": pem(KEY),
        "sign.json": json.dumps(LOCAL.sign(DATA)).encode(),
        "att.json": json.dumps(LOCAL.attest(statement({"sha256": SHA256}))).encode(),
        "key.json": json.dumps(keyed({"messageSignature": {"signature": b64(sign(KEY, DATA))}}, "")).encode(),
        "pgp.json": json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle.v9+json"}).encode(),
    }
    for name, data in files.items():
        (desk / name).write_bytes(data)
    (desk / "cases").mkdir()
    build.build(str(desk / "cases"))
    return desk


@pytest.fixture
def ask(monkeypatch, capfd):
    """gate verify in this process, which has imported sigstore already."""

    def run(*options):
        monkeypatch.setattr("sys.argv", ["gate", "verify", *map(str, options)])
        code = cli._run()
        out, err = capfd.readouterr()
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    return run


@pytest.fixture
def verify(ask, desk):
    def run(bundle, target, *options, root="root.json"):
        anchor = ("--trusted-root", desk / root) if root else ()
        return ask("--bundle", desk / bundle, *anchor, *options, target)

    return run


# -- one bundle --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bundle", ["sign.json", "att.json"])
def test_a_bundle_over_a_file_or_its_digest_is_verified(verify, desk, bundle):
    for target in (desk / "model.bin", f"sha256:{SHA256}"):
        done = verify(bundle, target, *IDENTITY)
        assert done.returncode == 0, done.stdout
        assert done.stdout.startswith("VERIFIED") and RELEASE.name in done.stdout and not done.stderr
        assert hashlib.sha256(LOCAL.trusted_root()).hexdigest() in done.stdout
    assert verify(bundle, desk / "other.bin", *IDENTITY).returncode == 1
    assert verify(bundle, f"sha256:{'00' * 32}", *IDENTITY).returncode == 1


def test_the_command_as_a_user_runs_it(gate, desk):
    done = gate("verify", "--bundle", desk / "key.json", "--key", desk / "k.pub", f"sha256:{SHA256}")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("VERIFIED")


def test_a_bundle_by_key_needs_no_root(verify, desk):
    assert verify("key.json", desk / "model.bin", "--key", desk / "k.pub", root="").returncode == 0
    assert verify("key.json", desk / "other.bin", "--key", desk / "k.pub", root="").returncode == 1


def test_json_says_what_text_says(verify, desk):
    done = verify("att.json", desk / "model.bin", *IDENTITY, "-f", "json")
    said = json.loads(done.stdout)
    assert (said["schema"], said["status"], said["exit_code"], said["reason"]) == (
        "gate.bundle/v1",
        "verified",
        0,
        None,
    )
    assert said["subject"] == {"digest": {"sha256": SHA256}} and said["times"] == ["2025-06-02T12:00:00Z"]
    assert said["signer"] == RELEASE.name and said["predicate_type"] == "https://slsa.dev/provenance/v1"
    refused = json.loads(verify("sign.json", desk / "other.bin", *IDENTITY, "-f", "json").stdout)
    assert (refused["status"], refused["reason"], refused["exit_code"]) == ("invalid", "wrong-subject", 1)


def test_without_a_root_the_public_sigstore_is_asked_and_its_digest_shown(verify, desk):
    done = verify("sign.json", desk / "model.bin", *IDENTITY, root="")
    assert done.returncode == 1 and "trusted root: sha256:" in done.stdout


def test_what_is_not_supported_is_inconclusive(verify, desk):
    done = verify("pgp.json", desk / "model.bin", *IDENTITY)
    assert done.returncode == 3 and done.stdout.startswith("INCONCLUSIVE")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "say who must have signed"),
        (("--certificate-identity", "x"), "say who must have signed"),
        (("--certificate-oidc-issuer", "x"), "say who must have signed"),
        ((*IDENTITY, "--key", "k.pub"), "say who must have signed"),
        (("--key", "nowhere"), "No such file"),
        ((*IDENTITY, "--trusted-root", "nowhere"), "No such file"),
        ((*IDENTITY, "--trust", "trust.yaml"), "--bundle asks about one signer"),
        ((*IDENTITY, "-f", "sarif"), "there are json, text"),
    ],
)
def test_wrong_usage_is_2(verify, desk, options, complaint):
    done = verify("sign.json", desk / "model.bin", *options, root="")
    assert done.returncode == 2 and complaint in done.stderr and not done.stdout


def test_files_that_are_none_of_what_they_should_be_are_2(verify, desk, ask):
    for root in ("model.bin", "sign.json"):
        assert "no Sigstore trusted root" in verify("sign.json", desk / "model.bin", *IDENTITY, root=root).stderr
    assert "public key" in verify("key.json", desk / "model.bin", "--key", desk / "sign.json").stderr
    assert verify("nowhere.json", desk / "model.bin", *IDENTITY).returncode == 2
    for target in (desk, desk / "nowhere", "sha256:abc", f"sha256:{SHA256.upper()}"):
        assert verify("sign.json", target, *IDENTITY).returncode == 2
    assert "need --bundle" in ask("--key", desk / "k.pub", desk / "model.bin").stderr


def test_a_file_that_is_called_like_a_digest_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"sha256:{SHA256}").write_bytes(b"x")
    assert artifact(f"sha256:{SHA256}").digests == {"sha256": hashlib.sha256(b"x").hexdigest()}


def test_a_file_is_read_once_for_all_that_a_key_needs(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(DATA)
    whole = artifact(str(tmp_path / "f"), {"sha384", ""})
    assert (
        whole.digests == {n: hashlib.new(n, DATA).hexdigest() for n in ("sha256", "sha384")} and whole.message == DATA
    )
    monkeypatch.setattr("gate.cli.artifact._MESSAGE", len(DATA) - 1)
    assert artifact(str(tmp_path / "f"), {""}).message is None
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no regular file"):
        artifact(str(tmp_path / "pipe"))


# -- all signatures of an archive --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("signed", "verified", 0),
        ("attested", "verified", 0),
        ("lines", "verified", 0),
        ("another", "invalid", 1),
        ("unreadable", "invalid", 1),
        ("stranger", "untrusted", 1),
    ],
)
def test_each_case_of_the_fixture_ends_in_its_exit_code(ask, desk, name, status, code):
    cases = desk / "cases"
    done = ask("--trust", cases / "trust.yaml", cases / f"{name}.zip", "-f", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["status"], said["exit_code"]) == (code, status, code)
    assert all(row["message"] for row in said["signatures"] if row["status"] != "verified")
    text = ask("--trust", cases / "trust.yaml", cases / f"{name}.zip")
    assert text.returncode == code and status.upper() in text.stdout


def test_nothing_is_verified_without_a_trust_file(ask, desk):
    done = ask(desk / "cases" / "signed.zip")
    assert done.returncode == 3 and "no trust file was given" in done.stdout
    assert ask(desk / "model.bin").returncode == 3


def test_what_is_not_signed_is_said_with_a_trust_file_to_be_refused(ask, desk):
    done = ask("--trust", desk / "cases" / "trust.yaml", desk / "other.bin")
    assert done.returncode == 1 and done.stdout.startswith("ABSENT")


def test_a_signature_that_lies_elsewhere_is_given(ask, desk, tmp_path):
    (tmp_path / "moved.zip").write_bytes(build.ARCHIVE)
    options = ("--trust", desk / "cases" / "trust.yaml", tmp_path / "moved.zip")
    assert ask(*options).returncode == 1
    assert ask(*options, "--signature", desk / "cases" / "signed.zip.sigstore.json").returncode == 0


def test_an_archive_does_not_bring_its_own_trust(ask, desk):
    done = ask("--trust", desk / "cases" / "trust.yaml", desk / "cases")
    assert done.returncode == 2 and "lies inside the target" in done.stderr


def test_a_signed_member_does_not_sign_the_archive(ask, desk, tmp_path):
    signed = json.dumps(LOCAL.sign(DATA)).encode()
    (tmp_path / "m.zip").write_bytes(zipped({"w": DATA, "w.sigstore.json": signed}))
    done = ask("--trust", desk / "cases" / "trust.yaml", tmp_path / "m.zip")
    assert done.returncode == 1 and "ABSENT" in done.stdout and "(a member)" in done.stdout
    (tmp_path / "m.zip").write_bytes(zipped({"w": b"changed", "w.sigstore.json": signed}))
    assert "INVALID" in ask("--trust", desk / "cases" / "trust.yaml", tmp_path / "m.zip").stdout


def row(status, path=""):
    return Signature(path, "n", "key", status, "", "", "", "", 0, "", "")


@pytest.mark.parametrize(
    ("own", "inside", "finished", "expected", "codes"),
    [
        ([], [], True, "absent", (1, 3)),
        ([], [], False, "unverifiable", (3, 3)),
        (["verified"], [], True, "verified", (0, 0)),
        (["verified", "untrusted", "unverifiable"], ["untrusted", "unverifiable"], True, "verified", (0, 0)),
        (["verified"], [], False, "unverifiable", (3, 3)),
        (["verified"], ["invalid"], True, "invalid", (1, 1)),
        (["verified", "invalid"], [], False, "invalid", (1, 1)),
        (["untrusted", "unverifiable"], [], True, "unverifiable", (3, 3)),
        (["untrusted"], [], True, "untrusted", (1, 3)),
        ([], ["verified"], True, "absent", (1, 3)),
    ],
)
def test_the_worst_wins_but_one_good_signature_is_enough(own, inside, finished, expected, codes):
    rows = [*map(row, own), *(row(status, "w.sig") for status in inside)]
    assert overall(rows, finished=finished) == expected
    assert tuple(exit_code(expected, trusting=trusting) for trusting in (True, False)) == codes
