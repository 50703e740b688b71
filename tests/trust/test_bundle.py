"""One bundle, one signer named by hand: the threats, by name."""

import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.signature.certificates import NOON, Identity, private_key, sign
from fixtures.signature.local import RELEASE, Sigstore, b64, canonical, keyed, pae, sealed, statement
from gate.adapters.sigstore import shipped_root
from gate.core.errors import FormatError, NotExamined
from gate.trust.bundle import by_identity, by_key, check, sentence
from gate.trust.file import trusted_root
from gate.trust.reasons import Status
from gate.trust.verify import Artifact
from tests.adapters.test_keys import EC, ED, pem

DATA = b"the archive"
SHA256 = hashlib.sha256(DATA).hexdigest()
DIGEST = Artifact({"sha256": SHA256})
"""What is known of an artifact that is named by its digest."""
WHOLE = Artifact({name: hashlib.new(name, DATA).hexdigest() for name in ("sha256", "sha384", "sha512")}, DATA)
LOCAL = Sigstore()
KEY = private_key("release")
SIGNED, ATTESTED = LOCAL.sign(DATA), LOCAL.attest(statement({"sha256": SHA256}))
ROOT = trusted_root("r", LOCAL.trusted_root())
VERIFIED = ("verified", "")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def raw(bundle):
    return bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()


def who(name=RELEASE.name, issuer=RELEASE.issuer, **ends):
    return by_identity(name, issuer, trusted_root("r", LOCAL.trusted_root(**ends)))


def said(bundle, trust=None, artifact=DIGEST):
    outcome = check(raw(bundle), artifact, trust or who())
    assert bool(sentence(outcome)) == (outcome.status is not Status.VERIFIED)
    return outcome.status.value, outcome.reason


def by(private, bundle, artifact=DIGEST):
    return said(bundle, by_key("k.pub", pem(private)), artifact)


def message(signature, digest=True, algorithm="sha256"):
    named = {"algorithm": f"SHA2_{algorithm[3:]}", "digest": b64(hashlib.new(algorithm, DATA).digest())}
    return keyed({"messageSignature": {"signature": b64(signature)} | ({"messageDigest": named} if digest else {})}, "")


def attested(payload, kind="application/vnd.in-toto+json", signature=None):
    return keyed({"dsseEnvelope": sealed(payload, signature or sign(KEY, pae(kind, payload)), kind)}, "")


# -- what is good ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("bundle", [SIGNED, ATTESTED])
def test_a_bundle_by_identity_holds_with_either_version_of_the_log(bundle, second):
    made = LOCAL.second(bundle) if second else bundle
    outcome = check(raw(made), DIGEST, who())
    assert (outcome.status, outcome.signer, outcome.issuer) == (Status.VERIFIED, RELEASE.name, RELEASE.issuer)
    assert outcome.times == ("2025-06-02T12:00:00Z",)
    assert outcome.root == hashlib.sha256(LOCAL.trusted_root()).hexdigest()


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
@pytest.mark.parametrize("bundle", [SIGNED, ATTESTED])
def test_every_version_of_bundles_holds(bundle, version):
    media, material = f"application/vnd.dev.sigstore.bundle+json;version={version}", bundle["verificationMaterial"]
    if version != "0.3":
        chain = {"x509CertificateChain": {"certificates": [material["certificate"]]}}
        material = chain | {"tlogEntries": material["tlogEntries"]}
    assert said({**bundle, "mediaType": media, "verificationMaterial": material}) == VERIFIED


@pytest.mark.parametrize("bits", [256, 384, 521])
def test_a_bundle_by_key_holds_as_der_and_as_two_numbers(bits):
    algorithm = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[bits]
    der = EC[bits].sign(DATA, ec.ECDSA(algorithm))
    half = (bits + 7) // 8
    plain = b"".join(number.to_bytes(half, "big") for number in utils.decode_dss_signature(der))
    for signature in (der, plain):
        for bundle in (message(signature, False), message(signature, algorithm=algorithm.name)):
            assert by(EC[bits], bundle, WHOLE) == VERIFIED
            assert by(EC[bits], bundle, Artifact({"sha256": "00" * 32}))[0] != "verified"


def test_a_signature_with_a_high_s_is_as_good_as_its_twin():
    r, s = utils.decode_dss_signature(sign(KEY, DATA))
    assert by(KEY, message(utils.encode_dss_signature(r, ORDER - s))) == VERIFIED


def entry(kind, signature, digest):
    """A log entry of a signature by key."""
    bodies = {
        "hashedrekord": {
            "data": {"hash": {"algorithm": "sha256", "value": digest}},
            "signature": {"content": signature},
        },
        "dsse": {"payloadHash": {"algorithm": "sha256", "value": digest}, "signatures": [{"signature": signature}]},
    }
    body = {"apiVersion": "0.0.1", "kind": kind, "spec": bodies[kind]}
    return LOCAL.log.add(kind, canonical(body), NOON)


