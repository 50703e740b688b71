import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import signing
from fixtures.signature import build
from fixtures.signature.build import ARCHIVE, OTHER, TRUST, dump
from fixtures.signature.certificates import private_key, sign
from fixtures.signature.local import Sigstore, b64, keyed, pae, sealed, statement
from gate import pipeline, registry
from gate.core.attachment import Attachment
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.inspectors import Inputs
from gate.inspectors.signature import BESIDE
from gate.trust.file import read_trust
from gate.trust.reasons import Status
from tests.adapters.test_keys import EC, ED, pem
from tests.conftest import NOW, ROOT, zipped

LOCAL = Sigstore()
CASES = build.cases(LOCAL)
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
SIGNED, ATTESTED = LOCAL.sign(ARCHIVE), LOCAL.attest(statement({"sha256": SHA256}))


def trust_of(text, **files):
    return read_trust(text.encode(), "trust.yaml", lambda name: files[re.sub("[.-]", "_", name)])


CI = trust_of(TRUST, root_json=LOCAL.trusted_root())


def key_trust(private, terms=""):
    return trust_of(f"version: 1\nkeys: [{{name: release, file: k.pub{terms}}}]\n", k_pub=pem(private))


DEMO = trust_of(signing.trust_yaml().decode(), demo_release_pub=signing.public_key())


class Result:
    """What the signature inspector says about a target, through the pipeline."""

    def __init__(self, target, trust=None, given=(), limits=Limits(), now=NOW):
        inputs = Inputs(effective_time=now, trust=trust, signatures=tuple(given))
        self.report = pipeline.scan(str(target), registry.load(inputs=inputs), limits, jobs=0)
        mine = [finding for finding in self.report.findings if finding.rule.startswith("signature.")]
        self.findings = [(finding.rule, finding.location.path) for finding in mine]
        self.messages = [registry.load().rules[f.rule].say(dict(f.args)) for f in mine]
        self.gaps = [(gap.reason, gap.location.path) for gap in self.report.gaps if gap.inspector == "signature"]
        self.details = [gap.detail for gap in self.report.gaps if gap.inspector == "signature"]
        self.facts = [fact for fact in self.report.facts if fact.kind == "signature.signature"]
        self.said = [(fact.status, fact.reason) for fact in self.facts]
        self.section = self.report.sections["signature"]

    def counts(self):
        return {s.value: self.section[s.value] for s in Status if self.section[s.value]}


@pytest.fixture
def put(make):
    """put(data, beside) -> an archive and the files beside it, by suffix."""

    def build(data=ARCHIVE, beside=None, name="model.zip"):
        path = make(data, name)
        for suffix, content in (beside or {}).items():
            path.with_name(name + suffix).write_bytes(content)
        return path

    return build


# -- what lies beside ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_each_case_of_the_fixture_breaks_the_rules_that_it_is_there_for(put, name):
    case = CASES[name]
    result = Result(put(beside={case.suffix: case.signature}), CI)
    assert tuple(rule for rule, _ in result.findings) == case.rules
    assert {status for status, _ in result.said} == {case.status} and not result.gaps
    assert all("?" not in message for message in result.messages)


def test_an_archive_without_a_signature_says_nothing(put):
    for trust in (None, CI):
        result = Result(put(), trust)
        assert not result.findings and not result.gaps and not result.facts
        assert result.section == {
            "trust": trust is not None, "signatures": 0, "verified": 0, "invalid": 0, "untrusted": 0,
            "unverifiable": 0, "member_signatures": 0, "member_verified": 0, "signers": [], "stages": [],
            "grants": [], "root": None, "state": "not-applicable",
        }  # fmt: skip


