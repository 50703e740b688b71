"""Private keys, through cryptography: made, read from PEM, and used to sign.

The algorithm is that of gate.adapters.keys: ECDSA P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512
(signatures in DER, deterministic after RFC 6979), and Ed25519. RSA is not signed with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.adapters import keys
from gate.adapters.keys import PublicKey
from gate.core.errors import FormatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TYPES = ("p256", "ed25519")
"""What can be generated."""
PORTABLE = ("ecdsa-secp256r1", "ed25519")
"""Kinds whose signatures cosign 3 and sigstore-js verify; with P-384 and P-521 they use SHA-256 and refuse."""
_PEM = 16384
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_READ = (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"EC PRIVATE KEY")
_FOREIGN = {
    b"ENCRYPTED SIGSTORE PRIVATE KEY": "is a key in cosign's own format, which only cosign reads",
    b"ENCRYPTED COSIGN PRIVATE KEY": "is a key in cosign's own format, which only cosign reads",
    b"OPENSSH PRIVATE KEY": "is a key in the format of OpenSSH",
    b"RSA PRIVATE KEY": "is an RSA key",
    b"PUBLIC KEY": "holds a public key; signing needs the private one",
}
"""Labels that are known and not read."""
_MEND = "; make one with `gate keys generate`"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, and its public half."""

    _key: EllipticCurvePrivateKey | Ed25519PrivateKey
    public: PublicKey

    def __repr__(self) -> str:
        return f"Signer({self.public.kind}, {self.public.sha256})"

    def sign(self, message: bytes) -> bytes:
        """The signature over the message; the same for the same message."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        sha2 = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[self.public.digest]
        return self._key.sign(message, ec.ECDSA(sha2, deterministic_signing=True))


def encrypted(pem: bytes) -> bool:
    """Whether a password is needed to read this private key."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem or b"Proc-Type: 4,ENCRYPTED" in pem


def read(pem: bytes, password: bytes = b"") -> Signer:
    """A private key in PEM: PKCS #8 or SEC 1, encrypted or not. FormatError says what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    labels = [label for label in _LABEL.findall(pem) if label != b"EC PARAMETERS"]
    for label in labels:
        if label in _FOREIGN:
            raise FormatError(_FOREIGN[label] + ("" if label == b"PUBLIC KEY" else _MEND))
    if len(pem) > _PEM or len(labels) != 1 or labels[0] not in _READ:
        raise FormatError(f"is not one private key in PEM (BEGIN PRIVATE KEY){_MEND}")
    locked = encrypted(pem)
    try:
        key = load_pem_private_key(pem, password if locked else None)
    except (ValueError, TypeError) as error:
        raise FormatError("cannot be decrypted: wrong password" if locked else "is a damaged private key") from error
    except UnsupportedAlgorithm as error:
        raise FormatError("is a key of an unknown algorithm, or is encrypted with one") from error
    if isinstance(key, rsa.RSAPrivateKey):
        raise FormatError(f"is an RSA key{_MEND}")
    if not isinstance(key, ec.EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise FormatError(f"is a key that does not sign, or of an algorithm that is not supported{_MEND}")
    return _signer(key)


def generate(kind: str) -> Signer:
    """A new key of one of TYPES."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _signer(Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1()))


def private_pem(signer: Signer, password: bytes) -> bytes:
    """PKCS #8 in PEM, encrypted unless the password is empty."""
    from cryptography.hazmat.primitives import serialization as s

    lock = s.BestAvailableEncryption(password) if password else s.NoEncryption()
    return signer._key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, lock)


def public_pem(signer: Signer) -> bytes:
    """SubjectPublicKeyInfo in PEM."""
    from cryptography.hazmat.primitives import serialization as s

    return signer._key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)


def _signer(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> Signer:
    """FormatError or NotExamined for a curve that nobody could verify."""
    from cryptography.hazmat.primitives import serialization as s

    pem = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    return Signer(key, keys.read(pem))
