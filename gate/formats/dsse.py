"""DSSE envelopes and the in-toto statements inside of them, read strictly.

Two readers that understand one signed text differently are an attack, so nothing here is lenient: no repeated keys, no
base64 but the canonical one, no member that the specification does not name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import parse_json

IN_TOTO = "application/vnd.in-toto+json"
"""The payload type of a statement. https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md"""
STATEMENT = "https://in-toto.io/Statement/v1"
SUBJECTS, DIGESTS = 1024, 32
"""Subjects of a statement and digests of a subject: the bounds of sigstore-go."""
_DIGEST = re.compile(r"(?:[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and its one signature; `keyid` is an unauthenticated hint, "" without one.

    https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
    """

    payload: bytes
    payload_type: str
    signature: bytes
    keyid: str

    def pae(self) -> bytes:
        """The bytes that are signed (pre-authentication encoding): lengths count bytes."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said, about which digests: one tuple of (algorithm, lower-case hex) pairs a subject."""

    subjects: tuple[tuple[tuple[str, str], ...], ...]
    predicate_type: str
    predicate: Mapping[str, Json]


def envelope(value: Json) -> Envelope:
    """The envelope of a parsed JSON object; FormatError for anything but exactly one signature."""
    row = members(value, "envelope", ("payload", "payloadType", "signatures"))
    signatures = row["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        count = len(signatures) if isinstance(signatures, list) else 0
        raise FormatError(f"envelope: {count} signatures, where exactly one is allowed")
    signed = members(signatures[0], "signature", ("sig",), ("keyid",))
    signature = decoded(signed["sig"], "signature")
    if not signature:
        raise FormatError("envelope: an empty signature")
    payload, kind = decoded(row["payload"], "payload"), text(row["payloadType"], "payloadType")
    return Envelope(payload, kind, signature, text(signed.get("keyid", ""), "keyid"))


def statement(payload: bytes) -> Statement:
    """An in-toto Statement v1; raises FormatError, or NotExamined for what is too large or too deep.

    Digests must be lower-case hex, which is how every other tool compares them.
    """
    row = members(json_object(payload), "statement", ("_type", "subject", "predicateType"), ("predicate",))
    if row["_type"] != STATEMENT:
        raise FormatError("statement: its _type is not that of version 1")
    subjects = row["subject"]
    if not isinstance(subjects, list) or not 0 < len(subjects) <= SUBJECTS:
        raise FormatError(f"statement: needs 1 to {SUBJECTS} subjects")
    predicate = row.get("predicate", {})
    if not isinstance(predicate, dict):
        raise FormatError("statement: the predicate is not an object")
    kind = text(row["predicateType"], "predicateType")
    return Statement(tuple(_digests(subject) for subject in subjects), kind, predicate)


def _digests(subject: Json) -> tuple[tuple[str, str], ...]:
    """Subjects are open to further members (ResourceDescriptor), of which only the digest says what is meant."""
    digest = subject.get("digest") if isinstance(subject, dict) else None
    if not isinstance(digest, dict) or not 0 < len(digest) <= DIGESTS:
        raise FormatError(f"statement: a subject needs 1 to {DIGESTS} digests")
    pairs = tuple((name, text(value, "digest")) for name, value in sorted(digest.items()))
    if not all(_DIGEST.fullmatch(value) for _, value in pairs):
        raise FormatError("statement: a digest that is not lower-case hex")
    return pairs


# -- strict JSON, shared with bundles ---------------------------------------------------------------------------------


def json_object(data: bytes) -> Mapping[str, Json]:
    """A JSON object without repeated keys or byte order mark; raises as gate.formats.bounded.parse_json."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise FormatError("JSON: begins with a byte order mark")
    document = parse_json(data)
    if document.repeated:
        raise FormatError("JSON: a key stands twice in one object")
    if not isinstance(document.value, dict):
        raise FormatError("JSON: not an object")
    return document.value


def members(
    value: Json, what: str, needed: tuple[str, ...], optional: tuple[str, ...] | None = ()
) -> Mapping[str, Json]:
    """An object that has all `needed` members and no others than `optional` ones (None: any others).

    A member that is null is absent, as in the JSON form of protocol buffers.
    """
    if not isinstance(value, dict):
        raise FormatError(f"{what}: not an object")
    value = {name: item for name, item in value.items() if item is not None}
    if any(name not in value for name in needed):
        raise FormatError(f"{what}: needs {', '.join(needed)}")
    if optional is not None and not value.keys() <= {*needed, *optional}:
        raise FormatError(f"{what}: a member that the format does not have")
    return value


def text(value: Json, what: str) -> str:
    """A string, or FormatError."""
    if not isinstance(value, str):
        raise FormatError(f"{what}: not a string")
    return value


def decoded(value: Json, what: str) -> bytes:
    """The bytes of canonical base64 (RFC 4648, section 4): one spelling for one value."""
    spelled = text(value, what)
    try:
        raw = base64.b64decode(spelled, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"{what}: not base64") from None
    if base64.b64encode(raw).decode() != spelled:
        raise FormatError(f"{what}: base64 that is not canonical")
    return raw