def test_a_verified_signature_says_who_when_and_for_which_stages(put):
    result = Result(put(beside={".sigstore.json": dump(ATTESTED)}), CI)
    (fact,) = result.facts
    assert (fact.path, fact.name, fact.format, fact.status) == (
        "",
        "model.zip.sigstore.json",
        "certificate",
        "verified",
    )
    assert fact.signer.startswith("https://github.com/acme/models/") and fact.issuer.startswith("https://token")
    assert (fact.verified_time, fact.subjects) == ("2025-06-02T12:00:00Z", 1)
    assert fact.predicate == "https://slsa.dev/provenance/v1"
    assert result.section["signers"] == ["ci"] and result.section["stages"] == ["production"]
    assert result.section["grants"] == [{"signer": "ci", "stages": ["production"], "environments": ["*"]}]
    assert result.section["root"] == fact.root == hashlib.sha256(LOCAL.trusted_root()).hexdigest()
    json.dumps(result.section)


@pytest.mark.parametrize("suffix", BESIDE)
def test_a_bundle_is_found_under_each_of_its_names(put, suffix):
    assert Result(put(beside={suffix: dump(SIGNED)}), CI).counts() == {"verified": 1}


def test_a_bundle_of_another_program_is_no_signature(put):
    """`git bundle` and others call their files so."""
    result = Result(put(beside={".bundle": b"# v2 git bundle\n" + bytes(99)}), CI)
    assert not result.facts and not result.findings and not result.gaps


def test_what_is_given_counts_as_what_lies_beside_and_once(put):
    given = Attachment("anything", dump(SIGNED))
    assert Result(put(), CI, [given]).counts() == {"verified": 1}
    same = Attachment("model.zip.sigstore.json", dump(SIGNED))
    assert Result(put(beside={".sigstore.json": dump(SIGNED)}), CI, [same, given, given]).counts() == {"verified": 2}


def test_each_line_is_judged_and_none_hides_another(put):
    lines = (
        dump(SIGNED) + b"junk\n" + dump(LOCAL.sign(OTHER)) + dump(Sigstore("x").sign(ARCHIVE)) + b"\n" + dump(ATTESTED)
    )
    result = Result(put(beside={".claims.jsonl": lines}), CI)
    assert result.counts() == {"verified": 2, "invalid": 2, "untrusted": 1}
    assert [fact.name for fact in result.facts] == [f"model.zip.claims.jsonl:{n}" for n in range(1, 6)]
    assert sorted(rule for rule, _ in result.findings) == [
        "signature.malformed", "signature.untrusted", "signature.wrong-subject",
    ]  # fmt: skip


def test_without_a_trust_file_nobody_is_trusted_and_nobody_blamed(put, monkeypatch):
    monkeypatch.setattr("gate.trust.verify.shipped_root", LOCAL.trusted_root)
    result = Result(put(beside={".sigstore.json": dump(SIGNED)}))
    assert result.said == [("untrusted", "unknown-identity")] and not result.findings and not result.gaps
    assert result.facts[0].signer.startswith("https://github.com/acme/models/")
    broken = Result(put(beside={".sigstore.json": CASES["broken"].signature}))
    assert broken.findings == [("signature.invalid", "")]
    another = Result(put(beside={".sigstore.json": dump(LOCAL.sign(OTHER))}))
    assert another.findings == [("signature.wrong-subject", "")]


def test_without_the_key_a_signature_by_a_key_is_a_gap(put):
    hinted = keyed({"messageSignature": {"signature": b64(sign(private_key("k"), ARCHIVE))}}, "hint")
    for suffix, data in ((".sig", signing.sign(ARCHIVE)), (".sigstore.json", dump(hinted))):
        result = Result(put(beside={suffix: data}, name=f"m{suffix}"))
        assert result.gaps == [(GapReason.UNAVAILABLE, "")] and result.counts() == {"unverifiable": 1}
        assert "no trust file names the key" in result.details[0] and result.section["state"] == "partial"


@pytest.mark.parametrize("private", [EC[256], EC[384], EC[521], ED], ids=["p256", "p384", "p521", "ed25519"])
def test_a_detached_signature_of_every_kind_of_key_is_verified(put, private):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    sha2 = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
    made = ED.sign(ARCHIVE) if private is ED else private.sign(ARCHIVE, ec.ECDSA(sha2[private.key_size]))
    assert Result(put(beside={".sig": made}), key_trust(private)).counts() == {"verified": 1}
    changed = Result(put(OTHER, {".sig": made}, "n.zip"), key_trust(private))
    assert changed.findings == [("signature.invalid", "")]


