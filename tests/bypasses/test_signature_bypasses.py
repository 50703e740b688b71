"""Ways to make an archive look signed, or a signature look absent. Each that was ever thought of stays here."""

import hashlib
import json
import time
from datetime import timedelta

import pytest

from fixtures.signature.build import ARCHIVE, OTHER, dump
from fixtures.signature.certificates import ISSUER, NOON, Identity, private_key, sign
from fixtures.signature.local import RELEASE, Sigstore, b64, keyed, pae, sealed, statement
from gate.core.errors import UsageError
from gate.core.gap import GapReason
from gate.trust.file import read_trust
from tests.adapters.test_keys import ED, pem
from tests.conftest import zipped
from tests.inspectors.test_signature import CI, LOCAL, SIGNED, Result, key_trust

SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
ATTESTED = LOCAL.attest(statement({"sha256": SHA256}))
KEY = private_key("release")
TRUSTED = key_trust(KEY)


@pytest.fixture
def judged(tmp_path):
    """judged(signature, trust) -> what is said about ARCHIVE with this file beside it."""

    def judge(signature, trust=CI, data=ARCHIVE, suffix=".sigstore.json", **options):
        path = tmp_path / "model.zip"
        path.write_bytes(data)
        content = signature if isinstance(signature, bytes) else dump(signature)
        path.with_name(f"model.zip{suffix}").write_bytes(content)
        return Result(path, trust, **options)

    return judge


def trust_for(**identity):
    row = json.dumps({"name": "somebody", "issuer": ISSUER, **identity})
    root = "roots: [{name: local, file: root.json}]\n"
    return read_trust(f"version: 1\n{root}identities: [{row}]\n".encode(), "t", lambda _: LOCAL.trusted_root())


# -- identities that only look alike ----------------------------------------------------------------------------------
# https://github.com/sigstore/sigstore-js/issues/1656 and many others: patterns that are not anchored

ALICE = "alice@acme.example"
ALIKE = [
    "\u0430lice@acme.example",  # a Cyrillic a
    "alice@acme.example\n",
    "alice@acme.example ",
    " alice@acme.example",
    "alice@acme.example.evil.example",
    "evil-alice@acme.example",
    "Alice@acme.example",
    "ALICE@ACME.EXAMPLE",
    "alice@acme.example\x00",
    "\uff41lice@acme.example",  # a fullwidth a
    "alice@acm\u0065\u0301.example",
    "alice@acmeXexample",
    "evil.example?alice@acme.example",
    "alice@acme.example\u200b",
    "alice@acme.example|mallory",
]


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize(
    "how", [{"identity": ALICE}, {"matches": r"alice@acme\.example"}, {"matches": "alice@acme[.]example|x"}]
)
def test_an_identity_that_only_looks_alike_is_nobody(judged, name, how):
    assert judged(LOCAL.sign(ARCHIVE, Identity(name=ALICE, username=True)), trust_for(**how)).counts() == {
        "verified": 1
    }
    result = judged(LOCAL.sign(ARCHIVE, Identity(name=name, username=True)), trust_for(**how))
    assert result.counts() == {"untrusted": 1} and result.findings == [("signature.untrusted", "")]
    assert all(fact.signer.isprintable() for fact in result.facts)
    assert all(message.isprintable() for message in result.messages)


@pytest.mark.parametrize(
    "name",
    [
        "https://github.com/acme/models/.github/workflows/evil.yml@refs/tags/v1",
        "https://github.com/acme/models/.github/workflows/release.yml.evil@refs/tags/v1",
        "https://github.com/acme/models-evil/.github/workflows/release.yml@refs/tags/v1",
        "https://evil.example/?x=https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v1",
        "https://githubXcom/acme/models/.github/workflows/release.yml@refs/tags/v1",
        "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/refs/tags/v1",
        "https://github.com/acme/models/.github/workflows/release.yml@refs/pull/1/merge",
        "http://github.com/acme/models/.github/workflows/release.yml@refs/tags/v1",
    ],
)
def test_another_workflow_is_not_the_one_that_is_trusted(judged, name):
    assert judged(LOCAL.sign(ARCHIVE, Identity(name=name))).said == [("untrusted", "unknown-identity")]


def test_another_issuer_may_vouch_for_the_same_name(judged):
    for issuer in ("https://evil.example", f"{ISSUER}/", ISSUER.upper(), f"{ISSUER}\n"):
        made = Identity(issuer=issuer, old_issuer=issuer)
        assert judged(LOCAL.sign(ARCHIVE, made)).said == [("untrusted", "unknown-identity")]


