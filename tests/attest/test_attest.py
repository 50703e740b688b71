"""The files that leave: what accepts them, and what does not."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gate.adapters import keys, signer
from gate.attest import uris
from gate.attest.attest import LINE, SUFFIXES, NotAttested
from gate.attest.statements import resource
from gate.core.errors import GateError, NotExamined
from gate.formats.sigstore_bundle import signatures
from gate.trust.reasons import Status
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Key, Signer, Trust
from tests.attest import peers
from tests.attest.samples import KEY, OTHER, WHO, affected, denied, hostile, looked, payload, said
from tests.attest.samples import signed as attest
from tests.output.results import folder

VSA_FILE, GATE_FILE, BARE_FILE, VULNS_FILE, LINES_FILE = SUFFIXES
KINDS = {VSA_FILE: uris.VSA, GATE_FILE: uris.DECISION, VULNS_FILE: uris.VULNERABILITIES}


def trust(key, *roles):
    return Trust("", keys=(Key(Signer("them", roles=roles), key.public, ""),))


def outcome(data, key=KEY, artifact=None, role="verifier"):
    (signed,) = signatures(data, lines=True)
    return Verification(trust(key, role), "2026-11-21T10:00:00Z", role).verify(
        signed, artifact or Artifact({"sha256": "ab" * 32})
    )


@pytest.mark.parametrize(
    "key", [KEY, OTHER, signer._signer(ec.generate_private_key(ec.SECP384R1()))], ids=["one", "other", "P-384"]
)
def test_each_file_verifies_by_the_key(key):
    files = attest(said(looked(affected())), key)
    assert files.keys() == set(SUFFIXES)
    for suffix in (VSA_FILE, GATE_FILE, BARE_FILE, VULNS_FILE):
        assert outcome(files[suffix], key).status == Status.VERIFIED
    assert files[LINES_FILE] == files[VSA_FILE] + files[GATE_FILE] + files[VULNS_FILE]
    without = attest(said(), key)
    assert without.keys() == set(SUFFIXES) - {VULNS_FILE}
    assert without[LINES_FILE] == without[VSA_FILE] + without[GATE_FILE]


def test_a_bundle_has_the_form_that_others_expect():
    document = json.loads(attest(said())[VSA_FILE])
    assert document["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    hint = base64.b64encode(hashlib.sha256(KEY.public.spki).digest()).decode()
    assert document["verificationMaterial"] == {"publicKey": {"hint": hint}, "tlogEntries": []}
    assert [row["keyid"] for row in document["dsseEnvelope"]["signatures"]] == [""]


MANY = looked(*(affected(f"GHSA-{n}", package=f"{'p' * 50}{n}") for n in range(2000)))


@pytest.mark.parametrize("result", [denied(), hostile("n" * 3000), hostile("\ud800\n::error::"), MANY])
def test_every_line_is_short_and_one_line(result):
    for data in attest(said(result)).values():
        assert all(len(line) < LINE for line in data.splitlines())
        assert data.endswith(b"\n") and data.count(b"\n") == len(data.splitlines())


def test_the_same_verdict_gives_the_same_bytes():
    assert attest(said()) == attest(said())


def test_a_folder_is_attested_by_its_dir_hash():
    files = attest(said(folder()))
    assert payload(files[BARE_FILE])["subject"][0]["digest"] == {"dirHash": "ab" * 32}
    assert outcome(files[VSA_FILE], artifact=Artifact({"dirHash": "ab" * 32})).status == Status.VERIFIED


@pytest.mark.parametrize("digest", [{}, {"sha256": ""}])
def test_what_has_no_digest_is_not_attested(digest):
    with pytest.raises(NotAttested, match="no digest"):
        attest(said(digest=digest))


def test_what_does_not_fit_is_not_attested():
    with pytest.raises(NotAttested, match="more than 49152"):
        attest(said(name="n" * 60_000))


def test_another_key_another_artifact_and_another_byte_are_refused():
    data = attest(said())[VSA_FILE]
    assert outcome(data, OTHER).status == Status.UNTRUSTED
    assert outcome(data, artifact=Artifact({"sha256": "cd" * 32})).reason == "wrong-subject"
    assert outcome(forged(data), KEY).status == Status.INVALID


def test_a_signer_that_signs_something_else_is_noticed():
    class Liar:
        public = KEY.public

        def sign(self, message):
            return KEY.sign(b"something else")

    with pytest.raises(GateError, match="does not verify"):
        attest(said(), Liar())


def forged(data):
    """FAILED turned into PASSED, or the other way round, under the same signature."""
    document = json.loads(data)
    envelope = document.get("dsseEnvelope", document)
    text = base64.b64decode(envelope["payload"]).replace(b'"PASSED"', b'"passed"').replace(b'"FAILED"', b'"PASSED"')
    envelope["payload"] = base64.b64encode(text).decode()
    return json.dumps(document).encode()


# -- independent programs ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["p256", "ed25519"])
def signed(request, tmp_path_factory):
    """A file, the public key, and its attestations, on disk."""
    where = tmp_path_factory.mktemp("peers")
    key = signer.generate(request.param)
    (where / "m.zip").write_bytes(b"a model")
    (where / "k.pub").write_bytes(signer.public_pem(key))
    (where / "other.pub").write_bytes(signer.public_pem(OTHER))
    digest = hashlib.sha256(b"a model").hexdigest()
    for prefix, result in (("m", looked(affected())), ("failed", denied())):
        for suffix, data in attest(said(result, digest={"sha256": digest}), key).items():
            (where / (prefix + suffix)).write_bytes(data)
    return where


@pytest.mark.parametrize("suffix", KINDS)
def test_cosign_accepts_them(signed, suffix):
    assert peers.cosign(signed / "k.pub", signed / f"m{suffix}", KINDS[suffix], signed / "m.zip")


def test_cosign_says_that_a_failed_summary_is_genuine_and_not_what_it_says(signed):
    assert peers.cosign(signed / "k.pub", signed / f"failed{VSA_FILE}", uris.VSA, signed / "m.zip")


def test_cosign_refuses_what_was_changed(signed):
    bundle, file = signed / f"m{VSA_FILE}", signed / "m.zip"
    (signed / "forged.json").write_bytes(forged((signed / f"failed{VSA_FILE}").read_bytes()))
    (signed / "other.zip").write_bytes(b"another model")
    assert not peers.cosign(signed / "k.pub", signed / "forged.json", uris.VSA, file)
    assert not peers.cosign(signed / "k.pub", bundle, uris.VSA, signed / "other.zip")
    assert not peers.cosign(signed / "k.pub", bundle, uris.DECISION, file)
    assert not peers.cosign(signed / "other.pub", bundle, uris.VSA, file)


def test_slsa_verifier_accepts_what_passed_and_nothing_else(signed):
    digest, uri = hashlib.sha256(b"a model").hexdigest(), resource(said())
    bare, key = signed / f"m{BARE_FILE}", signed / "k.pub"
    (signed / "forged.jsonl").write_bytes(forged((signed / f"failed{BARE_FILE}").read_bytes()))
    assert peers.slsa_verifier(key, bare, digest, WHO, uri)
    assert not peers.slsa_verifier(key, signed / f"failed{BARE_FILE}", digest, WHO, uri)
    assert not peers.slsa_verifier(key, signed / "forged.jsonl", digest, WHO, uri)
    assert not peers.slsa_verifier(key, bare, "00" * 32, WHO, uri)
    assert not peers.slsa_verifier(key, bare, digest, WHO + "/other", uri)
    assert not peers.slsa_verifier(key, bare, digest, WHO, uri.replace("production", "staging"))
    assert not peers.slsa_verifier(signed / "other.pub", bare, digest, WHO, uri)


@pytest.mark.parametrize("suffix", [VSA_FILE, GATE_FILE])
def test_sigstore_js_accepts_them(signed, suffix):
    digest = hashlib.sha256(b"a model").hexdigest()
    assert peers.sigstore_js(signed / f"m{suffix}", KINDS[suffix], digest, "key", signed / "k.pub")


def test_sigstore_js_refuses_what_was_changed(signed):
    digest, key = hashlib.sha256(b"a model").hexdigest(), ("key", signed / "k.pub")
    (signed / "forged.json").write_bytes(forged((signed / f"failed{VSA_FILE}").read_bytes()))
    assert not peers.sigstore_js(signed / "forged.json", uris.VSA, digest, *key)
    assert not peers.sigstore_js(signed / f"m{VSA_FILE}", uris.VSA, "00" * 32, *key)
    assert not peers.sigstore_js(signed / f"m{VSA_FILE}", uris.DECISION, digest, *key)
    assert not peers.sigstore_js(signed / f"m{VSA_FILE}", uris.VSA, digest, "key", signed / "other.pub")


TAMPERED = {
    "signature": lambda envelope: envelope["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()),
    "no signature": lambda envelope: envelope.update(signatures=[]),
    "payload": lambda envelope: envelope.update(payload=base64.b64encode(b"{}").decode()),
    "payload type": lambda envelope: envelope.update(payloadType="text/plain"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_neither_cosign_nor_sigstore_js_nor_gate_takes_a_tampered_envelope(signed, what):
    document = json.loads((signed / f"m{VSA_FILE}").read_bytes())
    TAMPERED[what](document["dsseEnvelope"])
    bundle, digest = signed / "tampered.json", hashlib.sha256(b"a model").hexdigest()
    bundle.write_text(json.dumps(document))
    assert not peers.cosign(signed / "k.pub", bundle, uris.VSA, signed / "m.zip")
    assert not peers.sigstore_js(bundle, uris.VSA, digest, "key", signed / "k.pub")
    (read,) = signatures(bundle.read_bytes(), lines=False)
    if not isinstance(read, NotExamined):
        public = keys.read((signed / "k.pub").read_bytes())
        them = Trust("", keys=(Key(Signer("them", roles=("verifier",)), public, ""),))
        found = Verification(them, "2026-11-21T10:00:00Z", "verifier").verify(read, Artifact({"sha256": digest}))
        assert found.status == Status.INVALID
