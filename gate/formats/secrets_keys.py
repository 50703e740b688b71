"""Private keys: is there a key behind the armour, and does it need a passphrase?

Only the first bytes are looked at, which is where the structure is.
"""

from __future__ import annotations

import base64
import binascii
import re

_SPACE = re.compile(r"""\\[nrt"]|[\s"',.+](?=[\s"',.+])|[\s"',]""")
_BODY = re.compile(r"[A-Za-z0-9+/]{40,}")
_ENCRYPTED = re.compile(r"Proc-Type:\s*4,\s*ENCRYPTED")
_HEADER = re.compile(r"(?m)^[A-Za-z-]{2,20}:[^\n\\]*(?:\n|\\n)")
_OPENSSH = b"openssh-key-v1\0"
_SEQUENCE, _INTEGER, _OCTETS, _BITS = 0x30, 0x02, 0x04, 0x03
_OPENPGP_SECRET = (5, 7)
"""Packet tags of secret keys and subkeys, RFC 9580, section 5."""
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def armoured(label: str, text: str) -> str:
    """`open`, `locked`, or "" where no key of this label (RFC 7468) begins so."""
    if "ENCRYPTED" in label or _ENCRYPTED.search(text[:200]):
        return "locked" if _binary(_HEADER.sub("", text)) else ""
    binary = _binary(text)
    if label.startswith("OPENSSH"):
        return _openssh(binary)
    return "open" if _is_key(binary) else ""


def openpgp(text: str) -> bool:
    """Whether armour begins with a packet of a secret key."""
    lines = text.replace("\\n", "\n").replace("\r", "").split("\n\n", 1)
    first = _binary(lines[-1])[:1]
    if not first or not first[0] & 0x80:
        return False
    tag = first[0] & 0x3F if first[0] & 0x40 else (first[0] >> 2) & 0x0F
    return tag in _OPENPGP_SECRET


def encoded(text: str) -> tuple[str, str]:
    """Label and text of armour that is in base64 as a whole; two empty strings for anything else."""
    usable = text[: len(text) // 4 * 4]
    try:
        inner = base64.b64decode(usable, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return "", ""
    match = re.match(r"-----BEGIN ((?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY)-----", inner)
    return (match[1], inner[match.end() :]) if match else ("", "")


def bech32(text: str) -> bool:
    """Whether the checksum is right (BIP 173)."""
    prefix, _, body = text.lower().rpartition("1")
    if any(c not in _BECH32 for c in body):
        return False
    values = [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *(_BECH32.index(c) for c in body)]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATOR):
            check ^= generator if top >> i & 1 else 0
    return check == 1


def _binary(text: str) -> bytes:
    """The first bytes behind base64 in lines, perhaps quoted and joined by a program."""
    match = _BODY.match(_SPACE.sub("", text[:1000]).lstrip("+"))
    if match is None:
        return b""
    return base64.b64decode(match[0][: len(match[0]) // 4 * 4])


def _openssh(binary: bytes) -> str:
    """PROTOCOL.key of OpenSSH: magic, then the name of the cipher as a string."""
    if not binary.startswith(_OPENSSH):
        return ""
    at = len(_OPENSSH)
    size = int.from_bytes(binary[at : at + 4], "big")
    return "open" if binary[at + 4 : at + 4 + size] == b"none" else "locked"


def _is_key(binary: bytes) -> bool:
    """RSA (RFC 8017, A.1.2), DSA, EC (RFC 5915) and PKCS #8 (RFC 5958): a sequence that begins with a small version.

    Behind it comes a number, octets, or the sequence that names the algorithm.
    """
    tag, inner, size = _header(binary, 0)
    if tag != _SEQUENCE or size < 30:
        return False
    tag, at, size = _header(binary, inner)
    if tag != _INTEGER or size != 1 or binary[at : at + 1] not in (b"\0", b"\1"):
        return False
    tag, _, size = _header(binary, at + 1)
    return tag in (_INTEGER, _OCTETS, _SEQUENCE, _BITS) and size > 2


def _header(binary: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the contents begin, and their size; DER, X.690 section 8.1."""
    if at + 2 > len(binary):
        return 0, at, 0
    tag, size = binary[at], binary[at + 1]
    if size < 0x80:
        return tag, at + 2, size
    count = size & 0x7F
    return tag, at + 2 + count, int.from_bytes(binary[at + 2 : at + 2 + count], "big")
