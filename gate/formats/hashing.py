"""Digest algorithms under the names that lists and manifests give them, and how each is computed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Protocol


class Hasher(Protocol):
    """What hashlib returns, as far as it is used here."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


_BLAKE2B = re.compile(r"blake2b-([0-9]{1,3})")
_ALIASES = {
    "b2": "blake2b",
    "b3": "blake3",
    "blake2": "blake2b",
    "dvc-md5": "md5",
    "sha-1": "sha1",
    "sha512/224": "sha512-224",
    "sha512/256": "sha512-256",
    **{f"{prefix}{bits}": f"sha{bits}" for prefix in ("sha-", "sha2-") for bits in (224, 256, 384, 512)},
}
_BY_LENGTH = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_BLOCK = 512
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"


class GitBlob:
    """The id that git gives a file: sha1 over `blob <size>`, NUL, and the bytes.

    https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    """

    def __init__(self, size: int) -> None:
        self._digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def update(self, data: bytes, /) -> None:
        self._digest.update(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class Dos2Unix:
    """What DVC before version 3 calls md5: of a file that looks like text, CRLF counts as LF.

    Text is what has no NUL and at most 30 % of other bytes than printable ASCII among its first 512.
    https://github.com/iterative/dvc-data/blob/main/src/dvc_data/hashfile/istextfile.py
    """

    def __init__(self) -> None:
        self._digest = hashlib.md5(usedforsecurity=False)
        self._text: bool | None = None
        self._held = b""

    def update(self, data: bytes, /) -> None:
        data = self._held + data
        if self._text is None:
            if len(data) < _BLOCK:  # too little to judge by
                self._held = data
                return
            self._text = _looks_like_text(data)
        self._held = b"\r" if self._text and data.endswith(b"\r") else b""
        self._digest.update(_unix(data[: len(data) - len(self._held)]) if self._text else data)

    def hexdigest(self) -> str:
        whole = self._digest.copy()
        text = _looks_like_text(self._held) if self._text is None else self._text
        whole.update(_unix(self._held) if text else self._held)
        return whole.hexdigest()


def _looks_like_text(data: bytes) -> bool:
    block = data[:_BLOCK]
    return 0 not in block and 10 * len(block.translate(None, _TEXT)) <= 3 * len(block)


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _plain(name: str) -> Callable[[int], Hasher]:
    return lambda _: hashlib.new(name, usedforsecurity=False)


_MAKERS: Mapping[str, tuple[int, Callable[[int], Hasher]]] = {
    "git-blob": (40, GitBlob),
    "md5": (32, _plain("md5")),
    "md5-dos2unix": (32, lambda _: Dos2Unix()),
    "sha1": (40, _plain("sha1")),
    **{f"sha{bits}": (bits // 4, _plain(f"sha{bits}")) for bits in (224, 256, 384, 512)},
    **{f"sha3-{bits}": (bits // 4, _plain(f"sha3_{bits}")) for bits in (224, 256, 384, 512)},
}
"""Digits of a digest, and what computes it for a file of so many bytes."""

WEAK = frozenset(("git-blob", "md5", "md5-dos2unix", "sha1"))
"""Whoever makes both files can give them one digest: https://www.rfc-editor.org/rfc/rfc6151, https://shattered.io."""


def canonical(said: str, digits: int) -> str:
    """The name under which an algorithm is known here; where none is said, the usual one of that length."""
    said = said.lower().replace("_", "-")
    said = _ALIASES.get(said, said)
    if said in ("sha3", "blake2b"):
        return f"{said}-{4 * digits}"
    return said or _BY_LENGTH.get(digits, f"{4 * digits} bits")


def length(name: str) -> int:
    """Digits of its digest; 0 for an algorithm that nobody here computes."""
    blake = _BLAKE2B.fullmatch(name)
    if blake is not None:
        bits = int(blake[1])
        return bits // 4 if bits % 8 == 0 and 8 <= bits <= 512 else 0
    return _MAKERS[name][0] if name in _MAKERS else 0


def hasher(name: str, size: int) -> Hasher:
    """What computes a digest of `size` bytes; `name` has a length()."""
    blake = _BLAKE2B.fullmatch(name)
    if blake is not None:
        return hashlib.blake2b(digest_size=int(blake[1]) // 8)
    return _MAKERS[name][1](size)
