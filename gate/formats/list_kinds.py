"""Which file is which list: by the name that its tool looks for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import yaml

from gate.resources import data

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def is_project(name: str) -> bool:
    """Whether a project says there what it needs."""
    return _fits(name, "projects")


def is_lock(name: str) -> bool:
    """Whether a tool pins there all that a project needs."""
    return _fits(name, "locks")


def is_image(name: str) -> bool:
    """Whether an image is built from it."""
    return _fits(name, "images")


@cache
def ends() -> tuple[str, ...]:
    """How the names of all of them end."""
    return tuple(sorted({pattern.rpartition("*")[2] or pattern for row in _table().values() for pattern in row}))


def _fits(name: str, kind: str) -> bool:
    name = name.lower()
    return any(fnmatchcase(name, pattern) for pattern in _table()[kind])


@cache
def _table() -> Any:
    return yaml.load(data("dependencies/projects.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
