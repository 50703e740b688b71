"""One signature, one artifact, one trust file, one moment."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fixtures.signature.certificates import NOON, Identity, private_key, sign, spki
from fixtures.signature.local import RELEASE, Sigstore, b64, keyed, pae, sealed, statement
from gate.adapters import keys
from gate.adapters.fulcio import Claims
from gate.adapters.sigstore import Checked
from gate.core.gap import GapReason
from gate.formats.sigstore_bundle import Detached, signature
from gate.trust import words
from gate.trust.reasons import TEXT, Status
from gate.trust.verify import Artifact, Verification, needs
from tests.adapters.test_keys import EC, ED, pem

DATA = b"the archive"
SHA256 = hashlib.sha256(DATA).hexdigest()
OWN = Artifact({"sha256": SHA256})
FOLDER = Artifact({"dirHash": "cd" * 32})
LOCAL = Sigstore()
ROOT = words.TrustedRoot("local", "", LOCAL.trusted_root())
NOW = "2026-11-21T10:00:00Z"
KEY = private_key("release")
WHO = words.Signer("release")


def key_trust(*privates, signer=WHO, **terms):
    rows = [
        words.Key(replace(signer, **terms), keys.read(pem(private)), hashlib.sha256(pem(private)).hexdigest())
        for private in (privates or (KEY,))
    ]
    return words.Trust("", keys=tuple(rows))


def trust(identity=None, roots=(ROOT,), **terms):
    signer = replace(words.Signer("ci"), **terms)
    row = identity or {"identity": RELEASE.name}
    return words.Trust("", roots, identities=(words.Identity(signer, RELEASE.issuer, **row),))


def judge(bundle, by, artifact=OWN, now=NOW, role="model"):
    signed = bundle if not isinstance(bundle, dict) else signature(json.dumps(bundle).encode())
    outcome = Verification(by, now, role).verify(signed, artifact)
    assert (outcome.gap is not None) == (outcome.status is Status.UNVERIFIABLE)
    assert bool(outcome.reason) == (outcome.status is not Status.VERIFIED) == (not outcome.signers)
    assert outcome.reason in TEXT or not outcome.reason
    return outcome


def said(*arguments, **options):
    outcome = judge(*arguments, **options)
    return outcome.status.value, outcome.reason


VERIFIED = ("verified", "")
SIGNED, ATTESTED = LOCAL.sign(DATA), LOCAL.attest(statement({"sha256": SHA256}))

# -- by certificate ----------------------------------------------------------------------------------------------------


def test_a_keyless_signature_by_a_named_identity_is_verified():
    for bundle in (SIGNED, ATTESTED):
        outcome = judge(bundle, trust())
        assert (outcome.status, outcome.signer, outcome.issuer) == (Status.VERIFIED, RELEASE.name, RELEASE.issuer)
        assert outcome.times == ("2025-06-02T12:00:00Z",)
        assert outcome.root == hashlib.sha256(ROOT.data).hexdigest()
        assert [signer.name for signer in outcome.signers] == ["ci"]


def test_without_a_trust_file_nobody_is_trusted():
    outcome = judge(SIGNED, None)
    assert (outcome.status, outcome.reason) == (Status.UNVERIFIABLE, "no-root")
    assert outcome.gap is GapReason.UNAVAILABLE and outcome.signer == ""


def test_a_genuine_signature_by_somebody_else_is_untrusted_and_names_them():
    outcome = judge(SIGNED, trust({"identity": "somebody@else.example"}))
    assert (outcome.status, outcome.reason, outcome.signer) == (Status.UNTRUSTED, "unknown-identity", RELEASE.name)


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (Artifact({"sha256": "00" * 32}), ("invalid", "wrong-subject")),
        (FOLDER, ("invalid", "wrong-subject")),
        (Artifact({}), ("unverifiable", "no-digest")),
        (Artifact({"sha256": SHA256, "sha512": "00"}), VERIFIED),
    ],
)
def test_a_genuine_signature_must_be_about_this_artifact(artifact, expected):
    for bundle in (SIGNED, ATTESTED):
        assert said(bundle, trust(), artifact) == expected
        assert judge(bundle, trust(), artifact).signer == RELEASE.name


@pytest.mark.parametrize(
    ("subjects", "artifact", "expected"),
    [
        ([{"sha256": "00" * 32}, {"sha256": SHA256}], OWN, VERIFIED),
        ([{"sha256": SHA256, "gitCommit": "c0ffee"}], OWN, VERIFIED),
        ([{"sha512": "00" * 64}], OWN, ("unverifiable", "other-digest")),
        ([{"gitCommit": "00" * 20}], OWN, ("unverifiable", "other-digest")),
        ([{"dirHash": "cd" * 32}], FOLDER, VERIFIED),
        ([{"dirHash": "cd" * 32}], OWN, ("invalid", "wrong-subject")),
        ([{"sha256": "cd" * 32}], FOLDER, ("invalid", "wrong-subject")),
        ([{"sha256": "cd" * 32, "dirHash": "cd" * 32}], FOLDER, VERIFIED),
        (
            [{"sha256": SHA256, "sha512": "00" * 64}],
            Artifact({"sha256": SHA256, "sha512": "11" * 64}),
            ("invalid", "wrong-subject"),
        ),
        ([{"sha512": "11" * 64}], Artifact({"sha256": SHA256, "sha512": "11" * 64}), VERIFIED),
    ],
)
def test_one_subject_agrees_in_every_digest_that_both_have(subjects, artifact, expected):
    assert said(LOCAL.attest(statement(*subjects)), trust(), artifact) == expected


@pytest.mark.parametrize(
    ("payload", "kind", "reason"),
    [
        (DATA, "text/plain", "payload-type"),
        (statement({"sha256": SHA256}), "application/vnd.in-toto+json ", "payload-type"),
        (b"{}", "application/vnd.in-toto+json", "statement"),
        (statement({"sha256": SHA256.upper()}), "application/vnd.in-toto+json", "statement"),
        (
            statement({"sha256": SHA256}, _type="https://in-toto.io/Statement/v0.1"),
            "application/vnd.in-toto+json",
            "statement",
        ),
    ],
)
def test_what_is_signed_must_be_a_statement(payload, kind, reason):
    assert said(LOCAL.attest(payload, payload_type=kind), trust()) == ("invalid", reason)


def test_a_bundle_that_names_no_digest_is_judged_by_that_of_the_artifact():
    bare = json.loads(json.dumps(SIGNED))
    del bare["messageSignature"]["messageDigest"]
    assert said(bare, trust()) == VERIFIED
    assert said(bare, trust(), Artifact({"sha256": "00" * 32})) == ("invalid", "signature")
    assert said(bare, trust(), FOLDER) == ("unverifiable", "no-digest")


def test_the_root_that_issued_its_certificate_speaks_whatever_the_order():
    stranger = words.TrustedRoot("other", "", Sigstore("other").trusted_root())
    for roots in ((ROOT, stranger), (stranger, ROOT)):
        assert said(SIGNED, trust(roots=roots)) == VERIFIED
        assert said(LOCAL.sign(DATA, late=11), trust(roots=roots)) == ("invalid", "certificate-expired")
    assert said(SIGNED, trust(roots=(stranger,))) == ("untrusted", "unknown-root")
    assert said(SIGNED, trust(roots=())) == ("untrusted", "unknown-root"), "the shipped root is the public one"


def test_a_broken_root_is_no_verdict():
    broken = words.TrustedRoot("broken", "", b'{"mediaType": "x"}')
    outcome = judge(SIGNED, trust(roots=(broken,)))
    assert (outcome.status, outcome.gap) == (Status.UNVERIFIABLE, GapReason.CORRUPT)


# -- when ---------------------------------------------------------------------------------------------------------------

T = "2025-06-02T12:00:00Z"
BEFORE, AFTER = "2025-06-02T11:59:59Z", "2025-06-02T12:00:01Z"


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"not_before": T}, VERIFIED),
        ({"not_before": AFTER}, ("untrusted", "not-yet")),
        ({"not_after": AFTER}, VERIFIED),
        ({"not_after": T}, ("untrusted", "no-longer")),
        ({"revoked": AFTER}, VERIFIED),
        ({"revoked": T}, ("untrusted", "revoked")),
        ({"revoked": BEFORE, "not_after": BEFORE}, ("untrusted", "revoked")),
        ({"roles": ("verifier",)}, ("untrusted", "role")),
        ({"stages": ("staging",), "environments": ("e",)}, VERIFIED),
    ],
)
def test_a_signer_is_trusted_at_the_time_that_the_log_proves(terms, expected):
    assert said(SIGNED, trust(**terms)) == expected
    assert said(SIGNED, trust(**terms), now="") == expected, "no clock is needed"


@pytest.mark.parametrize(
    ("terms", "now", "expected"),
    [
        ({}, "", VERIFIED),
        ({"not_after": "2027-01-01T00:00:00Z"}, NOW, VERIFIED),
        ({"not_after": NOW}, NOW, ("untrusted", "no-longer")),
        ({"not_before": "2026-11-21T10:00:01Z"}, NOW, ("untrusted", "not-yet")),
        ({"revoked": NOW}, NOW, ("untrusted", "revoked")),
        ({"revoked": "2026-11-21T10:00:01Z"}, NOW, VERIFIED),
        ({"not_after": "2027-01-01T00:00:00Z"}, "", ("unverifiable", "no-clock")),
        ({"revoked": "2027-01-01T00:00:00Z"}, "", ("unverifiable", "no-clock")),
    ],
)
def test_a_signature_by_a_key_is_as_old_as_now(terms, now, expected):
    assert said(Detached(sign(KEY, DATA)), key_trust(**terms), now=now) == expected


def test_a_signature_counts_for_every_entry_that_names_its_signer_and_may():
    rows = (
        words.Identity(words.Signer("old", not_after=BEFORE), RELEASE.issuer, identity=RELEASE.name),
        words.Identity(words.Signer("a", stages=("staging",)), RELEASE.issuer, matches="https://github.com/.*"),
        words.Identity(words.Signer("b", stages=("production",)), RELEASE.issuer, identity=RELEASE.name),
    )
    outcome = judge(SIGNED, words.Trust("", (ROOT,), identities=rows))
    assert [signer.name for signer in outcome.signers] == ["a", "b"]
    assert said(SIGNED, words.Trust("", (ROOT,), identities=rows[:1])) == ("untrusted", "no-longer")


def test_another_role_is_asked_for_by_name():
    assert said(ATTESTED, trust(roles=("verifier",)), role="verifier") == VERIFIED
    assert said(ATTESTED, trust(roles=("model",)), role="verifier") == ("untrusted", "role")


# -- who ----------------------------------------------------------------------------------------------------------------

REPOSITORY = words.GitHub("acme/models", "release.yml", "refs/tags/v*")
START = "https://github.com/acme/models/.github/workflows/release.yml@"


@pytest.mark.parametrize(
    ("identity", "trusted"),
    [
        (RELEASE, True),
        (Identity(name=f"{START}refs/tags/v2", trigger="workflow_dispatch"), True),
        (Identity(name=f"{START}refs/heads/main"), False),
        (Identity(name=f"{START}x/refs/tags/v1"), False),
        (Identity(name=RELEASE.name.replace("release.yml", "evil.yml")), False),
        (Identity(name=RELEASE.name.replace("acme/", "Acme/")), False),
        (Identity(name=RELEASE.name.replace("github.com", "github.com.evil.example")), False),
        (Identity(repository="https://github.com/evil/models"), False),
        (Identity(repository=""), False),
        (Identity(trigger="pull_request"), False),
        (Identity(trigger="pull_request_target"), False),
        (Identity(issuer="https://token.actions.githubusercontent.com/", old_issuer=""), False),
        (Identity(issuer="https://evil.example", old_issuer=""), False),
    ],
)
def test_github_means_the_workflow_of_the_repository_called_by_itself(identity, trusted):
    by = trust({"github": REPOSITORY})
    assert said(LOCAL.sign(DATA, identity), by) == (VERIFIED if trusted else ("untrusted", "unknown-identity"))


# -- by key --------------------------------------------------------------------------------------------------------------


def message(private=KEY, data=DATA, hint="", named=True):
    digest = {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(data).digest())}} if named else {}
    return keyed({"messageSignature": {"signature": b64(sign(private, data)), **digest}}, hint)


def attested(private=KEY, hint="", payload=None, kind="application/vnd.in-toto+json"):
    payload = statement({"sha256": SHA256}) if payload is None else payload
    return keyed({"dsseEnvelope": sealed(payload, sign(private, pae(kind, payload)), kind)}, hint)


HINTS = [
    "",
    "release",
    base64.b64encode(hashlib.sha256(spki(KEY)).digest()).decode(),
    hashlib.sha256(spki(KEY)).hexdigest(),
    hashlib.sha256(pem(KEY)).hexdigest(),
    "whatever",
]


@pytest.mark.parametrize("hint", HINTS)
def test_a_bundle_by_a_key_of_the_trust_file_is_verified_whatever_it_calls_the_key(hint):
    for bundle in (
        message(hint=hint),
        message(hint=hint, named=False),
        attested(hint=hint),
        attested(hint=hint)["dsseEnvelope"],
    ):
        outcome = judge(bundle, key_trust())
        assert (outcome.status, outcome.signer, outcome.times) == (Status.VERIFIED, "release", ())


@pytest.mark.parametrize("hint", HINTS)
def test_a_key_that_nobody_named_is_unknown_and_a_lie_about_a_known_one_invalid(hint):
    stranger = private_key("stranger")
    expected = ("untrusted", "unknown-key") if hint == "whatever" else ("invalid", "signature")
    for bundle in (message(stranger, hint=hint), attested(stranger, hint=hint)):
        assert said(bundle, key_trust()) == expected
        assert said(bundle, None) == ("unverifiable", "no-key")
        assert said(bundle, trust()) == ("untrusted", "unknown-key"), "a trust file without keys"


def test_a_detached_signature_by_no_key_of_the_trust_file_is_invalid():
    """Nothing in it says that it is somebody else's, and so a changed archive looks."""
    made = Detached(sign(KEY, b"before it was changed"))
    assert said(made, key_trust()) == ("invalid", "signature")
    assert said(made, key_trust(roles=("verifier",))) == ("untrusted", "unknown-key")
    assert said(made, None) == ("unverifiable", "no-key")


