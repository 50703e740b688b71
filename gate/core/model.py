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
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_NAMED = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    rf"(?:v|[a-z]{{1,20}}[-_.])?(?:{_YEAR}([-._/]?){_MONTH}\1{_DAY}(?:[0-9]{{4}}|[0-9]{{6}})?|{_YEAR}[-._/]{_MONTH}"
    rf"|{_YEAR}-?w[0-5][0-9]|{_DAY}([-/]){_MONTH}\2{_YEAR}|(?:{_DAY}[-_. ]?)?{_NAMED}[-_. ]?{_YEAR}"
    rf"|{_YEAR}[-_. ]?{_NAMED}(?:[-_. ]?{_DAY})?)(?:[t _.+-][0-9a-z:.+_-]{{1,40}})?"
)
"""A date, a month or a week, as people write them, and what may stand behind it; of a text in lower case."""
_RANGE = re.compile(r"[~^<>=!*].*|.*\*|(?:v?[0-9]+\.)+x(?:\.x)*", re.DOTALL)
"""https://docs.npmjs.com/cli/v11/configuring-npm/package-json#dependencies ; a range is whatever is newest in it."""
_WORDS = re.compile(r"[-_./@: ]+")
_NUMERIC = re.compile(r"[vV]?[0-9]+(?:\.[0-9]+)+(?:[.+_-]?[A-Za-z0-9]+)*")
_INTEGER = re.compile(r"[vV]?[0-9]+")
_HASH = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}")
# Names of branches, of stages and of "whatever is newest": the same name stands for another model tomorrow.
_BRANCHES = ("main", "master", "head", "trunk", "tip", "dev", "devel", "develop", "development")
_NEWEST = ("newest", "current", "nightly", "snapshot", "edge", "canary", "next", "stable", "default", "live", "release")
_STAGES = ("staging", "stage", "stg", "production", "prod", "prd", "preprod", "test", "testing", "qa", "uat")
_REGISTRY = ("none", "archived", "champion", "challenger", "candidate")
_MOVING = frozenset(_BRANCHES + _NEWEST + _STAGES + _REGISTRY)
_REPLACED = frozenset({"latest", "newest", "nightly", "snapshot"})
"""Behind a number they say that it is built anew: https://maven.apache.org/guides/getting-started/#what-is-a-snapshot-version"""


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
    if _moves(text.lower().removeprefix("refs/heads/")):
        return VersionKind.MOVING
    if _DATE.fullmatch(text.lower()):
        return VersionKind.DATE
    if _SEMVER.fullmatch(text):
        return VersionKind.SEMVER
    if _INTEGER.fullmatch(text):
        return VersionKind.INTEGER
    if _HASH.fullmatch(text):
        return VersionKind.HASH
    return VersionKind.NUMERIC if _NUMERIC.fullmatch(text) else VersionKind.OTHER


def _moves(text: str) -> bool:
    """Whether a name stands for whatever is newest: `latest`, `gpu-latest`, `prod-eu`, `1.2.0-SNAPSHOT`, `1.x`."""
    if text in _MOVING or text.startswith("latest") or _RANGE.fullmatch(text):
        return True
    words = [word for word in _WORDS.split(text) if word]
    if not words:
        return False
    plain = not any(character.isdigit() for character in text)
    return words[-1] in _REPLACED or (plain and (words[0] in _MOVING or words[-1] in _MOVING))


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
