"""What a manifest says about files: a digest, a size, that one is there, or where it would have to be fetched from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One file as a manifest describes it.

    `name` is the path as written, `hex` a digest in lower case, "" where only presence is claimed; `algorithm` is a
    name of gate.formats.hashing, or one that nobody here computes. `size` is in bytes, `line` 1-based, -1 for unknown.
    Where not `sure`, the file need not be there.
    """

    name: bytes
    algorithm: str = ""
    hex: str = ""
    size: int = -1
    line: int = -1
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that is fetched when the model is loaded, unless `name` is in the archive.

    `target` is an address as written, `digest` what pins it as `algorithm:hex`, "" when nothing does.
    """

    kind: str
    target: str
    digest: str = ""
    size: int = -1
    name: bytes = b""


Said = Claim | Elsewhere
