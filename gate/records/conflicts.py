"""Where sources about one model say what cannot all be true.

Compared is only what is about the same thing: names, versions, licences, runs and commits within one folder; versions
of a framework along containment, because a pickle below an MLmodel belongs to it, and so does a list of requirements
above it. A configuration says which library wrote it, not which one runs it, and is compared with nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gate.facts.dependencies import Package
from gate.facts.metadata import Claimed
from gate.records import same
from gate.records.places import container, enclosing, folder
from gate.records.record import Records, family

Normal: TypeAlias = Callable[[Iterable[str]], frozenset[str]]
Wanted: TypeAlias = Mapping[str, Mapping[str, list[Package]]]
_COMPARED: Mapping[str, tuple[Normal, int]] = {
    "commit": (same.plain, 45),
    "licence": (same.licences, 45),
    "name": (same.names, 25),
    "run_id": (same.plain, 45),
    "version": (same.versions, 45),
}
"""By key: when values are the same, and up to which rank sources are asked: cards give names to runs and families."""
_FRAMEWORK_RANK = 25
MOST = 4
"""Conflicts about one key in one folder that are told: a manifest, a pickle, a list, and one more."""
_SHORT = 7
"""Characters of an abbreviated commit."""
LISTS = ("requirements", "conda")
"""Origins of packages that a list asks for; what is installed in the archive is another environment."""
_IN_NAME = re.compile(r"[-_.]v?([0-9]+(?:\.[0-9]+)+(?:[-_.]?(?:rc|a|b|dev|post)[0-9]+)?)(?:\.[a-z][a-z0-9]*){0,3}")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key about which two sources of one model disagree: the row whose word counts less, and what the other says."""

    place: str
    key: str
    row: Claimed
    other: str
    says: tuple[str, ...]


def conflicts(records: Records, packages: Iterable[Package], subject: str) -> Iterator[Conflict]:
    """All of them, at most one a source and MOST a folder and key; `subject` is the name of the archive itself."""
    wanted = _wanted(packages)
    for place in records.places():
        rows = {key: sorted(said, key=_weight) for key, said in records.at(place).items()}
        around = tuple(records.around(place))
        for key in sorted(rows):
            told: set[tuple[str, str]] = set()
            for one in _of_key(key, rows[key], around, records, wanted):
                if (one.row.path, one.row.field) not in told and len(told) < MOST:
                    told.add((one.row.path, one.row.field))
                    yield one
        named = _file_name(place, rows, container(place) if place else subject)
        if named is not None:
            yield named


def _weight(row: Claimed) -> tuple[int, str, str]:
    return row.rank, row.path, row.field


def _of_key(
    key: str, rows: list[Claimed], around: tuple[str, ...], records: Records, wanted: Wanted
) -> Iterator[Conflict]:
    if key in _COMPARED:
        normal, rank = _COMPARED[key]
        yield from _among([row for row in rows if row.rank <= rank], normal, around[0])
    elif family(key) == "framework" and "." in key:
        measured = [row for row in rows if row.rank <= _FRAMEWORK_RANK]
        yield from _among(measured, same.versions, around[0])
        yield from _with_outer(key, measured, around, records)
        yield from _with_lists(key, measured, around[0], wanted)


def _among(rows: list[Claimed], normal: Normal, place: str) -> Iterator[Conflict]:
    """Sources of one folder: each member against the first whose word counts."""
    by_member: dict[str, list[Claimed]] = defaultdict(list)
    for row in rows:
        by_member[row.path].append(row)
    said = [(rows[0], normal(value for row in rows for value in row.values)) for rows in by_member.values()]
    said = [(row, values) for row, values in said if values]
    for row, values in said[1:]:
        first, known = said[0]
        if not _agree(row.key, values, known):
            yield Conflict(place, row.key, row, _where(first), first.values)


def _agree(key: str, ours: frozenset[str], theirs: frozenset[str]) -> bool:
    if ours <= theirs or theirs <= ours:
        return True
    if key != "commit":
        return False
    return any(min(len(a), len(b)) >= _SHORT and (a.startswith(b) or b.startswith(a)) for a in ours for b in theirs)


def _with_outer(key: str, rows: list[Claimed], around: tuple[str, ...], records: Records) -> Iterator[Conflict]:
    """The nearest source further out that says something about the same framework."""
    for outer in around[1:]:
        above = [row for row in records.at(outer).get(key, ()) if row.rank <= _FRAMEWORK_RANK]
        if not above:
            continue
        known = same.versions(value for row in above for value in row.values)
        for row in rows:
            if not _agree(key, same.versions(row.values), known):
                yield Conflict(around[0], key, row, _where(above[0]), above[0].values)
        return


def _wanted(packages: Iterable[Package]) -> Wanted:
    """What lists ask for, by name and folder."""
    found: dict[str, dict[str, list[Package]]] = {}
    for package in packages:
        if package.origin in LISTS and (package.version or package.specifier):
            found.setdefault(package.name, {}).setdefault(folder(package.path), []).append(package)
    return found


def _with_lists(key: str, rows: list[Claimed], place: str, wanted: Wanted) -> Iterator[Conflict]:
    """The lists of the nearest folder around a model: those further out are for others."""
    asked = wanted.get(key.partition(".")[2].replace("_", "-").lower(), {})
    nearest = next((asked[outer] for outer in enclosing(place) if outer in asked), []) if asked else []
    for package in nearest:
        for row in rows:
            for value in row.values:
                if not same.allows(value, package.version, package.specifier):
                    asks = f"=={package.version}" if package.version else package.specifier
                    line = f" line {package.line}" if package.line > 0 else ""
                    yield Conflict(place, key, row, f"{package.path}{line}", (asks,))


def _file_name(place: str, rows: Mapping[str, list[Claimed]], file: str) -> Conflict | None:
    """A name of a file counts for nothing but this: `recsys-1.4.0.mar` that holds a recsys of another version."""
    names, versions = rows.get("name", []), rows.get("version", [])
    if not names or not versions or not file:
        return None
    name, row = names[0].values[0], versions[0]
    if not file.casefold().startswith(name.casefold()):
        return None
    match = _IN_NAME.fullmatch(file[len(name) :].casefold())
    ours, theirs = same.version_of(row.values[0]), same.version_of(match[1]) if match else None
    if ours is None or theirs is None or ours == theirs or ours.release[: len(theirs.release)] == theirs.release:
        return None
    return Conflict(place, "version", row, f"the file name {file}", (str(theirs),))


def _where(row: Claimed) -> str:
    line = f" line {row.line}" if row.line > 0 else ""
    return f"{row.path}{line} ({row.field})" if row.field else f"{row.path}{line}"
