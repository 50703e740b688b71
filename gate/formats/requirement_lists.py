"""Which of the lists in an archive somebody installs from: a matter of where they lie, judged by tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from gate.formats.list_kinds import is_lock, is_project
from gate.resources import data

LIST = re.compile(r"[^/]*(?:requirements|constraints)[^/]*\.(?:txt|in|pip)", re.IGNORECASE)
"""Names of lists that pip is given."""
ENVIRONMENT = re.compile(r"(?:conda|environment|python_env)\.ya?ml", re.IGNORECASE)
"""Names of environments."""

_NTH = re.compile(r"#[0-9]+\Z")
_SITE = re.compile(r"(?:.*/)?(?:[^/]+\.whl|site-packages|dist-packages)", re.IGNORECASE)
"""What distributions are unpacked to, or are themselves: lists in there belong to them."""
_DOT = re.compile(r"\A(?:\./)+")
"""How an archive of the folder `.` begins its names."""
_WORD = re.compile(r"[a-z]+")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def plain(path: str) -> str:
    """A path without the number of a second entry of one name."""
    return _NTH.sub("", path)


def folder_of(path: str) -> str:
    """The folder of a member with its slash, its container with `!/`, or ""."""
    return path[: path.rfind("/") + 1]


@dataclass(frozen=True, slots=True)
class Layouts:
    """What is known about an archive: `tops` is the one folder that everything in a container lies in.

    `models` are folders of an MLmodel, `projects` folders of the sources of one package. `subject` is the name of the
    archive itself. In folders that are `locked` a lock file lies: what the project itself asks for is not installed.
    """

    subject: str
    tops: dict[str, str]
    models: frozenset[str]
    projects: frozenset[str]
    locked: frozenset[str] = frozenset()

    def in_force(self, path: str) -> bool:
        """Whether somebody installs from this list though no manifest and no other list names it.

        One beside an MLmodel, or in a folder of the table, unless its name says that it is for developers. Lists of
        distributions (wheels, installed packages, and archives of sources inside of the subject) are their own affair.
        """
        folder = folder_of(path)
        name = plain(path)[len(folder) :].lower()
        if is_project(name) and folder in self.locked:
            return False
        if not (ENVIRONMENT.fullmatch(name) or "requirements" in name or is_project(name) or is_lock(name)):
            return False
        if set(_WORD.findall(name)) & set(_table()["development"]):
            return False
        if folder in self.models:
            return True
        container, bang, inner = _parts(folder)
        if _SITE.fullmatch(container if bang else self.subject) or (bang and folder in self.projects):
            return False
        top = self.tops.get(container + bang, "")
        return any(place.rstrip("/") in _table()["folders"] for place in (inner, inner.removeprefix(top)))


def tops(lists: Iterable[str], paths: Iterable[str]) -> dict[str, str]:
    """For each container of these lists, the one folder (with its slash) that all of its members lie in, if any."""
    found: dict[str, str] = {}
    for path in lists:
        container, bang, inner = _parts(path)
        if "/" in inner:
            found.setdefault(container + bang, inner[: inner.index("/") + 1])
    if not found:
        return found
    for path in paths:
        container, bang, inner = _parts(path)
        top = found.get(container + bang)
        if top and not inner.startswith(top):
            found[container + bang] = ""
    return found


def _parts(path: str) -> tuple[str, str, str]:
    """The container, `!/` if there is one, and the path in it."""
    container, bang, inner = path.rpartition("!/")
    return container, bang, _DOT.sub("", inner)


def is_development(path: str) -> bool:
    """Whether the name of a file or of a folder above it says that it is for those who work on the model."""
    parts = path.lower().split("/")
    return any(set(_WORD.findall(part)) & set(_table()["development"]) for part in parts)


def is_tool(name: str) -> bool:
    """Whether a package comes with every environment."""
    return name in _table()["tools"]


def is_known(index: str) -> bool:
    """Whether an address is that of a public index of the table, over TLS and without credentials."""
    return any(index == known.rstrip("/") or index.startswith(known.rstrip("/") + "/") for known in _indexes())


@cache
def _table() -> Any:
    return yaml.load(data("dependencies/lists.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader


@cache
def _indexes() -> tuple[str, ...]:
    return tuple(yaml.load(data("dependencies/indexes.yaml").read_bytes(), _Loader))  # noqa: S506  # a safe loader
