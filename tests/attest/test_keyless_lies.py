"""Services that lie while an identity signs: nothing is signed, and the liar is named."""

import base64
import copy
from datetime import timedelta

import pytest

from fixtures.signature.certificates import NOON, Identity
from fixtures.signature.local import Sigstore
from gate.adapters.keyless import Services
from gate.core.errors import FormatError
from tests import sigstores
from tests.attest.identities import NAMES, refused
from tests.sigstores import Stack


def edit(*path, to):
    """A lie: the answer with one value replaced."""

    def lie(answer):
        at = made = copy.deepcopy(answer)
        for key in path[:-1]:
            at = at[next(iter(at)) if key is None else key]
        at[path[-1]] = to(at[path[-1]]) if callable(to) else to
        return made

    return lie


def another(stack, **more):
    """A lie of the certificate authority: another certificate for the same key, or for another one."""

    def lie(answer):
        from cryptography.x509 import load_pem_x509_certificate

        pem = answer["signedCertificateEmbeddedSct"]["chain"]["certificates"][0]
        key = more.pop("key", None) or load_pem_x509_certificate(pem.encode()).public_key()
        return stack.chain(key, **more)

    return lie


def wrong_log_key(stack):
    """An authority whose certificate log has another key."""
    authority = Sigstore(stack.sigstore.authority.root.subject.rdns[0].rfc4514_string()[2:-8]).authority
    authority.log_key = Sigstore("stranger").authority.log_key
    return authority


def foreign_entry(answer):
    """An entry of the same log for something else that somebody signed."""
    local = Sigstore("loopback")
    entry = local.attest(b'{"other": 1}', when=sigstores.now())["verificationMaterial"]["tlogEntries"][0]
    made = copy.deepcopy(answer)
    row = next(iter(made.values()))
    proof = entry["inclusionProof"]
    row["body"], row["integratedTime"] = entry["canonicalizedBody"], int(entry["integratedTime"])
    row["logIndex"] = int(entry["logIndex"])
    row["verification"] = {
        "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "inclusionProof": {
            "logIndex": int(proof["logIndex"]),
            "treeSize": int(proof["treeSize"]),
            "rootHash": base64.b64decode(proof["rootHash"]).hex(),
            "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
            "checkpoint": proof["checkpoint"]["envelope"],
        },
    }
    return made


