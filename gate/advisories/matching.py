"""Look packages up in the advisory data base: exact versions through pip-audit, everything else by its specifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gate.core.advisory import Advisory


class Wanted(NamedTuple):
    """A package by its normalised name: `version` is exact (PEP 440), or "" and `specifier` says what is allowed."""

    name: str
    version: str
    specifier: str


class Hits(NamedTuple):
    """The advisories of each package that has any, and for requirements what to ask for instead, "" for nothing."""

    advisories: Mapping[Wanted, tuple[Advisory, ...]] = MappingProxyType({})
    safe: Mapping[Wanted, str] = MappingProxyType({})


class Database(Protocol):
    """What is asked of an advisory data base."""

    def of_version(self, name: str, version: Version) -> tuple[Advisory, ...]: ...
    def of_specifiers(self, name: str, specifiers: SpecifierSet) -> tuple[Advisory, ...]: ...
    def safe(self, name: str, specifiers: SpecifierSet) -> str: ...


def matching(database: Database, wanted: Iterable[Wanted]) -> Hits:
    """What is known about each package; each is looked up once. NotExamined when the data cannot be read.

    pip-audit is only imported when there is an exact version.
    """
    hits: dict[Wanted, tuple[Advisory, ...]] = {}
    safe: dict[Wanted, str] = {}
    pins: dict[tuple[str, Version], list[Wanted]] = {}
    for one in dict.fromkeys(wanted):
        if one.version:
            pins.setdefault((one.name, Version(one.version)), []).append(one)
        elif advisories := database.of_specifiers(one.name, SpecifierSet(one.specifier)):
            hits[one], safe[one] = advisories, database.safe(one.name, SpecifierSet(one.specifier))
    if pins:
        from gate.adapters import pip_audit  # noqa: PLC0415  # it brings a heavy library along

        for name, version, advisories in pip_audit.audit(pins, database.of_version):
            if advisories:
                hits.update(dict.fromkeys(pins[name, version], advisories))
    return Hits(hits, safe)


def age(data_time: str, fetched: str, now: str) -> int | None:
    """How old the knowledge is at `now`, in hours: what was modified long ago is, and what was fetched long ago, too.

    None where one of these times (RFC 3339) is not known.
    """
    both = [hours(since, now) for since in (data_time, fetched)]
    known = [one for one in both if one is not None]
    return max(known) if len(known) == len(both) else None


def hours(since: str, now: str) -> int | None:
    """Whole hours from one time to another (RFC 3339), never less than 0; None where one of them is unknown."""
    try:
        passed = datetime.fromisoformat(now) - datetime.fromisoformat(since)
    except (ValueError, TypeError):  # TypeError: one with and one without an offset
        return None
    return max(int(passed.total_seconds()) // 3600, 0)