def test_two_issuers_in_one_certificate_are_none(judged):
    for made in (Identity(old_issuer="https://evil.example"), Identity(issuer="https://evil.example")):
        assert judged(LOCAL.sign(ARCHIVE, made)).findings == [("signature.invalid", "")]


def test_a_reusable_workflow_called_by_another_repository_is_that_repositorys(judged):
    """The name in the certificate is that of the workflow that was called, by whomever."""
    called = Identity(repository="https://github.com/evil/models")
    assert judged(LOCAL.sign(ARCHIVE, called)).said == [("untrusted", "unknown-identity")]


# -- another artifact -------------------------------------------------------------------------------------------------


def test_the_signature_of_another_archive_is_laid_beside_this_one(judged):
    for made in (LOCAL.sign(OTHER), LOCAL.attest(statement({"sha256": hashlib.sha256(OTHER).hexdigest()}))):
        assert judged(made).findings == [("signature.wrong-subject", "")]


def test_a_subject_in_capitals_is_no_subject(judged):
    assert judged(LOCAL.attest(statement({"sha256": SHA256.upper()}))).findings == [("signature.invalid", "")]


def test_the_name_of_a_subject_says_nothing(judged):
    named = statement({"sha256": "00" * 32}, subject=[{"name": SHA256, "digest": {"sha256": "00" * 32}}])
    assert judged(LOCAL.attest(named)).findings == [("signature.wrong-subject", "")]


def test_a_digest_under_another_name_is_not_compared(judged):
    for name in ("sha-256", "SHA256", "sha256 ", "dirHash", "md5"):
        assert judged(LOCAL.attest(statement({name: SHA256}))).section["verified"] == 0


def test_a_digest_beside_the_signature_is_believed_by_nobody(judged):
    lied = {**SIGNED, "messageSignature": {**LOCAL.sign(OTHER)["messageSignature"]}}
    lied["messageSignature"]["messageDigest"] = SIGNED["messageSignature"]["messageDigest"]
    assert judged(lied).findings == [("signature.invalid", "")]


def test_a_signed_member_does_not_sign_the_archive(tmp_path):
    """A model of a trusted signer, packed together with something else."""
    member = b"genuine weights"
    files = {"w.bin": member, "w.bin.sigstore.json": dump(LOCAL.sign(member)), "evil.py": b"import os"}
    (tmp_path / "m.zip").write_bytes(zipped(files))
    result = Result(tmp_path / "m.zip", CI)
    assert result.section["verified"] == 0 and result.section["member_verified"] == 1
    assert not result.section["signers"] and not result.section["grants"]


def test_a_signature_inside_of_the_archive_is_not_one_beside_it(tmp_path):
    (tmp_path / "m.zip").write_bytes(zipped({"m.zip.sigstore.json": dump(SIGNED), "a": b"a"}))
    assert Result(tmp_path / "m.zip", CI).section["verified"] == 0


def test_a_trust_file_inside_of_the_archive_is_not_read(tmp_path):
    files = {"trust.yaml": b"version: 1\nkeys: [{name: k, file: k.pub}]\n", "k.pub": pem(ED)}
    (tmp_path / "m.zip").write_bytes(zipped(files))
    (tmp_path / "m.zip.sig").write_bytes(ED.sign((tmp_path / "m.zip").read_bytes()))
    assert Result(tmp_path / "m.zip").counts() == {"unverifiable": 1}


# -- what is signed ---------------------------------------------------------------------------------------------------


def test_a_payload_type_that_was_swapped_breaks_the_signature(judged):
    swapped = json.loads(json.dumps(ATTESTED))
    swapped["dsseEnvelope"]["payloadType"] = "application/json"
    assert judged(swapped).said == [("invalid", "signature")]
    honest = LOCAL.attest(statement({"sha256": SHA256}), payload_type="application/json")
    assert judged(honest).said == [("invalid", "payload-type")]


def test_a_failed_verdict_by_who_may_sign_models_is_no_signature(judged):
    """`cosign verify-blob-attestation --key K` accepts an artifact for a FAILED verdict by K."""
    kind = "https://slsa.dev/verification_summary/v1"
    failed = statement({"sha256": SHA256}, predicate_type=kind, predicate={"verificationResult": "FAILED"})
    seal = sealed(failed, sign(KEY, pae("application/vnd.in-toto+json", failed)))
    for made, trust in ((LOCAL.attest(failed), CI), (keyed({"dsseEnvelope": seal}, ""), TRUSTED), (seal, TRUSTED)):
        result = judged(made, trust)
        assert result.said == [("untrusted", "verdict")] and result.section["verified"] == 0