PROOF = (None, "verification", "inclusionProof")
CHAIN = ("signedCertificateEmbeddedSct", "chain", "certificates")
LIES = {
    "a token of nobody": ("oidc", lambda s: lambda answer: {"value": "x.y"}, "is no identity token"),
    "a number for a token": ("oidc", lambda s: lambda answer: {"value": 7}, "is no identity token"),
    "a list for a token": ("oidc", lambda s: lambda answer: [answer], "is no identity token"),
    "a token for another audience": (
        "oidc",
        lambda s: lambda answer: {"value": s.token(aud="pypi")},
        "for another audience than sigstore",
    ),
    "a certificate for somebody else": (
        "fulcio",
        lambda s: another(s, identity=Identity("https://github.com/evil/x/.github/workflows/a.yml@refs/heads/main")),
        "names somebody else",
    ),
    "a certificate of another issuer": (
        "fulcio",
        lambda s: another(s, identity=Identity(issuer="https://evil.example", old_issuer="https://evil.example")),
        "names somebody else",
    ),
    "a certificate for another key": (
        "fulcio",
        lambda s: another(s, key=Sigstore("stranger")._signer.public_key()),
        "for another key",
    ),
    "a certificate of another authority": (
        "fulcio",
        lambda s: another(s, authority=Sigstore("stranger").authority),
        "no certificate transparency log",
    ),
    "a certificate log of another key": (
        "fulcio",
        lambda s: another(s, authority=wrong_log_key(s)),
        "no certificate transparency log",
    ),
    "an old certificate": ("fulcio", lambda s: another(s, issued=NOON), "has ended already"),
    "a certificate of tomorrow": (
        "fulcio",
        lambda s: another(s, issued=sigstores.now() + timedelta(days=1)),
        "do not agree on the time, it was made outside",
    ),
    "no chain": ("fulcio", lambda s: edit(*CHAIN, to=[]), "not what it should be"),
    "a chain of one": ("fulcio", lambda s: edit(*CHAIN, to=lambda rows: rows[:1]), "not what it should be"),
    "a text for a chain": ("fulcio", lambda s: edit(*CHAIN, to="x"), "not what it should be"),
    "numbers for a chain": ("fulcio", lambda s: edit(*CHAIN, to=[1, 2, 3]), "not what it should be"),
    "a list for a certificate": ("fulcio", lambda s: lambda answer: [], "not what it should be"),
    "null for a certificate": ("fulcio", lambda s: lambda answer: None, "not what it should be"),
    "an entry for another body": ("rekor", lambda s: foreign_entry, "its log entry is about another signature"),
    "a proof of another root": ("rekor", lambda s: edit(*PROOF, "rootHash", to="00" * 32), "vouches for its entry"),
    "a proof without hashes": ("rekor", lambda s: edit(*PROOF, "hashes", to=[]), "vouches for its entry"),
    "a proof of another size": ("rekor", lambda s: edit(*PROOF, "treeSize", to=9), "vouches for its entry"),
    "a checkpoint of nobody": (
        "rekor",
        lambda s: edit(*PROOF, "checkpoint", to=lambda note: note.replace("log.example ", "evil.example ")),
        "vouches for its entry",
    ),
    "an entry without checkpoint": ("rekor", lambda s: edit(*PROOF, "checkpoint", to=""), "vouches for its entry"),
    "a promise of nobody": (
        "rekor",
        lambda s: edit(None, "verification", "signedEntryTimestamp", to=base64.b64encode(bytes(70)).decode()),
        "vouches for its entry",
    ),
    "a later time": ("rekor", lambda s: edit(None, "integratedTime", to=lambda t: t + 1), "vouches for its entry"),
    "a body that is none": ("rekor", lambda s: edit(None, "body", to="AAAA"), "what it should be"),
    "two entries": ("rekor", lambda s: lambda answer: {**answer, "cd": 1}, "what it should be"),
    "a list for an entry": ("rekor", lambda s: lambda answer: [answer], "what it should be"),
    "a number that is huge": ("rekor", lambda s: edit(None, "logIndex", to=10**400), ""),
    "a timestamp over other bytes": (
        "tsa",
        lambda s: lambda answer: s.sigstore.timestamps.stamp(b"something else", sigstores.now()),
        "one of its timestamps does not verify",
    ),
    "a timestamp of another authority": (
        "tsa",
        lambda s: lambda answer: Sigstore("stranger").timestamps.stamp(b"x", sigstores.now()),
        "one of its timestamps does not verify",
    ),
    "a refusal to stamp": ("tsa", lambda s: lambda answer: b"\x30\x05\x30\x03\x02\x01\x02", "cannot be read"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_signed_and_the_liar_is_named(lie):
    name, make, words = LIES[lie]
    with Stack() as stack:
        stack.lies[name] = make(stack)
        text = refused(stack)
    assert text.startswith(NAMES[name]) and words in text


def test_a_log_that_is_hours_ahead_is_named_with_those_that_are_not():
    with Stack() as stack:
        stack.lies["rekor"] = edit(None, "integratedTime", to=lambda time: time + 9999)
        text = refused(stack)
    assert "do not agree on the time" in text and all(NAMES[name] in text for name in ("fulcio", "rekor", "tsa"))


def test_a_timestamp_of_yesterday_is_outside_of_the_certificate():
    with Stack(rekor=2) as stack:
        stamp = stack.sigstore.timestamps.stamp_digest
        stack.sigstore.timestamps.stamp_digest = lambda digest, when: stamp(digest, when - timedelta(days=1))
        assert "outside of the validity of its certificate" in refused(stack)


@pytest.mark.parametrize(("part", "said"), [("authority", "the trusted root is out of date"), ("timestamps", "time")])
def test_a_trusted_root_whose_authorities_are_out_of_use_is_not_enough(part, said):
    with Stack(rekor=2) as stack:
        assert said in refused(stack, stack.sigstore.trusted_root(**{part: NOON}))


@pytest.mark.parametrize("part", ["log", "certificate_log"])
def test_a_trusted_root_whose_logs_are_out_of_use_is_refused_before_anybody_is_asked(part):
    with Stack() as stack, pytest.raises(FormatError, match="is no trusted root that can be used now"):
        Services(stack.signing_config(), stack.sigstore.trusted_root(**{part: NOON}))


def test_the_trusted_root_of_another_sigstore_is_told():
    with Stack() as stack:
        assert "of one Sigstore" in refused(stack, Sigstore("stranger").trusted_root())


def test_a_token_that_has_ended_is_told():
    with Stack() as stack:
        stack.claims = {"iat": 1_600_000_000, "nbf": 1_600_000_000, "exp": 1_600_000_600}
        assert refused(stack).startswith("the identity token is not in force now, or lacks a claim; get a fresh one")
        assert stack.asked == ["oidc"]