def in_log(bundle, row):
    return {**bundle, "verificationMaterial": bundle["verificationMaterial"] | {"tlogEntries": [row]}}


def test_a_log_entry_that_a_bundle_by_key_claims_must_be_true():
    """Where a trusted root is given; without one nobody could tell, and nobody has to."""
    payload = statement({"sha256": SHA256})
    sealed_by_key, signed_by_key = attested(payload), message(sign(KEY, DATA))
    envelope_signature = sealed_by_key["dsseEnvelope"]["signatures"][0]["sig"]
    rooted = by_key("k", pem(KEY), trusted_root("r", LOCAL.trusted_root()))
    ended = by_key("k", pem(KEY), trusted_root("r", LOCAL.trusted_root(log=NOON - timedelta(seconds=1))))
    rows = [
        (signed_by_key, "hashedrekord", b64(sign(KEY, DATA)), SHA256),
        (sealed_by_key, "dsse", envelope_signature, hashlib.sha256(payload).hexdigest()),
    ]
    for bundle, kind, signature, digest in rows:
        good = in_log(bundle, entry(kind, signature, digest))
        assert said(good, rooted) == VERIFIED == said(bundle, rooted)
        assert check(raw(good), DIGEST, rooted).root == hashlib.sha256(LOCAL.trusted_root()).hexdigest()
        assert said(good, ended) == ("invalid", "log")
        for other in (entry(kind, "AAAA", digest), entry(kind, signature, "00" * 32)):
            assert said(in_log(bundle, other), rooted) == ("invalid", "log-mismatch")
            assert by(KEY, in_log(bundle, other)) == VERIFIED
        forged = json.loads(json.dumps(good))
        forged["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["rootHash"] = b64(bytes(32))
        assert said(forged, rooted) == ("invalid", "log")
        unproven = json.loads(json.dumps(good))
        del unproven["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
        assert said(unproven, rooted)[0] in ("unverifiable", "invalid")
    second = LOCAL.second({**SIGNED, "messageSignature": signed_by_key["messageSignature"]})
    entries = second["verificationMaterial"]["tlogEntries"]
    assert said(in_log(signed_by_key, entries[0]), rooted) == VERIFIED


def test_a_bundle_by_key_may_have_no_place_for_log_entries():
    """As cosign writes it."""
    bundle = message(sign(KEY, DATA))
    del bundle["verificationMaterial"]["tlogEntries"]
    assert said(bundle, by_key("k", pem(KEY), ROOT)) == VERIFIED


@settings(max_examples=50, deadline=None, derandomize=True)
@given(body=st.binary(max_size=20) | st.text(max_size=20).map(lambda word: canonical({"kind": word, "spec": word})))
def test_any_body_of_a_log_entry_is_refused_or_not_supported(body):
    row = LOCAL.log.add("hashedrekord", body, NOON)
    assert said(in_log(message(sign(KEY, DATA)), row), by_key("k", pem(KEY), ROOT))[0] in ("invalid", "unverifiable")


# -- subject -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ([{"digest": {"sha256": "00" * 32}}, {"digest": {"sha256": SHA256}}], VERIFIED),
        ([{"name": "another name", "digest": {"sha256": SHA256}}], VERIFIED),
        ([{"digest": {"sha256": "00" * 32}}], ("invalid", "wrong-subject")),
        ([{"digest": {"sha256": SHA256.upper()}}], ("invalid", "statement")),
        ([{"digest": {"sha512": "00" * 64}}], ("unverifiable", "other-digest")),
        ([{"digest": {}}], ("invalid", "statement")),
        ([{"name": "no digest"}], ("invalid", "statement")),
        ([], ("invalid", "statement")),
        (None, ("invalid", "statement")),
        ([{"digest": {"sha256": SHA256}}] * 1025, ("invalid", "statement")),
        ([{"digest": {"sha256": SHA256} | {f"x{n}": "00" for n in range(32)}}], ("invalid", "statement")),
    ],
)
def test_the_subject_of_a_statement_is_the_artifact(subject, expected):
    payload = statement(subject=subject)
    assert said(LOCAL.attest(payload)) == expected
    assert by(KEY, attested(payload)) == expected


def test_a_sha512_alone_is_compared_where_the_file_is_at_hand():
    payload = statement({"sha512": WHOLE.digests["sha512"]})
    assert by(KEY, attested(payload), WHOLE) == VERIFIED


def test_a_genuine_signature_of_another_artifact_is_replayed_in_vain():
    for bundle in (LOCAL.sign(b"another"), LOCAL.second(LOCAL.sign(b"another"))):
        assert said(bundle) == ("invalid", "wrong-subject")
    assert by(KEY, attested(statement({"sha256": "00" * 32}))) == ("invalid", "wrong-subject")