def test_a_genuine_signature_by_key_about_something_else_is_told_apart():
    assert said(message(data=b"other"), key_trust()) == ("invalid", "wrong-subject")
    assert said(attested(payload=statement({"sha256": "00" * 32})), key_trust()) == ("invalid", "wrong-subject")
    assert said(message(data=b"other", named=False), key_trust()) == ("invalid", "signature")


def test_a_key_that_signs_verdicts_signs_no_model():
    for made in (message(), attested(), Detached(sign(KEY, DATA))):
        assert said(made, key_trust(roles=("verifier",))) == ("untrusted", "role")


def test_keys_need_more_than_sha256_where_they_sign_more():
    assert needs(None) == needs(key_trust()) == frozenset()
    assert needs(key_trust(EC[384], EC[521], ED)) == {"sha384", "sha512", ""}
    both = EC[384].sign(DATA, ec.ECDSA(hashes.SHA384()))
    for private, made in ((EC[384], both), (ED, ED.sign(DATA))):
        assert said(Detached(made), key_trust(private)) == ("unverifiable", "whole-message")
        whole = Artifact({"sha256": SHA256, "sha384": hashlib.sha384(DATA).hexdigest()}, DATA)
        assert said(Detached(made), key_trust(private), whole) == VERIFIED
        assert said(Detached(made), key_trust(private), Artifact({})) == ("unverifiable", "no-digest")
        assert said(Detached(made), key_trust(KEY, private)) == ("unverifiable", "whole-message")
        payload = statement({"sha256": SHA256})
        kind = "application/vnd.in-toto+json"
        seal = (
            ED.sign(pae(kind, payload))
            if private is ED
            else private.sign(pae(kind, payload), ec.ECDSA(hashes.SHA384()))
        )
        assert said(sealed(payload, seal), key_trust(private)) == VERIFIED


