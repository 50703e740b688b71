"""Why a signature does not count: one code and one sentence each."""

from __future__ import annotations

import enum
from types import MappingProxyType


class Status(enum.StrEnum):
    """What became of one signature; an archive that has none has no status.

    VERIFIED: genuine, about this artifact, by somebody trusted for it. INVALID: not genuine, or about another artifact.
    UNTRUSTED: nobody whom the trust file trusts for it. UNVERIFIABLE: this could not be told.
    """

    VERIFIED = "verified"
    INVALID = "invalid"
    UNTRUSTED = "untrusted"
    UNVERIFIABLE = "unverifiable"


WRONG_SUBJECT = "wrong-subject"
MALFORMED = "malformed"
VERDICT = "verdict"
MODEL_FILES = "model-files"
PARTIAL = "partial"

TEXT = MappingProxyType(
    {
        # invalid
        MALFORMED: "it is not what its format prescribes",
        "signature": "the signature is not one over these bytes by this signer",
        "certificate": "its certificate is not one for signing, or its chain is broken",
        "certificate-expired": "it was made outside of the validity of its certificate",
        "certificate-log": "no certificate transparency log of the trusted root vouches for its certificate",
        "log": "no transparency log of the trusted root vouches for its entry",
        "log-mismatch": "its log entry is about another signature",
        "no-time": "nobody trusted says when it was made",
        "timestamp": "one of its timestamps does not verify",
        "root-window": "it rests on a key of the trusted root that was not in force then",
        "payload-type": "its payload is not an in-toto statement",
        "statement": "its statement is not what the specification prescribes",
        WRONG_SUBJECT: "it is genuine, but about another artifact",
        MODEL_FILES: "the files of the model are not those that were signed",
        # untrusted
        "unknown-root": "no trusted root issued its certificate",
        "unknown-key": "no key of the trust file made it",
        "unknown-identity": "the trust file does not name its signer",
        "role": "its signer may not sign this kind of thing",
        "not-yet": "its signer was not trusted yet when it was made",
        "no-longer": "its signer was no longer trusted when it was made",
        "revoked": "its signer was revoked before it was made",
        PARTIAL: "it leaves out a part of the archive",
        VERDICT: "it is a verdict about the artifact, not a signature of it",
        # unverifiable
        "no-key": "no trust file names the key",
        "no-root": "no trusted root issued its certificate, and no trust file names another",
        "no-clock": "whether its signer is trusted now depends on a time that was not given",
        "no-digest": "the artifact has no digest, because not all of it was read",
        "no-artifact": "what it signs does not lie beside it",
        "other-digest": "it names the artifact by digests that are not computed here",
        "whole-message": "its key signs more than a sha256: all of the artifact must be at hand, and not be too large",
        "model-signing": "it is an OpenSSF Model Signing signature, about the files of a model",
        "unsupported": "a kind of signature that is not supported",
        "too-large": "it is too large or too deep to read",
        "failed": "it could not be checked",
    }
)
"""Every reason, as the end of a sentence about a signature."""
