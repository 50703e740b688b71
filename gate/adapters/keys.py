"""Public keys and their signatures, through cryptography.

What algorithm verifies is decided by the key alone: ECDSA P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512,
Ed25519 over the whole message, RSA from 2048 bits with SHA-256 (PKCS #1 v1.5 or PSS). Nothing in a signature chooses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_CURVES = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}
_RSA = (2048, 8192)
"""Bits: below, factoring is within reach (NIST SP 800-131A); above, verifying takes long and nobody has such keys."""
_PEM = 16384


@dataclass(frozen=True, slots=True)
class PublicKey:
    """SubjectPublicKeyInfo in DER; `digest` names the hash it signs with, "" for a key that signs whole messages."""

    kind: str
    digest: str
    spki: bytes

    @property
    def sha256(self) -> str:
        """The fingerprint: sha256 of the DER, in hex."""
        return hashlib.sha256(self.spki).hexdigest()


def read(pem: bytes) -> PublicKey:
    """One public key in PEM.

    Raises FormatError for anything else, a private key above all, and NotExamined `unsupported` for keys that are weak
    or unknown here.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if b"PRIVATE KEY-----" in pem:
        raise FormatError("holds a private key; give the public one, and treat this one as exposed")
    if len(pem) > _PEM or pem.count(b"-----BEGIN ") != 1 or b"-----BEGIN PUBLIC KEY-----" not in pem:
        raise FormatError("is not one public key in PEM (BEGIN PUBLIC KEY)")
    try:
        key = serialization.load_pem_public_key(pem)
        spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError) as error:
        raise FormatError("is not a public key in PEM") from error
    except UnsupportedAlgorithm as error:
        raise _unsupported("an unknown algorithm") from error
    kind, digest = _kind(key)
    return PublicKey(kind, digest, spki)


def _kind(key: object) -> tuple[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", ""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return f"ecdsa-{key.curve.name}", _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey):
        if not _RSA[0] <= key.key_size <= _RSA[1]:
            raise _unsupported(f"RSA of {key.key_size} bits")
        return f"rsa-{key.key_size}", "sha256"
    raise _unsupported("its algorithm or curve")


def _unsupported(what: str) -> NotExamined:
    return NotExamined(
        GapReason.UNSUPPORTED, f"is a key that is not supported ({what}); use ECDSA P-256/384/521, Ed25519 or RSA-2048+"
    )


def verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether this key made this signature over this message."""
    if key.digest:
        return verifies_digest(key, signature, hashlib.new(key.digest, message).digest())
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    loaded = load_der_public_key(key.spki)
    assert isinstance(loaded, Ed25519PublicKey)
    try:
        loaded.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def verifies_digest(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    """Whether this key made this signature over a message of this digest, which is of the key's own algorithm.

    ValueError for a key that signs whole messages.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if not key.digest:
        raise ValueError(f"{key.kind} does not sign digests")
    loaded = load_der_public_key(key.spki)
    if isinstance(loaded, rsa.RSAPublicKey):
        return _rsa(loaded, signature, digest)
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    return _ecdsa(loaded, signature, digest, key.digest)


def _rsa(key: RSAPublicKey, signature: bytes, digest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, utils

    sha256 = hashes.SHA256()
    for pad in (padding.PKCS1v15(), padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO)):
        try:
            key.verify(signature, digest, pad, utils.Prehashed(sha256))
        except InvalidSignature:
            continue
        return True
    return False


def _ecdsa(key: EllipticCurvePublicKey, signature: bytes, digest: bytes, algorithm: str) -> bool:
    """The signature in DER, or as two numbers side by side (IEEE P1363), which hardware and KMS write."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    half = (key.key_size + 7) // 8
    forms = [signature]
    if len(signature) == 2 * half:
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        forms.append(utils.encode_dss_signature(r, s))
    sha2 = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[algorithm]
    for form in forms:
        try:
            key.verify(form, digest, ec.ECDSA(utils.Prehashed(sha2)))
        except InvalidSignature:
            continue
        return True
    return False
