"""What lists say besides names: how surely the same bytes are installed again, from whom, and under which Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml
from packaging.ranges import VersionRange
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from gate.facts.dependencies import PythonRange, Statement
from gate.formats.markers import Holds, Markers
from gate.formats.requirement import exact
from gate.formats.requirement_lists import is_tool
from gate.packages.asked import is_source
from gate.resources import data

WEAK = frozenset({"md5", "sha1"})
"""Algorithms for which two files with one digest can be made: https://shattered.io/."""
_COMMIT = re.compile(r"@[0-9a-f]{40}(?:[0-9a-f]{24})?(?=[#?]|\Z)")
_DIGEST = re.compile(r"[#&](?:sha(?:224|256|384|512))=[0-9a-f]{56,128}")
_OPEN = frozenset({"http", "git", "ftp", "svn", "git+http", "git+git", "hg+http", "svn+http", "svn+svn", "bzr+http"})
_VARIABLE = re.compile(r"\$\{?\w+|%\w+%|\{\{")
_PYTHON = re.compile(r"([0-9]{1,2}\.[0-9]{1,3})(?:\.[0-9]{1,3})?")
_PACKAGES = 50_000
"""Names that are compared in one folder."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def is_mutable(row: Statement) -> bool:
    """Whether what is fetched from a repository or an address can be another thing tomorrow."""
    if row.kind == "vcs" or (row.kind == "editable" and ":" in row.value):
        return _COMMIT.search(row.value) is None
    return row.kind == "url" and not row.hashes and _DIGEST.search(row.value) is None


def is_open(row: Statement) -> bool:
    """Whether anybody on the way can change what is fetched."""
    if row.kind == "trusted-host":
        return True
    scheme = row.value.partition(":")[0].lower()
    return ":" in row.value and scheme in _OPEN and not _is_here(row.value)


def _is_here(address: str) -> bool:
    host = address.partition("://")[2].rpartition("@")[2].partition("/")[0].partition(":")[0].lower()
    return host in ("localhost", "127.0.0.1", "[", "")


def has_credentials(row: Statement) -> bool:
    """Whether a password or token is written out in an address; a variable is none, nor is a user name."""
    try:
        parts = urlsplit(row.value)
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return False
    if password:
        return _VARIABLE.search(password) is None
    return len(user) >= 16 and not parts.scheme.endswith("ssh") and _VARIABLE.search(user) is None


class Conflict(NamedTuple):
    """Two requirements of one folder that no version fulfils."""

    one: Statement
    other: Statement


def conflicts(rows: Iterable[Statement]) -> Iterator[Conflict]:
    """The first pair of each package among the rows of one folder; only what holds everywhere is compared.

    Tools such as pip stand in each list in the version that wrote it.
    """
    markers = Markers()
    known: dict[str, list[tuple[Statement, VersionRange]]] = {}
    told: set[str] = set()
    for row in rows:
        if row.kind != "index" or not row.name or not row.specifier or len(known) > _PACKAGES:
            continue
        name = canonicalize_name(row.name)
        if (
            name in told
            or is_tool(name)
            or markers.holds(row.marker) is not Holds.YES
            or (allowed := _range(row.specifier)) is None
        ):
            continue
        others = known.setdefault(name, [])
        clash = next((other for other, theirs in others if theirs.is_disjoint(allowed)), None)
        if clash is not None:
            told.add(name)
            yield Conflict(clash, row)
        elif not others or others[0][0].specifier != row.specifier:
            others.append((row, allowed))


def _range(specifier: str) -> VersionRange | None:
    try:
        return SpecifierSet(specifier).to_range()
    except (InvalidSpecifier, ValueError):  # ===, which compares texts
        return None


class Unhashed(NamedTuple):
    """How much of one list has no digest: the first line of it, how many, of how many."""

    first: Statement
    number: int
    total: int


def unhashed(rows: Iterable[Statement]) -> Unhashed | None:
    """What of one list an index may answer with any file.

    None when everything has its digest, and where versions are not pinned either: that is said already.
    """
    first: Statement | None = None
    number = total = pinned = 0
    for row in rows:
        if row.kind == "index" and row.name:
            total += 1
            pinned += exact(row.specifier) != ""
            if not row.hashes:
                first, number = first or row, number + 1
    return Unhashed(first, number, total) if first is not None and (pinned == total or number < total) else None


def is_weak(row: Statement) -> bool:
    """Whether all of its digests can be forged."""
    used = set(filter(None, row.hashes.split(",")))
    return is_source(row) and bool(used) and used <= WEAK


def ended(python: str, now: str) -> str:
    """The day on which a version of Python got its last fix, "" where that is not past or not known (RFC 3339)."""
    match = _PYTHON.fullmatch(python)
    last = _ends().get(match[1]) if match else None
    try:
        return last.isoformat() if last is not None and last < datetime.fromisoformat(now).date() else ""
    except ValueError:
        return ""


def allows(made_for: PythonRange, python: str) -> bool:
    """Whether a package may be installed under this version; what cannot be read allows it."""
    match = _PYTHON.fullmatch(python)
    if match is None:
        return True
    try:
        # of 3.10 alone any 3.10.x may be meant: the ends of what it can be
        versions = [Version(python)] if python != match[1] else [Version(f"{match[1]}.0"), Version(f"{match[1]}.99")]
        sets = [SpecifierSet(text) for text in made_for.specifiers]
    except (InvalidSpecifier, InvalidVersion):
        return True
    return not sets or any(one.contains(version, prereleases=True) for one in sets for version in versions)


@cache
def _ends() -> Mapping[str, date]:
    table: Any = yaml.load(data("dependencies/pythons.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    return {str(key): value for key, value in table.items()}