def test_an_archive_too_large_to_hold_is_not_verified_by_a_key_that_needs_all_of_it(put, monkeypatch):
    monkeypatch.setattr("gate.inspectors.signature._MESSAGE", 10)
    result = Result(put(beside={".sig": ED.sign(ARCHIVE)}), key_trust(ED))
    assert result.said == [("unverifiable", "whole-message")] and result.gaps == [(GapReason.TOO_LARGE, "")]


def test_the_demo_key_signs_the_demo(put):
    result = Result(put(beside={".sig": signing.sign(ARCHIVE)}), DEMO)
    assert result.section["signers"] == [signing.NAME] and result.section["stages"] == ["*"]


def test_a_verifier_is_no_signer_of_models(put):
    result = Result(
        put(beside={".sig": sign(private_key("v"), ARCHIVE)}), key_trust(private_key("v"), ", roles: [verifier]")
    )
    assert result.said == [("untrusted", "role")] and result.findings == [("signature.untrusted", "")]


def test_a_verdict_is_no_signature_whoever_made_it(put):
    for kind in ("https://slsa.dev/verification_summary/v1", "https://acme.example/gate/decision/v1"):
        for subject in (SHA256, "00" * 32):
            verdict = LOCAL.attest(statement({"sha256": subject}, predicate_type=kind))
            result = Result(put(beside={".claims.jsonl": dump(verdict)}), CI)
            assert result.said == [("untrusted", "verdict")] and not result.findings and not result.gaps
            assert result.section["verified"] == 0 and not result.section["grants"]


def test_a_verdict_by_a_key_needs_no_trust_file_and_a_forged_one_is_an_error(put):
    """What gate itself leaves beside an archive must not trouble the next scan."""
    text = statement({"sha256": SHA256}, predicate_type="https://slsa.dev/verification_summary/v1")
    seal = sealed(text, sign(private_key("gate"), pae("application/vnd.in-toto+json", text)), keyid="")
    for trust in (None, CI, key_trust(private_key("gate"), ", roles: [verifier]")):
        result = Result(put(beside={".claims.jsonl": dump(keyed({"dsseEnvelope": seal}, "")) + dump(seal)}), trust)
        assert result.said == [("untrusted", "verdict")] * 2 and not result.findings and not result.gaps
    forged = {**LOCAL.attest(text), "dsseEnvelope": sealed(text, b"\x30" + bytes(69))}
    assert Result(put(beside={".claims.jsonl": dump(forged)}), CI).findings == [("signature.invalid", "")]


def test_a_folder_is_signed_by_its_dir_hash(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"w")
    digest = Result(folder).report.subject.digest
    (tmp_path / "model.sigstore.json").write_bytes(dump(LOCAL.attest(statement(digest))))
    assert Result(folder, CI).counts() == {"verified": 1}
    (folder / "weights.bin").write_bytes(b"x")
    assert Result(folder, CI).findings == [("signature.wrong-subject", "")]
    (tmp_path / "model.sigstore.json").unlink()
    (tmp_path / "model.sig").write_bytes(ED.sign(b"w"))
    assert Result(folder, key_trust(ED)).said == [("unverifiable", "whole-message")]


# -- what cannot be told ----------------------------------------------------------------------------------------------


def test_a_signature_of_another_kind_is_named_and_not_judged(put):
    for data in (b"-----BEGIN PGP SIGNATURE-----\n", b"\x88\x50\x04" + bytes(79), b"untrusted comment: x\nRW"):
        result = Result(put(beside={".sig": data}), CI)
        assert result.gaps == [(GapReason.UNSUPPORTED, "")] and result.said == [("unverifiable", "unsupported")]
        assert "OpenPGP, SSH, minisign" in result.details[0]


