"""Sigstore bundles and the other files that signatures come in: what they are, before anybody verifies them.

https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gate.core.canonical import canonical
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.dsse import Envelope, decoded, envelope, json_object, members, text

LINES = 1000
"""Bundles in one file of lines."""
SIGNATURE = 8192
"""Bytes of a bare signature with its spelling; that of RSA-8192 has 1024."""
_SHORTEST, _LONGEST = 60, 1024
"""Bytes of a signature: ECDSA P-256 in DER has about 70, Ed25519 64, RSA-8192 1024."""
_MEDIA = "application/vnd.dev.sigstore.bundle"
_OLD = (f"{_MEDIA}+json;version=0.1", f"{_MEDIA}+json;version=0.2")
_NEW = (f"{_MEDIA}+json;version=0.3", f"{_MEDIA}.v0.3+json")
_ALGORITHMS = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_ENTRIES = (("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1"))
"""Kinds of log entries that sigstore-python 4.5 compares with a bundle."""
_BYTES = frozenset(
    {"rawBytes", "keyId", "signedEntryTimestamp", "rootHash", "canonicalizedBody", "signedTimestamp", "digest"}
)
"""Members of verification material that hold bytes."""
_PACKETS = {0x88: 1, 0x89: 2, 0x8A: 4}
"""OpenPGP's old packet headers of tag 2 (RFC 9580, section 4.2.2), and how many bytes of length follow."""
_PACKET = 0xC2
"""The new one (section 4.2.1)."""
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The content type of PKCS #7 and CMS (RFC 5652, section 5.1) in DER."""
_FOREIGN = (b"-----BEGIN PGP", b"-----BEGIN SSH SIGNATURE", b"untrusted comment:", b"-----BEGIN PKCS7")


class Unlogged(NotExamined):
    """A bundle with a certificate that no public log knows: only its signer could say that it was made in time."""


