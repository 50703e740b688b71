"""Files that options name."""

from __future__ import annotations

import os
from collections.abc import Iterable

from gate.core.errors import UsageError

SMALL = 2**22
"""Bytes of a profile, a trust file, or a file that a trust file names."""
_MOST = 2**24
"""Bytes of a file whose reader has no narrower limit of its own."""


def read_file(file: str, option: str, limit: int = _MOST) -> bytes:
    """The bytes of a file that `option` names; UsageError when it cannot be read or has more than `limit` bytes."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}") from error
    if len(data) > limit:
        raise UsageError(f"{option} {file}: has more than {limit} bytes")
    return data


def refuse_inside(targets: Iterable[str], files: Iterable[str]) -> None:
    """UsageError for a file inside a target: an archive must not bring its own policy, waivers or trust along."""
    for file in filter(None, files):
        for target in targets:
            if target != "-" and inside(file, target):
                raise UsageError(f"{file} lies inside the target {target}; what is judged must not bring its own rules")


def inside(path: str, target: str) -> bool:
    """Whether a path is the target or lies in it, once links are followed."""
    real, whole = os.path.realpath(path), os.path.realpath(target)
    return real == whole or real.startswith(whole.rstrip(os.sep) + os.sep)
