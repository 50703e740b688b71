"""Where a loader is told to look for libraries: DT_RPATH and DT_RUNPATH (ld.so(8))."""

from __future__ import annotations

import posixpath
import re

from gate.targets.tables import hardening

_ORIGIN = ("$ORIGIN", "${ORIGIN}")
"""The folder of the library itself."""
_HOME = re.compile(r"/(home|Users)/[^/:]+")


def entries(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The directories of these colon-separated lists; glibc ignores a list that is empty as a whole."""
    return tuple(entry for text in texts if text for entry in anonymous(text).split(":"))


def anonymous(path: str) -> str:
    """The same path without the name of whoever built it at home."""
    return _HOME.sub(r"/\1/*", path)


def weakness(entry: str) -> str:
    """Why whoever uses the machine may decide what is loaded from there; "" for a directory that is safe."""
    if not entry:
        return "is empty: the folder that a program is started in"
    first = entry.split("/", 1)[0]
    if first in _ORIGIN:
        return ""
    if not entry.startswith("/"):
        return "is relative to the folder that a program is started in"
    path = posixpath.normpath("/" + entry.lstrip("/"))
    if _below(path, hardening().shared_dirs):
        return "is where every user may put a library"
    if _below(path, hardening().system_dirs):
        return ""
    return "is a folder of the machine that it was built on; on another one it belongs to whoever makes it"


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
