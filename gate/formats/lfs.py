"""Pointer files of git LFS: a few lines that stand where the content should be.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 1023
"""Bytes of a pointer: the specification wants less than 1024."""
_VERSIONS = b"https://git-lfs.github.com/spec/v1|https://hawser.github.com/spec/v1|http://git-media.io/v/2"
"""The one of the specification, and those of its preview releases that git-lfs still reads."""
_POINTER = re.compile(
    rb"(?:\xef\xbb\xbf)?version (?:" + _VERSIONS + rb")\s*\n"
    rb"(?:ext-[0-9]-[a-z0-9.-]+ sha256:[0-9a-f]{64}\s*\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\s*\n"
    rb"size (?P<size>0|[1-9][0-9]{0,18})\s*"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """sha256 in hex and size in bytes of the content."""

    sha256: str
    size: int


def pointer(data: bytes) -> Pointer | None:
    """The pointer that these bytes are, all of them; None for anything else.

    Line ends of Windows and empty lines are what git-lfs reads as well; a byte order mark an editor leaves there.
    """
    match = _POINTER.fullmatch(data) if len(data) <= MOST else None
    return None if match is None else Pointer(match["oid"].decode(), int(match["size"]))