def test_the_root_digest_of_a_signed_model_is_never_that_of_a_file():
    listed = statement({"sha256": SHA256}, predicate_type="https://model_signing/signature/v1.0")
    assert by(KEY, attested(listed))[0] != "verified"


# -- signatures and spellings ------------------------------------------------------------------------------------------


def test_two_signatures_are_refused():
    for bundle in (ATTESTED, attested(statement({"sha256": SHA256}))):
        envelope = bundle["dsseEnvelope"]
        twice = {**bundle, "dsseEnvelope": {**envelope, "signatures": envelope["signatures"] * 2}}
        assert said(twice) == ("invalid", "malformed") == by(KEY, twice)


def test_an_empty_signature_is_refused():
    assert by(KEY, message(b"")) == ("invalid", "malformed")
    assert by(KEY, keyed({"dsseEnvelope": sealed(b"{}", b"")}, "")) == ("invalid", "malformed")


def test_a_keyid_that_lies_changes_nothing():
    payload = statement({"sha256": SHA256})
    lying = sealed(payload, sign(KEY, pae("application/vnd.in-toto+json", payload)), keyid="somebody else")
    assert by(KEY, keyed({"dsseEnvelope": lying}, "somebody else")) == VERIFIED
    assert by(private_key("stranger"), keyed({"dsseEnvelope": lying}, "k.pub")) == ("invalid", "signature")


def test_a_key_that_stands_twice_is_refused():
    text = raw(message(sign(KEY, DATA)))
    assert by(KEY, text) == VERIFIED
    assert by(KEY, text.replace(b'{"mediaType"', b'{"mediaType": "x", "mediaType"', 1)) == ("invalid", "malformed")


@pytest.mark.parametrize("change", ["junk", "unpadded", "spaced", "other bits"])
def test_base64_that_is_not_canonical_is_refused(change):
    payload = statement({"sha256": SHA256}, more="")
    bundle = attested(payload)
    spelled = bundle["dsseEnvelope"]["payload"]
    others = {"junk": "!" + spelled, "unpadded": spelled.rstrip("=") + "=" * 3, "spaced": spelled + "\n"}
    others["other bits"] = spelled.rstrip("=")[:-1] + "/" + "=" * (len(spelled) - len(spelled.rstrip("=")))
    bundle["dsseEnvelope"]["payload"] = others[change]
    assert by(KEY, bundle) in (("invalid", "malformed"), ("invalid", "signature"))


def test_a_swapped_payload_type_is_no_statement():
    payload = statement({"sha256": SHA256})
    assert by(KEY, attested(payload, "text/plain")) == ("invalid", "payload-type")
    assert said(LOCAL.attest(payload, payload_type="text/plain")) == ("invalid", "payload-type")
    swapped = attested(payload, "text/plain")
    swapped["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+json"
    assert by(KEY, swapped)[1] in ("unknown-key", "signature")


def test_a_statement_of_an_older_version_is_refused():
    old = statement({"sha256": SHA256}, _type="https://in-toto.io/Statement/v0.1")
    assert by(KEY, attested(old)) == ("invalid", "statement") == said(LOCAL.attest(old))


def test_a_log_entry_of_another_bundle_is_refused():
    """CVE-2022-36056 of cosign."""
    other = LOCAL.sign(b"another")["verificationMaterial"]["tlogEntries"]
    material = SIGNED["verificationMaterial"] | {"tlogEntries": other}
    assert said({**SIGNED, "verificationMaterial": material}) == ("invalid", "log-mismatch")


# -- algorithms --------------------------------------------------------------------------------------------------------


def test_the_key_alone_says_which_hash_was_signed():
    wrong = EC[256].sign(DATA, ec.ECDSA(hashes.SHA384()))
    for bundle in (message(wrong, False), message(wrong), message(wrong, algorithm="sha384")):
        assert by(EC[256], bundle, WHOLE)[0] != "verified"


def test_a_key_that_signs_more_than_a_sha256_cannot_be_told_by_a_digest():
    p384 = message(EC[384].sign(DATA, ec.ECDSA(hashes.SHA384())), False)
    for private, bundle in ((EC[384], p384), (ED, message(ED.sign(DATA)))):
        assert by(private, bundle) == ("unverifiable", "whole-message"), "and it is not called invalid"
        assert by(private, bundle, WHOLE) == VERIFIED


@pytest.mark.parametrize("private", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())])
def test_a_weak_or_foreign_key_is_refused(private):
    with pytest.raises(NotExamined, match="not supported"):
        by_key("k", pem(private))


