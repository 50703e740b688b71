"""What one member writes about another: a path relative to its own folder, in the same container."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from gate.archive.paths import encode, join

_ABSOLUTE = re.compile(rb"[/\\]|[A-Za-z]:[/\\]")
_NTH = re.compile(r"#[0-9]+\Z")


def name_of(path: str) -> bytes:
    """The name of a member within its folder, as its container spells it."""
    return unquote_to_bytes(_NTH.sub("", path.rpartition("/")[2]))


def relative(path: str, name: bytes, up: int = 0) -> str | None:
    """The path of the member that `path` calls `name`; `up` when names begin so many folders above its own.

    `.` and empty parts mean nothing. A name that means a folder above is answered by `path` itself, which lies in it.
    None for a name that is absolute or leads out of the container.
    """
    container, _, inner = path.rpartition("!/")
    folder = inner.split("/")[:-1]
    if _ABSOLUTE.match(name) or not all(_up(folder) for _ in range(up)):
        return None
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            if parts:
                parts.pop()
            elif not _up(folder):
                return None
        elif part not in (b"", b"."):
            parts.append(part)
    if not parts:
        return path
    return join(container, "/".join([*folder, encode(b"/".join(parts))]))


def _up(folder: list[str]) -> bool:
    """Leave the last folder; `.` is none, but stays where an archive writes its names as ./name."""
    for i in reversed(range(len(folder))):
        if folder[i] not in ("", "."):
            del folder[i:]
            return True
    return False