def test_model_signing_is_recognised_and_not_judged():
    for predicate in ("https://model_signing/signature/v1.0", "https://model_signing/Digests/v0.1"):
        bundle = attested(payload=statement({"sha256": SHA256}, predicate_type=predicate))
        outcome = judge(bundle, key_trust())
        assert (outcome.status, outcome.reason, outcome.gap) == (
            Status.UNVERIFIABLE,
            "model-signing",
            GapReason.UNSUPPORTED,
        )
    chain = {"certificates": [SIGNED["verificationMaterial"]["certificate"]]}
    chained = {**SIGNED, "verificationMaterial": {"x509CertificateChain": chain, "tlogEntries": []}}
    assert said(chained, trust()) == ("unverifiable", "unsupported")


def test_a_digest_that_sigstore_does_not_know_is_not_judged():
    digest = {"algorithm": "SHA2_512", "digest": b64(hashlib.sha512(DATA).digest())}
    other = {**SIGNED, "messageSignature": {**SIGNED["messageSignature"], "messageDigest": digest}}
    assert said(other, trust()) == ("unverifiable", "other-digest")


def test_signing_a_year_apart_is_judged_by_each_window():
    later = NOON + timedelta(days=365)
    root = words.TrustedRoot("local", "", LOCAL.trusted_root(log=NOON + timedelta(days=1)))
    assert said(SIGNED, trust(roots=(root,))) == VERIFIED
    assert said(LOCAL.sign(DATA, when=later), trust(roots=(root,))) == ("invalid", "root-window")
    assert isinstance(later, datetime)


def test_what_sigstore_verified_is_what_was_read(monkeypatch):
    """Should the two ever parse one bundle differently, neither is believed."""
    proven = Checked("", Claims(RELEASE.name, RELEASE.issuer), (T,), ("application/vnd.in-toto+json", b"{}"))
    monkeypatch.setattr("gate.trust.verify.Root.check", lambda *_: proven)
    assert said(ATTESTED, trust()) == ("invalid", "malformed")