def test_two_signatures_in_one_envelope_are_refused(judged):
    """Which of the two is the signer's, readers answer differently."""
    payload = statement({"sha256": SHA256})
    made = sealed(payload, sign(KEY, pae("application/vnd.in-toto+json", payload)))
    assert judged(keyed({"dsseEnvelope": made}, ""), TRUSTED).counts() == {"verified": 1}
    for second in (made["signatures"][0], {"sig": b64(b"junk")}):
        for both in ([made["signatures"][0], second], [second, made["signatures"][0]]):
            two = {**made, "signatures": both}
            assert judged(keyed({"dsseEnvelope": two}, ""), TRUSTED).findings == [("signature.malformed", "")]
            assert judged(two, TRUSTED).findings == [("signature.malformed", "")]


def test_base64_that_decodes_to_the_same_bytes_is_not_the_same_text(judged):
    """Lenient decoders skip what is no base64, and ignore the last bits."""
    for path in (("dsseEnvelope", "payload"), ("verificationMaterial", "certificate", "rawBytes")):
        for change in (
            lambda t: t[:8] + "\n" + t[8:],
            lambda t: t[:8] + "!" + t[8:],
            lambda t: t + "=",
            lambda t: " " + t,
        ):
            made = json.loads(json.dumps(ATTESTED))
            at = made
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = change(at[path[-1]])
            assert judged(made).findings == [("signature.malformed", "")], path


def test_a_key_that_stands_twice_is_refused_whichever_holds(judged):
    """Parsers disagree on which of the two it is. RFC 8259, section 4."""
    other = json.dumps(LOCAL.attest(statement({"sha256": "00" * 32}))["dsseEnvelope"])
    text = json.dumps(ATTESTED)
    for twice in (text[:-1] + f', "dsseEnvelope": {other}}}', f'{{"dsseEnvelope": {other}, ' + text[1:]):
        assert judged(twice.encode()).findings == [("signature.malformed", "")]
    payload = statement({"sha256": "00" * 32})[:-1] + b',"subject":[{"digest":{"sha256":"%s"}}]}' % SHA256.encode()
    assert judged(LOCAL.attest(payload)).said == [("invalid", "statement")]


def test_both_spellings_of_a_member_are_not_accepted_side_by_side(judged):
    """sigstore reads camelCase and snake_case, and of both one."""
    made = {**SIGNED, "message_signature": LOCAL.sign(OTHER)["messageSignature"]}
    assert judged(made).findings == [("signature.malformed", "")]
    material = {**SIGNED["verificationMaterial"], "tlog_entries": []}
    assert judged({**SIGNED, "verificationMaterial": material}).findings == [("signature.malformed", "")]


# -- when and under which root ----------------------------------------------------------------------------------------


def test_a_certificate_that_had_expired_when_it_signed(judged):
    assert judged(LOCAL.sign(ARCHIVE, late=11)).said == [("invalid", "certificate-expired")]
    assert judged(LOCAL.sign(ARCHIVE, late=9)).said == [("verified", "")], "expired today is not expired then"


def test_another_sigstore_with_the_same_names_vouches_for_nothing(judged):
    twin = Sigstore("local twin")
    twin.authority.intermediate = LOCAL.authority.intermediate
    assert judged(twin.sign(ARCHIVE)).said == [("untrusted", "unknown-root")]


@pytest.mark.parametrize("which", ["authority", "log", "certificate_log"])
def test_a_key_that_was_retired_cannot_sign_again(judged, which):
    """sigstore-python 4.5 takes them: whoever gets hold of a retired key of the root is trusted again."""
    root = LOCAL.trusted_root(**{which: NOON - timedelta(seconds=1)})
    row = json.dumps({"name": "ci", "issuer": ISSUER, "identity": RELEASE.name})
    text = f"version: 1\nroots: [{{name: local, file: r}}]\nidentities: [{row}]\n"
    trust = read_trust(text.encode(), "t", lambda _: root)
    assert judged(SIGNED, trust).said == [("invalid", "root-window")]


def test_a_log_entry_of_another_signature_proves_no_time(judged):
    for when, reason in (
        (NOON + timedelta(hours=1), "certificate-expired"),
        (NOON - timedelta(minutes=5), "log-mismatch"),
    ):
        made = json.loads(json.dumps(LOCAL.sign(ARCHIVE, when=when)))
        made["verificationMaterial"]["tlogEntries"] = SIGNED["verificationMaterial"]["tlogEntries"]
        assert judged(made).said == [("invalid", reason)]


def test_a_signature_without_a_log_entry_does_not_count(judged):
    for rows in ([], None, SIGNED["verificationMaterial"]["tlogEntries"] * 2, [{}]):
        made = json.loads(json.dumps(SIGNED))
        made["verificationMaterial"]["tlogEntries"] = rows
        result = judged(made)
        assert result.said == [("unverifiable", "unsupported")] and result.gaps == [(GapReason.UNSUPPORTED, "")]


