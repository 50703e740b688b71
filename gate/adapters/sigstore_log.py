"""Log entries of a bundle that a key signed, through sigstore-python, which verifies bundles by certificate only."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gate.adapters.sigstore import failures, parse_root
from gate.core.canonical import canonical
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import parse_json
from gate.formats.dsse import Envelope, members
from gate.formats.sigstore_bundle import Bundle


def logged(root: bytes, bundle: Bundle, digest: bytes) -> str:
    """Why an entry of the bundle does not hold, "" when all do, also when there is none.

    Each must be in a log of the root, with proof and checkpoint, whose key was in force then, and be about this
    signature. `digest` is the sha256 of a signed message. Raises NotExamined for what cannot be told.
    """
    claimed = _entries(bundle)
    if not claimed:
        return ""
    try:
        from sigstore.errors import Error
        from sigstore.models import InvalidBundle, TransparencyLogEntry, TrustedRoot
        from sigstore_models.rekor import v1
    except ImportError as error:
        raise NotExamined(GapReason.UNAVAILABLE, "sigstore is not installed") from error
    from sigstore._internal.trust import KeyringPurpose

    trusted = parse_root(root)
    with failures("a log entry"):
        try:
            entries = [v1.TransparencyLogEntry.from_json(canonical(one)) for one in claimed]
        except ValueError:
            return "malformed"
        for one in entries:
            when = datetime.fromtimestamp(one.integrated_time, UTC) if one.integrated_time else None
            logs = [
                log.model_copy(update={"public_key": log.public_key.model_copy(update={"valid_for": None})})
                for log in trusted.tlogs
                if when is None
                or (window := log.public_key.valid_for) is None
                or (window.start <= when and (window.end is None or when <= window.end))
            ]
            held = TrustedRoot(trusted.model_copy(update={"tlogs": logs}))
            try:
                keyring = held.rekor_keyring(KeyringPurpose.VERIFY)
                TransparencyLogEntry(one)._verify(keyring)
            except InvalidBundle as error:
                raise NotExamined(GapReason.UNSUPPORTED, "a log entry without proof and checkpoint") from error
            except Error:
                return "log"
            if not _about(one.canonicalized_body, bundle, digest):
                return "log-mismatch"
    return ""


def _entries(bundle: Bundle) -> Sequence[Json]:
    """Not by sigstore's own model of a bundle: that wants the member to be there, and other writers leave it out."""
    material = members(parse_json(bundle.raw).value, "bundle", ("verificationMaterial",), None)["verificationMaterial"]
    rows = members(material, "verificationMaterial", (), None).get("tlogEntries", [])
    return rows if isinstance(rows, list) else [rows]


def _about(body: bytes, bundle: Bundle, digest: bytes) -> bool:
    """Whether an entry names this signature and what it signs."""
    try:
        entry = members(parse_json(body).value, "entry", ("kind", "apiVersion", "spec"))
        kind, spec = f"{entry['kind']} {entry['apiVersion']}", members(entry["spec"], "spec", (), None)
        return _named(kind, spec) == _expected(kind, bundle, digest)
    except (FormatError, KeyError):
        return False


def _expected(kind: str, bundle: Bundle, digest: bytes) -> tuple[str, str]:
    """Signature and digest, as this kind of entry spells them."""
    content = bundle.content
    signature = base64.b64encode(content.signature).decode()
    if not isinstance(content, Envelope):
        return signature, base64.b64encode(digest).decode() if kind.endswith("0.0.2") else digest.hex()
    if kind == "hashedrekord 0.0.2":
        return signature, base64.b64encode(hashlib.sha256(content.pae()).digest()).decode()
    if kind == "hashedrekord 0.0.1":
        return signature, hashlib.sha256(content.pae()).hexdigest()
    if kind == "intoto 0.0.2":
        signature = base64.b64encode(signature.encode()).decode()
    return signature, hashlib.sha256(content.payload).hexdigest()


def _named(kind: str, spec: Mapping[str, Json]) -> tuple[Json, Json]:
    """Signature and digest, where this kind of entry has them; FormatError and the like for one that has none."""
    if kind == "hashedrekord 0.0.1":
        return _at(spec, "signature", "content"), _at(spec, "data", "hash", "value")
    if kind == "hashedrekord 0.0.2":
        inner = "hashedRekordV002"
        return _at(spec, inner, "signature", "content"), _at(spec, inner, "data", "digest")
    if kind == "dsse 0.0.1":
        return _at(spec, "signatures", "signature"), _at(spec, "payloadHash", "value")
    if kind == "intoto 0.0.2":
        return _at(spec, "content", "envelope", "signatures", "sig"), _at(spec, "content", "payloadHash", "value")
    raise NotExamined(GapReason.UNSUPPORTED, "a log entry of another kind than hashedrekord, dsse and intoto")


def _at(value: Json, *path: str) -> Json:
    """What stands there, through lists of one."""
    for step in path:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            raise FormatError("entry: not of the form of its kind")
        value = value[step]
    return value
