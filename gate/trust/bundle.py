"""Verify one Sigstore bundle for one signer who is named by hand, without a trust file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import MappingProxyType

from gate.adapters import keys
from gate.adapters.sigstore import Root, shipped_root
from gate.adapters.sigstore_log import logged
from gate.core.errors import FormatError, NotExamined
from gate.formats.dsse import json_object
from gate.formats.sigstore_bundle import Bundle, bundle
from gate.trust.reasons import MALFORMED, TEXT, Status
from gate.trust.verify import WHY, Artifact, Outcome, Verification
from gate.trust.words import Identity, Key, Signer, Trust, TrustedRoot

_WORDS = MappingProxyType(
    {
        "unknown-root": "the trusted root did not issue its certificate",
        "unknown-key": "the key that was given did not make it",
        "unknown-identity": "another identity or issuer than the one that was given made it",
    }
)
"""How reasons that speak of a trust file are said where there is none."""


def by_identity(identity: str, issuer: str, root: TrustedRoot | None = None) -> Trust:
    """Trust in exactly this subject alternative name, vouched for by exactly this issuer.

    Without a `root` certificates are held to that of the public Sigstore which sigstore ships.
    """
    who = Identity(Signer(identity), issuer, identity=identity)
    return Trust("", (root,) if root else (), identities=(who,))


def by_key(name: str, pem: bytes, root: TrustedRoot | None = None) -> Trust:
    """Trust in one public key; FormatError or NotExamined as gate.adapters.keys.read says it."""
    key = Key(Signer(name), keys.read(pem), hashlib.sha256(pem).hexdigest())
    return Trust("", (root,) if root else (), (key,))


def check(data: bytes, artifact: Artifact, trust: Trust) -> Outcome:
    """What the bundle in these bytes says about this artifact. Raises nothing about either of them.

    No file, network or clock is touched. A bundle by certificate is judged at the time that its log or timestamps
    prove; one by key is as good as its key, at any time.
    """
    try:
        signed = bundle(json_object(data))
    except FormatError as error:
        return Outcome(Status.INVALID, MALFORMED, detail=str(error))
    except NotExamined as error:
        return Outcome(Status.UNVERIFIABLE, "unsupported", gap=error.reason, detail=str(error))
    outcome = Verification(trust, "").verify(signed, artifact)
    if outcome.status is Status.VERIFIED and not signed.certificate and trust.roots:
        return _logged(outcome, signed, artifact, trust.roots[0])
    return replace(outcome, root=_root(trust)) if outcome.reason == "unknown-root" else outcome


def _logged(outcome: Outcome, signed: Bundle, artifact: Artifact, root: TrustedRoot) -> Outcome:
    """By key no log is needed; where one is claimed and a root was given, the claim must be true."""
    try:
        reason = logged(root.data, signed, bytes.fromhex(artifact.digests["sha256"]))
    except NotExamined as error:
        why = WHY.get(error.reason, "failed")
        return replace(outcome, status=Status.UNVERIFIABLE, reason=why, signers=(), gap=error.reason, detail=str(error))
    if reason:
        return replace(outcome, status=Status.INVALID, reason=reason, signers=(), root=root.sha256)
    return replace(outcome, root=root.sha256)


def _root(trust: Trust) -> str:
    """The sha256 of the trusted root that certificates are held to."""
    return trust.roots[0].sha256 if trust.roots else Root(shipped_root()).sha256


def sentence(outcome: Outcome) -> str:
    """Why it does not count, as the end of a sentence about the bundle; "" for a verified one."""
    if not outcome.reason:
        return ""
    said = _WORDS.get(outcome.reason, TEXT[outcome.reason])
    return f"{said}: {outcome.detail}" if outcome.detail else said