def test_a_certificate_instead_of_a_key_is_not_a_way_around_the_log(judged):
    made = json.loads(json.dumps(SIGNED))
    made["verificationMaterial"] = {"publicKey": {"hint": "release"}, "tlogEntries": []}
    assert judged(made).section["verified"] == 0
    assert judged(made, TRUSTED).counts() == {"invalid": 1}


# -- keys --------------------------------------------------------------------------------------------------------------


def test_one_key_under_two_names_does_not_sign_verdicts_and_models():
    text = b"version: 1\nkeys: [{name: a, file: k, roles: [model]}, {name: b, file: l, roles: [verifier]}]"
    with pytest.raises(UsageError, match="stands twice"):
        read_trust(text, "t", lambda name: pem(KEY) + (b"\n" if name == "l" else b""))


def test_a_private_key_is_not_taken_for_a_public_one(judged):
    from tests.adapters.test_keys import PRIVATE

    with pytest.raises(UsageError, match="private key"):
        read_trust(b"version: 1\nkeys: [{name: a, file: k}]", "t", lambda _: PRIVATE[0])


def test_a_hint_cannot_make_a_signature_count(judged):
    stranger = sign(private_key("stranger"), ARCHIVE)
    for hint in ("release", "", "x"):
        made = keyed({"messageSignature": {"signature": b64(stranger)}}, hint)
        assert judged(made, TRUSTED).section["verified"] == 0


def test_a_changed_archive_with_its_detached_signature_is_an_error_and_no_stranger(judged):
    result = judged(sign(KEY, ARCHIVE), TRUSTED, OTHER, suffix=".sig")
    assert result.findings == [("signature.invalid", "")]


# -- files that are made to be expensive, or to disappear ---------------------------------------------------------------


def test_a_bundle_of_a_hundred_megabytes_is_not_read(judged):
    result = judged(b'{"mediaType": "' + b"A" * (100 * 2**20))
    assert result.gaps == [(GapReason.TOO_LARGE, "")] and result.counts() == {"unverifiable": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"{" + b'"a":{' * 200_000,
        b'{"mediaType":' + b"[" * 500_000,
        json.dumps(keyed({"dsseEnvelope": sealed(b"[" * 100_000, b"s")}, "")).encode(),
        b'{"mediaType":[' + b"1," * 5_000_000 + b"1]}",
        b"{" + b" " * 30_000_000,
        b'{"a":' + b"9" * 1_000_000 + b"}",
    ],
    ids=["objects", "lists", "payload", "values", "blanks", "digits"],
)
def test_a_bundle_that_is_made_to_be_expensive_costs_little(judged, data):
    start = time.process_time()
    result = judged(data, TRUSTED)
    assert time.process_time() - start < 5
    assert result.section["verified"] == 0 and sum(result.counts().values()) == 1
    assert result.gaps or result.findings


def test_many_timestamps_are_refused(judged):
    made = json.loads(json.dumps(SIGNED))
    stamps = [{"signedTimestamp": b64(bytes([n]) * 9)} for n in range(40)]
    made["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    assert judged(made).counts() == {"invalid": 1}


def test_a_file_that_is_no_signature_is_never_passed_over(judged):
    for data in (b"", b"{}", b"null", b"\x00" * 100, b"[]", b'"x"', b"A" * 20_000, b"\xff\xfe{\x00}\x00"):
        result = judged(data)
        assert result.section["verified"] == 0 and sum(result.counts().values()) == 1
        assert result.findings or result.gaps


def test_a_link_or_a_folder_beside_the_archive_is_no_signature(tmp_path):
    (tmp_path / "m.zip").write_bytes(ARCHIVE)
    (tmp_path / "m.zip.sigstore.json").mkdir()
    (tmp_path / "m.zip.sig").symlink_to("/dev/zero")
    result = Result(tmp_path / "m.zip", CI)
    assert result.gaps == [(GapReason.UNREADABLE, "")] and result.counts() == {"unverifiable": 1}


def test_text_of_a_signature_cannot_write_to_a_terminal_or_a_log(judged):
    evil = "evil\x1b[31m\n::error::##[command]\u202e"
    for made in (LOCAL.sign(ARCHIVE, Identity(name=evil, username=True)), {**SIGNED, evil: 1}):
        result = judged(made, trust_for(identity=ALICE))
        for text in (*result.messages, *result.details, *(fact.signer for fact in result.facts)):
            assert text.isprintable() and "##[" not in text
