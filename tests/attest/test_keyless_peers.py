"""Bundles that an identity signed, judged by independent programs as by gate."""

import base64
import hashlib
import json
import re

import pytest

from fixtures.signature.certificates import ISSUER
from fixtures.signature.local import RELEASE, Sigstore
from gate.attest import uris
from gate.attest.attest import SUFFIXES
from gate.core.errors import NotExamined
from gate.trust.reasons import Status
from tests.attest import peers
from tests.attest.identities import outcome, sign
from tests.attest.samples import denied
from tests.sigstores import Stack

VSA_FILE, GATE_FILE = SUFFIXES[:2]
ROOT = ("verificationMaterial",)
ENTRY = (*ROOT, "tlogEntries", 0)


@pytest.fixture(scope="module", params=[1, 2], ids=["log 1", "log 2"])
def signed(request, tmp_path_factory):
    """A file, a trusted root, and what was attested, by either kind of log."""
    where = tmp_path_factory.mktemp(f"log{request.param}", numbered=False)
    with Stack(rekor=request.param) as stack:
        (where / "m.zip").write_bytes(b"a model")
        (where / "root.json").write_bytes(stack.sigstore.trusted_root())
        (where / "stranger.json").write_bytes(Sigstore("stranger").trusted_root())
        for prefix, result in (("m", None), ("failed", denied())):
            for suffix, data in sign(stack, result).items():
                (where / (prefix + suffix)).write_bytes(data)
    return where


def changed(data, *path, to):
    made = json.loads(data)
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to(at[path[-1]]) if callable(to) else to
    return json.dumps(made).encode()


def flipped(text, at=None):
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2 if at is None else at] ^= 1
    return base64.b64encode(raw).decode()


def retold(text):
    return base64.b64encode(base64.b64decode(text).replace(b'"FAILED"', b'"PASSED"')).decode()


TAMPERED = {
    "payload": (("dsseEnvelope", "payload"), retold),
    "payload type": (("dsseEnvelope", "payloadType"), "text/plain"),
    "signature": (("dsseEnvelope", "signatures", 0, "sig"), flipped),
    "certificate": ((*ROOT, "certificate", "rawBytes"), flipped),
    "root hash": ((*ENTRY, "inclusionProof", "rootHash"), flipped),
    "proof": ((*ENTRY, "inclusionProof", "hashes"), lambda rows: [flipped(one) for one in rows]),
    "log body": ((*ENTRY, "canonicalizedBody"), flipped),
    "no log entry": ((*ROOT, "tlogEntries"), []),
    "timestamp": (
        (*ROOT, "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"),
        lambda text: flipped(text, -1),
    ),
    "checkpoint": (
        (*ENTRY, "inclusionProof", "checkpoint", "envelope"),
        lambda note: re.sub("\n[0-9]+\n", "\n9\n", note),
    ),
}


LENIENT = {
    ("log1", "root hash"): "sigstore-js",  # computes it from the proof, and compares that with the checkpoint's
    ("log2", "root hash"): "sigstore-js",
    ("log1", "timestamp"): "cosign",  # one good time is enough for it, here the log's
}
"""What a peer does not look at; gate refuses it."""


def everybody(where, bundle, kind=uris.VSA, file="m.zip", root="root.json", identity=RELEASE.name, issuer=ISSUER):
    """Who accepts it."""
    digest = hashlib.sha256((where / file).read_bytes()).hexdigest()
    try:
        found = outcome(bundle.read_bytes(), (where / root).read_bytes(), digest, issuer=issuer, identity=identity)
        own = found.status == Status.VERIFIED and found.statement.predicate_type == kind
    except NotExamined:
        own = False
    return {
        "gate": own,
        "cosign": peers.cosign_keyless(where / root, identity, issuer, bundle, kind, where / file),
        "sigstore-js": peers.sigstore_js(bundle, kind, digest, "root", where / root, identity, issuer),
    }


@pytest.mark.parametrize("suffix", [VSA_FILE, GATE_FILE])
def test_everybody_accepts_them(signed, suffix):
    kind = {VSA_FILE: uris.VSA, GATE_FILE: uris.DECISION}[suffix]
    assert set(everybody(signed, signed / f"m{suffix}", kind).values()) == {True}


@pytest.mark.parametrize("what", TAMPERED)
def test_nobody_accepts_what_was_changed(signed, what):
    path, to = TAMPERED[what]
    bundle = signed / "tampered.json"
    bundle.write_bytes(changed((signed / f"failed{VSA_FILE}").read_bytes(), *path, to=to))
    assert bundle.read_bytes() != (signed / f"failed{VSA_FILE}").read_bytes()
    judged = everybody(signed, bundle)
    judged.pop(LENIENT.get((signed.name, what)), None)
    assert not any(judged.values()), judged


@pytest.mark.parametrize(
    "other",
    [
        {"kind": uris.DECISION},
        {"file": "root.json"},
        {"root": "stranger.json"},
        {"identity": RELEASE.name + "0"},
        {"identity": RELEASE.name[:-1]},
        {"issuer": "https://evil.example"},
    ],
    ids="-".join,
)
def test_nobody_accepts_it_as_something_else(signed, other):
    assert set(everybody(signed, signed / f"m{VSA_FILE}", **other).values()) == {False}
