"""Attestations by an identity, over a Sigstore on loopback."""

from __future__ import annotations

import hashlib

import pytest

from fixtures.signature.certificates import ISSUER
from fixtures.signature.local import RELEASE
from gate.adapters.identity_token import ambient, fetch
from gate.adapters.keyless import Services
from gate.attest.attest import NotAttested, attest
from gate.attest.keyless import Keyless
from gate.formats.sigstore_bundle import signature
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Identity, Signer, Trust, TrustedRoot
from tests.attest.samples import WHO, said
from tests.sigstores import BEARER

DIGEST = hashlib.sha256(b"a model").hexdigest()
NAMES = {
    "oidc": "the token service of the build",
    "fulcio": "the certificate authority (Fulcio)",
    "rekor": "the transparency log (Rekor)",
    "tsa": "the timestamp authority",
}
"""What each service is called when it is told of."""
NOW = "2026-11-21T10:00:00Z"


def signer(stack, root=None):
    """Whoever the stack says that this build is; `root` is another trusted root than its own."""
    services = Services(stack.signing_config(), root or stack.sigstore.trusted_root())
    return Keyless(services, lambda: fetch(*ambient(stack.environment())))


def sign(stack, result=None, **changes):
    """The files about a verdict."""
    return attest(said(result, **{"digest": {"sha256": DIGEST}, **changes}), signer(stack), WHO)


def trust(root, issuer=ISSUER, identity=RELEASE.name, roles=("verifier",)):
    """Who trusts one identity."""
    named = Identity(Signer("ci", roles), issuer=issuer, identity=identity)
    return Trust("", roots=(TrustedRoot("r", "", root),), identities=(named,))


def outcome(data, root, digest=DIGEST, **who):
    """What gate says of a bundle about this digest."""
    return Verification(trust(root, **who), NOW, "verifier").verify(signature(data), Artifact({"sha256": digest}))


def refused(stack, root=None):
    """What is said when nothing is signed."""
    with pytest.raises(NotAttested) as caught:
        attest(said(digest={"sha256": DIGEST}), signer(stack, root), WHO)
    text = str(caught.value)
    assert BEARER not in text and "eyJ" not in text and "; " in text
    return text
