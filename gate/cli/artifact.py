"""FILE_OR_sha256:HEX: what a bundle has to be about."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection

from gate.core.errors import UsageError
from gate.trust.verify import Artifact

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_MESSAGE = 256 * 2**20
"""Bytes of a file that are held at once for a key that signs whole messages (Ed25519)."""
_BLOCK = 2**20


def artifact(text: str, wanted: Collection[str] = ()) -> Artifact:
    """A digest, unless there is a file of that name; of a file, sha256 and what else is `wanted`, in one pass.

    `wanted` are hashes of hashlib, and "" for the message itself. Raises UsageError for anything but a regular file.
    """
    if not os.path.lexists(text):
        if found := _DIGEST.fullmatch(text):
            return Artifact({"sha256": found[1]})
        if text.startswith("sha256:"):
            raise UsageError(f"{text}: write a digest as sha256: and 64 digits of lower-case hex")
    try:
        if stat.S_ISDIR(os.stat(text).st_mode):
            raise UsageError(f"{text}: is a folder; a bundle is about a file, or give what it is about as sha256:HEX")
        if not stat.S_ISREG(os.stat(text).st_mode):
            raise UsageError(f"{text}: is no regular file; give its digest as sha256:HEX")
        return _read(text, wanted)
    except OSError as error:
        raise UsageError(f"{text}: {error.strerror}") from error


def _read(file: str, wanted: Collection[str]) -> Artifact:
    hashes = {name: hashlib.new(name) for name in sorted({"sha256", *wanted} - {""})}
    kept: bytearray | None = bytearray() if "" in wanted else None
    with open(file, "rb") as stream:
        while block := stream.read(_BLOCK):
            for digest in hashes.values():
                digest.update(block)
            if kept is not None:
                kept = _kept(kept, block)
    message = None if kept is None else bytes(kept)
    return Artifact({name: digest.hexdigest() for name, digest in hashes.items()}, message)


def _kept(kept: bytearray, block: bytes) -> bytearray | None:
    """All bytes so far, None once they are more than are held."""
    if len(kept) + len(block) > _MESSAGE:
        return None
    kept += block
    return kept
