"""What the model that lies in an archive is called, and what kind of version it has."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

# https://semver.org/#is-there-a-suggested-regular-expression-regex-to-check-a-semver-string
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"[vV]?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
"""A leading v is what tags have, and means the same."""
_LENGTH = 128
"""Characters of a version; the pattern is quadratic in it."""
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}([-._/]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T _.-]?[0-9]{2}[:.-]?[0-9]{2}(?:[:.-]?[0-9]{2})?Z?)?"
)
_NUMERIC = re.compile(r"[vV]?[0-9]+(?:\.[0-9]+)+(?:[.+_-]?[A-Za-z0-9]+)*")
_INTEGER = re.compile(r"[vV]?[0-9]+")
_HASH = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}")
# Names of branches, of stages and of "whatever is newest": the same name stands for another model tomorrow.
_BRANCHES = ("main", "master", "head", "trunk", "tip", "dev", "devel", "develop", "development")
_NEWEST = ("newest", "current", "nightly", "snapshot", "edge", "canary", "next", "stable", "default", "live", "release")
_STAGES = ("staging", "stage", "stg", "production", "prod", "prd", "preprod", "test", "testing", "qa", "uat")
_REGISTRY = ("none", "archived", "champion", "challenger", "candidate")
_MOVING = frozenset(_BRANCHES + _NEWEST + _STAGES + _REGISTRY)


class VersionKind(enum.StrEnum):
    """What a version is, by how it is written."""

    SEMVER = "semver"
    DATE = "date"
    MOVING = "moving"
    """A name that stands for another model tomorrow: latest, main, production."""
    NUMERIC = "numeric"
    """Numbers that are no semantic version: 1.0, 2024.1.dev3."""
    INTEGER = "integer"
    HASH = "hash"
    OTHER = "other"
    NONE = "none"


def version_kind(version: str | None) -> VersionKind:
    """The kind of one version; a date is one even where it could be read as three numbers."""
    text = (version or "").strip()
    if not text:
        return VersionKind.NONE
    if len(text) > _LENGTH:
        return VersionKind.OTHER
    if text.lower().removeprefix("refs/heads/") in _MOVING or text.lower().startswith("latest"):
        return VersionKind.MOVING
    if _DATE.fullmatch(text):
        return VersionKind.DATE
    if _SEMVER.fullmatch(text):
        return VersionKind.SEMVER
    if _INTEGER.fullmatch(text):
        return VersionKind.INTEGER
    if _HASH.fullmatch(text):
        return VersionKind.HASH
    return VersionKind.NUMERIC if _NUMERIC.fullmatch(text) else VersionKind.OTHER


@dataclass(frozen=True, slots=True)
class Model:
    """What an archive says about the model in it; nobody else vouches for it.

    `build_id` tells builds of one version apart: an id of a run, a model or a commit. `about` are further words for
    people, as ("framework", "scikit-learn 1.2.1"), in the order in which they are shown.
    """

    name: str = ""
    version: str | None = None
    build_id: str | None = None
    about: tuple[tuple[str, str], ...] = ()


UNNAMED = Model()
"""An archive that says nothing about itself."""
