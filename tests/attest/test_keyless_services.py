"""Services that fail or lie while an identity signs: nothing is signed, and the right one is named."""

import base64
import copy
from datetime import timedelta

import pytest

from fixtures.signature.certificates import NOON, Identity
from fixtures.signature.local import Sigstore
from gate.adapters import service_http
from gate.attest.attest import NotAttested, attest
from tests import sigstores
from tests.attest.identities import DIGEST, sign, signer
from tests.attest.samples import WHO, said
from tests.sigstores import BEARER, SERVICES, Stack

NAMES = {
    "oidc": "the token service of the build",
    "fulcio": "the certificate authority (Fulcio)",
    "rekor": "the transparency log (Rekor)",
    "tsa": "the timestamp authority",
}
OUTAGES = {
    "hangs up": (sigstores.hanging_up, "cannot be asked"),
    "answers 500": (sigstores.answering(b"{}", 500), "answers HTTP 500"),
    "answers 503 without JSON": (sigstores.answering(b"<html>", 503), "answers HTTP 503"),
    "answers 404": (sigstores.answering(b"{}", 404), "answers HTTP 404"),
    "redirects": (sigstores.answering(b"", 307, Location="http://127.0.0.1:9/"), "redirects (HTTP 307)"),
    "answers nothing": (sigstores.answering(b"", 201), "cannot be read"),
    "talks garbage": (sigstores.answering(b"\xff\x00garbage", 201), "cannot be read"),
    "talks JSON of 100000 levels": (sigstores.answering(b"[" * 100_000, 201), "cannot be read"),
    "never ends": (sigstores.endless, "more than 1048576 bytes"),
    "is compressed": (sigstores.answering(b"x" * 9, 201, Content_Encoding="gzip"), "compressed"),
}
SLOW = {
    "is silent": sigstores.silent,
    "drips headers": sigstores.dripping_headers,
    "drips a body": sigstores.dripping_body,
}


def refused(stack, root=None):
    """What is said when nothing is signed."""
    with pytest.raises(NotAttested) as caught:
        attest(said(digest={"sha256": DIGEST}), signer(stack, root), WHO)
    text = str(caught.value)
    assert BEARER not in text and "eyJ" not in text and "; " in text
    return text


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("how", OUTAGES)
def test_a_service_that_fails_is_named(name, how):
    behave, words = OUTAGES[how]
    with Stack() as stack:
        stack.broken[name] = behave
        text = refused(stack)
    assert text.startswith(f"{NAMES[name]} at http://127.0.0.1:") and words in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_body_that_is_cut_off_is_none(name):
    with Stack() as stack:
        stack.broken[name] = sigstores.cut_off
        assert refused(stack).startswith(NAMES[name])


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("how", SLOW)
def test_a_slow_service_is_given_up(name, how, monkeypatch):
    monkeypatch.setattr(service_http, "SECONDS", 0.5)
    with Stack() as stack:
        stack.broken[name] = SLOW[how]
        text = refused(stack)
    assert text.startswith(NAMES[name]) and "gave no answer within 0.5 s; try again later" in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_down_is_named(name):
    with Stack() as stack:
        stack.urls[name] = sigstores.closed_port()
        text = refused(stack)
    assert text.startswith(f"{NAMES[name]} at {stack.urls[name]}: cannot be asked: Connection refused")


@pytest.mark.parametrize("name", ["fulcio", "rekor", "tsa"])
@pytest.mark.parametrize("address", ["ftp://sigstore.example", "nowhere", "https://*.example", "https://[::1"])
def test_an_address_that_cannot_be_used_is_told(name, address):
    with Stack() as stack:
        stack.urls[name] = address
        text = refused(stack)
    assert text.startswith(NAMES[name]) and text.endswith("see its address in --signing-config")


def test_an_address_with_a_password_does_not_show_it():
    with Stack() as stack:
        stack.urls["oidc"] = stack.url.replace("http://", "http://me:secret@") + "/nothing"
        assert "secret" not in refused(stack)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_asked_without_tls_but_this_machine(name):
    with Stack() as stack:
        stack.urls[name] = "http://sigstore.example/x"
        assert refused(stack).startswith(f"{NAMES[name]} at http://sigstore.example: is to be asked without TLS")


@pytest.mark.parametrize(("name", "remedy"), [("oidc", "id-token: write"), ("fulcio", "does not accept the identity")])
def test_a_refused_token_has_a_remedy_of_its_own(name, remedy):
    with Stack() as stack:
        stack.broken[name] = sigstores.answering(b'{"message": "eyJ"}', 403)
        assert remedy in refused(stack)


# -- services that lie -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("part", ["authority", "log", "certificate_log", "timestamps"])
def test_a_trusted_root_whose_keys_are_out_of_use_is_not_enough(part):
    with Stack(rekor=2) as stack:
        assert refused(stack, stack.sigstore.trusted_root(**{part: NOON}))


def test_the_trusted_root_of_another_sigstore_is_told():
    with Stack() as stack:
        assert "of one Sigstore" in refused(stack, Sigstore("stranger").trusted_root())


def test_a_token_that_has_ended_is_told():
    with Stack() as stack:
        stack.claims = {"iat": 1_600_000_000, "nbf": 1_600_000_000, "exp": 1_600_000_600}
        assert refused(stack).startswith("the identity token is not in force now, or lacks a claim; get a fresh one")
        assert stack.asked == ["oidc"]


def test_neither_proxy_nor_netrc_are_used(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Stack() as stack:
        sign(stack)
        sent = [headers.get("Authorization", "").partition(" ")[0] for headers in stack.headers]
    assert sent == ["bearer", "Bearer", "", "", "", ""]