def test_a_model_signature_by_an_unknown_key_is_judged_as_any_other(put):
    listed = statement({"sha256": "00" * 32}, predicate_type="https://model_signing/signature/v1.0")
    oms = dump(keyed({"dsseEnvelope": sealed(listed, b"s" * 70)}, "hint"))
    archive = put(zipped({"weights.bin": b"w", "model.sig": oms}))
    assert Result(archive).gaps == [(GapReason.UNAVAILABLE, "model.sig")]
    result = Result(archive, CI)
    assert result.said == [("untrusted", "unknown-key")] and not result.gaps and not result.findings


def test_a_file_that_is_too_large_is_a_gap_wherever_it_lies(put):
    limits = Limits().changed("signature_bytes", "100")
    beside = Result(put(beside={".sig": bytes(101)}), CI, limits=limits)
    given = Result(put(name="n.zip"), CI, [Attachment("f", bytes(101))], limits=limits)
    for result in (beside, given):
        assert result.gaps == [(GapReason.TOO_LARGE, "")] and result.said == [("unverifiable", "too-large")]
    inside = Result(put(zipped({"a": b"a", "a.sigstore.json": bytes(101)}), name="o.zip"), CI, limits=limits)
    assert inside.gaps == [(GapReason.TOO_LARGE, "a.sigstore.json")] and inside.section["member_signatures"] == 1


# -- inside of the archive --------------------------------------------------------------------------------------------

MEMBER = b"a member"


def inside(put, files, trust=CI, **options):
    return Result(put(zipped(files), **options), trust)


@pytest.mark.parametrize("suffix", [".sigstore.json", ".sigstore", ".sig"])
def test_a_member_is_signed_by_the_file_beside_it_and_the_archive_is_not(put, suffix):
    signed = dump(LOCAL.sign(MEMBER))
    result = inside(put, {"d/w.bin": MEMBER, f"d/w.bin{suffix}": signed})
    assert result.said == [("verified", "")] and not result.findings and not result.gaps
    assert result.facts[0].path == f"d/w.bin{suffix}" and result.section["state"] == "complete"
    assert (result.section["member_signatures"], result.section["member_verified"]) == (1, 1)
    assert result.section["signatures"] == result.section["verified"] == 0 and not result.section["grants"]
    changed = inside(put, {"d/w.bin": b"another", f"d/w.bin{suffix}": signed})
    assert changed.findings == [("signature.wrong-subject", f"d/w.bin{suffix}")]


def test_members_of_nested_archives_are_signed_too(put):
    nested = zipped({"w": MEMBER, "w.sig": signing.sign(MEMBER)})
    result = inside(put, {"in.zip": nested}, DEMO)
    assert result.said == [("verified", "")] and result.facts[0].path == "in.zip!/w.sig"


def test_a_detached_signature_of_a_member_may_need_all_of_it(put):
    assert inside(put, {"w": MEMBER, "w.sig": ED.sign(MEMBER)}, key_trust(ED)).said == [("verified", "")]
    assert inside(put, {"w": b"x", "w.sig": ED.sign(MEMBER)}, key_trust(ED)).findings == [
        ("signature.invalid", "w.sig")
    ]


def test_strangers_may_sign_members(put):
    files = {"w": MEMBER, "w.sigstore.json": dump(Sigstore("stranger").sign(MEMBER))}
    result = inside(put, files)
    assert result.said == [("untrusted", "unknown-root")] and not result.findings and not result.gaps


def test_a_bundle_beside_nothing_is_a_gap(put):
    result = inside(put, {"w.sigstore.json": dump(LOCAL.sign(MEMBER))})
    assert result.gaps == [(GapReason.UNAVAILABLE, "w.sigstore.json")] and not result.findings
    assert result.said == [("unverifiable", "no-artifact")]