@dataclass(frozen=True, slots=True)
class Message:
    """A signature over the artifact itself, whose digest may stand beside it: ("sha256", bytes) or ("", b"")."""

    signature: bytes
    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle. `certificate` is the signer's in DER, b"" where a key signed; `hint` says which, perhaps.

    `chained` is a bundle of version 0.3 with a chain of certificates, which only OpenSSF Model Signing writes. `raw` is
    the whole as canonical JSON: every reader of it sees what was read here.
    """

    content: Message | Envelope
    certificate: bytes
    hint: str
    chained: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class Detached:
    """A signature and nothing else."""

    signature: bytes


Signed: TypeAlias = Bundle | Envelope | Detached


def signatures(data: bytes, *, lines: bool) -> Iterator[Signed | NotExamined]:
    """Everything in one file: with `lines` each line is a bundle or an envelope, else the file is one signature.

    What cannot be read is given as the error that says why, in its place; a file of lines that has none is an error.
    """
    if not lines:
        yield _attempt(data)
        return
    number = 0
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        number += 1
        if number > LINES:
            yield NotExamined(GapReason.TOO_MANY, f"more than {LINES} signatures in one file")
            return
        yield _attempt(line)
    if not number:
        yield FormatError("no signature in it")


def _attempt(data: bytes) -> Signed | NotExamined:
    try:
        return signature(data)
    except NotExamined as error:
        return error


def signature(data: bytes) -> Signed:
    """One signature: a bundle, a bare DSSE envelope, or the raw or base64 bytes of a detached signature.

    Raises FormatError for what is none of them, NotExamined `unsupported` for other kinds of signatures.
    """
    if not data.lstrip(b" \t\r\n").startswith(b"{"):
        return detached(data)
    row = json_object(data)
    if "mediaType" in row:
        return bundle(row)
    if "payloadType" in row:
        return envelope(row)
    if "base64Signature" in row:
        raise NotExamined(GapReason.UNSUPPORTED, "a cosign bundle of the old format; sign with --new-bundle-format")
    raise FormatError("JSON that is neither a Sigstore bundle nor a DSSE envelope")


def bundle(row: Mapping[str, Json]) -> Bundle:
    """A parsed bundle; FormatError for a malformed one, NotExamined `unsupported` for another version."""
    media = text(row.get("mediaType"), "mediaType")
    if media not in _OLD + _NEW:
        raise NotExamined(GapReason.UNSUPPORTED, "a Sigstore bundle of an unknown version")
    row = members(row, "bundle", ("mediaType", "verificationMaterial"), ("messageSignature", "dsseEnvelope"))
    if ("messageSignature" in row) == ("dsseEnvelope" in row):
        raise FormatError("bundle: needs either a messageSignature or a dsseEnvelope")
    content = envelope(row["dsseEnvelope"]) if "dsseEnvelope" in row else _message(row["messageSignature"])
    certificate, hint, chained = _material(row["verificationMaterial"], old=media in _OLD)
    return Bundle(content, certificate, hint, chained, canonical(row))


def _message(value: Json) -> Message:
    row = members(value, "messageSignature", ("signature",), ("messageDigest",))
    signature = decoded(row["signature"], "signature")
    if not signature:
        raise FormatError("messageSignature: an empty signature")
    if "messageDigest" not in row:
        return Message(signature, "", b"")
    digest = members(row["messageDigest"], "messageDigest", ("algorithm", "digest"))
    algorithm = _ALGORITHMS.get(text(digest["algorithm"], "algorithm"))
    if algorithm is None:
        raise NotExamined(GapReason.UNSUPPORTED, "a message digest of another algorithm than SHA-2")
    raw = decoded(digest["digest"], "digest")
    if len(raw) * 8 != int(algorithm[3:]):
        raise FormatError("messageDigest: of another length than its algorithm")
    return Message(signature, algorithm, raw)


def _material(value: Json, *, old: bool) -> tuple[bytes, str, bool]:
    """Certificate, hint, and whether a chain stands where none belongs."""
    kinds = ("certificate", "x509CertificateChain", "publicKey")
    row = members(value, "verificationMaterial", (), (*kinds, "tlogEntries", "timestampVerificationData"))
    _check_bytes(row)
    if sum(kind in row for kind in kinds) != 1:
        raise FormatError("verificationMaterial: needs one of certificate, x509CertificateChain and publicKey")
    if "publicKey" in row:
        key = members(row["publicKey"], "publicKey", (), None)
        return b"", text(key.get("hint", ""), "hint"), False
    if "certificate" in row:
        certificate = _certificate(row["certificate"])
        _check_entry(row.get("tlogEntries"))
        return certificate, "", False
    chain = members(row["x509CertificateChain"], "x509CertificateChain", ("certificates",))["certificates"]
    if not isinstance(chain, list) or not chain:
        raise FormatError("x509CertificateChain: empty")
    if old:
        _check_entry(row.get("tlogEntries"))
    return _certificate(chain[0]), "", not old


def _check_entry(value: Json) -> None:
    """Genuine bundles that sigstore-python does not take.

    Private attestations of GitHub have no log entry, those of npm one of another kind, and what was signed before 2024
    may lack a checkpoint.
    """
    if not value:
        raise Unlogged(GapReason.UNSUPPORTED, "a bundle without an entry of a transparency log")
    if not isinstance(value, list) or len(value) != 1:
        raise NotExamined(GapReason.UNSUPPORTED, "a bundle that has not exactly one log entry")
    entry = value[0] if isinstance(value[0], dict) else {}
    proof = entry.get("inclusionProof")
    if not isinstance(proof, dict) or not proof.get("checkpoint"):
        raise NotExamined(GapReason.UNSUPPORTED, "a bundle without a checkpoint of its log; sign with a newer client")
    kind = entry.get("kindVersion")
    if not isinstance(kind, dict) or (kind.get("kind"), kind.get("version")) not in _ENTRIES:
        raise NotExamined(GapReason.UNSUPPORTED, "a bundle with a log entry of another kind than dsse or hashedrekord")


def _certificate(value: Json) -> bytes:
    der = decoded(members(value, "certificate", ("rawBytes",))["rawBytes"], "certificate")
    if not der:
        raise FormatError("certificate: empty")
    return der


def _check_bytes(value: Json) -> None:
    """All base64 of the verification material is canonical."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in _BYTES:
                decoded(item, name)
            elif name == "hashes" and isinstance(item, list):
                for hash_ in item:
                    decoded(hash_, name)
            else:
                _check_bytes(item)
    elif isinstance(value, list):
        for item in value:
            _check_bytes(item)


def detached(data: bytes) -> Detached:
    """The bytes of a signature, raw or as one run of base64 (what `cosign sign-blob` and `openssl base64` write)."""
    if data.startswith(_FOREIGN) or _is_openpgp(data) or (data[:1] == b"0" and _SIGNED_DATA in data[:32]):
        raise NotExamined(GapReason.UNSUPPORTED, "an OpenPGP, SSH, minisign or PKCS #7 signature")
    if len(data) > SIGNATURE:
        raise FormatError("too long for a signature")
    raw = data
    spelled = b"".join(data.split())
    try:
        plain = base64.b64decode(spelled, validate=True)
    except (binascii.Error, ValueError):
        pass
    else:
        if base64.b64encode(plain) == spelled:
            raw = plain
    if not _SHORTEST <= len(raw) <= _LONGEST:
        raise FormatError("neither a bundle nor of the length of a signature")
    return Detached(raw)


def _is_openpgp(data: bytes) -> bool:
    """One signature packet from the first byte to the last."""
    if len(data) < 3:
        return False
    if data[0] in _PACKETS:
        at = 1 + _PACKETS[data[0]]
        length = int.from_bytes(data[1:at], "big")
    elif data[0] == _PACKET and data[1] < 192:
        at, length = 2, data[1]
    elif data[0] == _PACKET and data[1] < 224:
        at, length = 3, ((data[1] - 192) << 8) + data[2] + 192
    elif data[0] == _PACKET and data[1] == 255:
        at, length = 6, int.from_bytes(data[2:6], "big")
    else:
        return False
    return len(data) == at + length and data[at : at + 1] in (b"\3", b"\4", b"\5", b"\6")
