"""Member paths: names are bytes, their spelling is injective and safe to print."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(rb"[ -\"$&-~]+")
"""Printable ASCII without `%` and `#`: needs no spelling, which is what nearly every name is."""
_BANG = re.compile(r"!(?=/)")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, format (bidi), surrogate (here: bytes that are not UTF-8) and line separators."""
_LONGEST = 1024
"""Bytes of a name; a tar name may have a megabyte, and 16,384 rows that begin with a path are held in memory."""
_DRIVE = re.compile(rb"[A-Za-z]:")


def encode(name: bytes, nth: int = 1) -> str:
    """One segment of a member path: percent-encoded where it must be, `#n` for the n-th entry of the same name.

    A longer name than anybody gives a file is cut and ends in `#<sha256>` of the whole.
    """
    if len(name) > _LONGEST:
        return encode(name[:200]) + "#" + hashlib.sha256(name).hexdigest() + (f"#{nth}" if nth > 1 else "")
    if _PLAIN.fullmatch(name) and b"!/" not in name:
        text = name.decode("ascii")
    else:
        spelled = "".join(_spell(character) for character in name.decode("utf-8", "surrogateescape"))
        text = _BANG.sub("%21", spelled)
    return text if nth == 1 and text else f"{text}#{nth}"


def _spell(character: str) -> str:
    if character in "%#" or unicodedata.category(character) in _HIDDEN:
        return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
    return character


def join(parent: str, child: str) -> str:
    """The path of a member inside a nested archive; `parent` "" is the subject itself."""
    return f"{parent}!/{child}" if parent else child


def escapes(name: bytes) -> bool:
    """Whether extracting under this name could write outside of the target folder, on any system."""
    if b".." not in name and name[:1] not in (b"/", b"\\") and name[1:2] != b":":
        return False
    parts = name.replace(b"\\", b"/").split(b"/")
    return parts[0] == b"" or b".." in parts or _DRIVE.match(parts[0]) is not None


def leaves(folder: bytes, target: bytes) -> bool:
    """Whether a link in `folder` with this target points outside of the archive, or may do so.

    `..` behind a name counts as leaving: where that name is a link itself, nobody can tell where its parent is.
    """
    if target.startswith((b"/", b"\\")) or _DRIVE.match(target) or b".." in folder.split(b"/"):
        return True
    depth = sum(part not in (b"", b".") for part in folder.split(b"/"))
    down = False
    for part in target.replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            depth -= 1
            if down or depth < 0:
                return True
        elif part not in (b"", b"."):
            down = True
    return False
