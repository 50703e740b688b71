"""Envelopes and bundles, written: what gate.formats.dsse and gate.formats.sigstore_bundle read.

    {"dsseEnvelope": {"payload": "<base64>", "payloadType": "application/vnd.in-toto+json",
                      "signatures": [{"keyid": "", "sig": "<base64>"}]},
     "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
     "verificationMaterial": {"publicKey": {"hint": "<base64 of sha256 of the public key in DER>"}, "tlogEntries": []}}

`keyid` is empty because cosign and slsa-verifier skip a signature whose key id is not exactly the one they expect.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from gate.adapters.signer import Signer
from gate.core.canonical import canonical
from gate.core.report import Json
from gate.formats.dsse import IN_TOTO, Envelope

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def sign(statement: bytes, signer: Signer) -> Mapping[str, Json]:
    """A DSSE envelope with one signature. https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md"""
    signature = signer.sign(Envelope(statement, IN_TOTO, b"", "").pae())
    return {
        "payload": _base64(statement),
        "payloadType": IN_TOTO,
        "signatures": [{"keyid": "", "sig": _base64(signature)}],
    }


def line(envelope: Mapping[str, Json]) -> bytes:
    """A bare envelope, on one line."""
    return canonical(envelope) + b"\n"


def bundle(envelope: Mapping[str, Json], signer: Signer) -> bytes:
    """A Sigstore bundle around it, on one line; the hint is what cosign writes there."""
    hint = _base64(hashlib.sha256(signer.public.spki).digest())
    material: dict[str, Json] = {"publicKey": {"hint": hint}, "tlogEntries": []}
    return line({"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope})


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