def test_a_private_key_is_refused_and_not_repeated():
    with pytest.raises(FormatError, match="private key"):
        by_key("k", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")


# -- identity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        RELEASE.name[:-1],
        RELEASE.name + "\n",
        RELEASE.name.upper(),
        RELEASE.name.replace(".", "x", 1),
        "https://github.com/acme/models/.*",
        "https://github.com/acme/models/",
        ".*",
        "*",
    ],
)
def test_an_identity_is_compared_character_by_character(name):
    assert said(SIGNED, who(name)) == ("untrusted", "unknown-identity")


@pytest.mark.parametrize("issuer", [RELEASE.issuer + "/", RELEASE.issuer[:-1], "https://evil.example"])
def test_the_issuer_is_compared_character_by_character(issuer):
    assert said(SIGNED, who(issuer=issuer)) == ("untrusted", "unknown-identity")


def test_whoever_embeds_the_identity_is_somebody_else():
    for name in (f"https://evil.example/?x={RELEASE.name}", RELEASE.name.replace("github.com", "githubxcom")):
        made = LOCAL.sign(DATA, Identity(name=name))
        assert said(made) == ("untrusted", "unknown-identity")
        assert said(made, who(name)) == VERIFIED


def test_a_key_does_not_stand_for_an_identity_nor_the_other_way_round():
    assert by(KEY, SIGNED)[0] == "untrusted"
    assert said(message(sign(KEY, DATA))) == ("untrusted", "unknown-key")


def test_another_sigstore_is_no_authority():
    outcome = check(raw(Sigstore("other").sign(DATA)), DIGEST, who())
    assert (outcome.status, outcome.reason) == (Status.UNTRUSTED, "unknown-root") and outcome.root
    outcome = check(raw(SIGNED), DIGEST, by_identity(RELEASE.name, RELEASE.issuer))
    assert (outcome.reason, outcome.root) == ("unknown-root", hashlib.sha256(shipped_root()).hexdigest())


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_certificate_that_has_expired_since_is_good_for_what_it_signed():
    assert said(LOCAL.stamped(SIGNED, NOON + timedelta(minutes=1))) == VERIFIED


def test_a_signature_after_the_certificate_expired_is_refused():
    assert said(LOCAL.sign(DATA, late=11)) == ("invalid", "certificate-expired")
    assert said(LOCAL.stamped(SIGNED, NOON + timedelta(minutes=11))) == ("invalid", "certificate-expired")


def test_an_entry_without_time_needs_a_timestamp():
    material = dict(LOCAL.second(SIGNED)["verificationMaterial"])
    del material["timestampVerificationData"]
    assert said({**SIGNED, "verificationMaterial": material}) == ("invalid", "no-time")


@pytest.mark.parametrize("which", ["authority", "log", "certificate_log"])
def test_a_key_of_the_root_that_was_retired_before_vouches_for_nothing(which):
    assert said(SIGNED, who(**{which: NOON - timedelta(seconds=1)})) == ("invalid", "root-window")
    assert said(SIGNED, who(**{which: NOON})) == VERIFIED


def test_a_timestamp_authority_that_was_retired_before_tells_no_time():
    bundle = LOCAL.second(SIGNED)
    assert said(bundle, who(timestamps=NOON - timedelta(seconds=1))) == ("invalid", "no-time")


def test_thirty_three_timestamps_are_refused():
    many = LOCAL.stamped(SIGNED, *(NOON + timedelta(seconds=n) for n in range(33)))
    assert said(many) == ("invalid", "timestamp")


# -- any bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b"{" + b'"a":{' * 5000, b"null"]
)
def test_what_is_no_bundle_is_said_and_never_raised(data):
    assert said(data)[0] in ("invalid", "unverifiable")


GOOD = raw(SIGNED)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(at=st.integers(0, len(GOOD) - 1), new=st.binary(min_size=1, max_size=3))
@example(at=0, new=b"\xef\xbb\xbf")
def test_a_damaged_bundle_never_says_more_than_the_genuine_one(at, new):
    damaged = GOOD[:at] + new + GOOD[at + 1 :]
    outcome = check(damaged, DIGEST, who())
    if outcome.status is Status.VERIFIED:  # a place that nobody signed: hints, white space, unread members
        assert (outcome.signer, outcome.times) == (RELEASE.name, ("2025-06-02T12:00:00Z",))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    place=st.sampled_from(["mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope", "more"]),
    value=_JSON,
    base=st.sampled_from(["signed", "attested", "keyed"]),
)
def test_any_value_in_a_bundle_ends_in_one_of_four_words(place, value, base):
    bundles = {"signed": SIGNED, "attested": ATTESTED, "keyed": attested(statement({"sha256": SHA256}))}
    status, _ = said(
        canonical({**bundles[base], place: value}), by_key("k", pem(KEY), ROOT) if base == "keyed" else who()
    )
    assert status != "verified" or value is None