@pytest.mark.parametrize(
    "files",
    [
        {"a.sig": b"\x30" + bytes(70)},
        {"a": b"a", "a.sig": b"settings = 1\n"},
        {"a": b"a", "a.sig": b"x" * 100_000},
        {"a": b"a", "a.sig": b""},
        {"a": b"a", "a.sig": b'{"name": "a", "value": 3}'},
        {"sig": b"a", ".sig": b"b", "sigstore.json": b"{}"},
        {"lib/sigstore/sign.py": b"import sigstore", "tests/a.sigs": b"x", "b.signature": b"x"},
    ],
)
def test_what_only_looks_like_a_signature_says_nothing(put, files):
    for trust in (None, CI, DEMO):
        result = inside(put, files, trust)
        assert not result.findings and not result.gaps and not result.facts


def test_a_bundle_that_cannot_be_read_is_said(put):
    result = inside(put, {"a": b"a", "a.sigstore.json": b"nonsense"})
    assert result.findings == [("signature.malformed", "a.sigstore.json")]


def test_the_second_entry_of_a_name_is_as_good_as_the_first(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("w", MEMBER)
        for data in (signing.sign(MEMBER), signing.sign(b"other")):
            archive.writestr("w.sig", data)
    result = Result(tmp_path / "m.zip", DEMO)
    assert result.said == [("verified", ""), ("invalid", "signature")]


def test_more_signatures_than_anybody_makes_are_counted_and_not_verified(put, monkeypatch):
    monkeypatch.setattr("gate.inspectors.signature._MEMBERS", 3)
    files = {f"{n}": MEMBER for n in range(5)} | {f"{n}.sig": signing.sign(MEMBER) for n in range(5)}
    result = inside(put, files, DEMO)
    assert result.gaps == [(GapReason.TOO_MANY, "")] and result.said == [("verified", "")] * 3


def test_workers_and_one_process_say_the_same(put):
    files = {f"{n}": MEMBER for n in range(5)} | {f"{n}.sig": signing.sign(MEMBER) for n in range(5)}
    path = put(zipped(files), {".sigstore.json": dump(SIGNED)})
    team = registry.load(inputs=Inputs(effective_time=NOW, trust=DEMO))
    one, two = (pipeline.scan(str(path), team, jobs=jobs) for jobs in (0, 2))
    assert list(one.facts) == list(two.facts) and one.sections == two.sections
    assert list(one.findings) == list(two.findings) and list(one.gaps) == list(two.gaps)


# -- cost ----------------------------------------------------------------------------------------------------------------

_PROGRAM = """
import sys
from gate import pipeline, registry
from gate.inspectors import Inputs
from gate.trust.file import read_trust
trust = read_trust(open("trust.yaml", "rb").read(), "trust.yaml", lambda name: open(name, "rb").read())
report = pipeline.scan(sys.argv[1], registry.load(inputs=Inputs(trust=trust)), jobs=0)
print(report.sections["signature"]["verified"], "cryptography" in sys.modules, "sigstore" in sys.modules)
"""


def test_sigstore_is_imported_only_for_a_certificate(tmp_path):
    (tmp_path / "trust.yaml").write_bytes(signing.trust_yaml())
    (tmp_path / signing.FILE).write_bytes(signing.public_key())
    (tmp_path / "m.zip").write_bytes(ARCHIVE)
    (tmp_path / "m.zip.sig").write_bytes(signing.sign(ARCHIVE))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "m.zip"], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert result.stdout == "1 True False\n", result.stderr
    cheap = "import sys, gate.inspectors.signature; print({'cryptography', 'sigstore', 'pydantic'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", cheap], capture_output=True, text=True, env=environment)
    assert loaded.stdout == "set()\n", loaded.stderr


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_bytes_beside_an_archive_are_never_verified_and_never_missed(data):
    from gate.inspectors.signature import _each, _outcome
    from gate.trust.verify import Artifact, Verification

    ((_, signed),) = _each(Attachment("m.sig", data))
    outcome = _outcome(Verification(DEMO, NOW), signed, Artifact({"sha256": SHA256}))
    assert outcome.status in (Status.INVALID, Status.UNVERIFIABLE)
