"""What lists say besides names and versions, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.utils import canonicalize_name

from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.text import printable
from gate.facts.dependencies import Python, PythonRange, Statement
from gate.facts.seen import Seen
from gate.formats.inclusion import Problem
from gate.formats.requirement import ARCHIVES
from gate.formats.requirement_lists import folder_of, is_known
from gate.formats.shown import shown
from gate.packages.asked import Reading, is_source
from gate.packages.hygiene import (
    allows,
    conflicts,
    ended,
    has_credentials,
    is_mutable,
    is_open,
    is_weak,
    unhashed,
)
from gate.packages.lists import Lists
from gate.packages.told import told

LINES = 200_000
"""Statements of all lists that are compared with each other."""
_INDEX = ("index-url", "extra-index-url", "find-links", "trusted-host")


def place_of(problem: Problem) -> tuple[Location, str]:
    """By what problems are sorted."""
    return problem.edge.location, problem.edge.target


def leads_nowhere(problem: Problem) -> Finding | None:
    """An inclusion of what is not in the archive, or of itself."""
    edge = problem.edge
    if edge.manifest:
        return None  # that a manifest names what is not there is said by the integrity inspector
    at, target = edge.location, shown(edge.target)
    if problem.kind == "outside":
        return told(at, "dependencies.include-outside", target, target=target)
    why = "which is not in the archive" if problem.kind == "missing" else "which leads back to this list"
    return told(at, "dependencies.missing-include", target, target=target, why=why)


def of_list(group: Iterable[Statement], lists: Lists) -> Iterator[Finding]:
    """What one list says besides names and versions; its invalid lines are one finding."""
    first, count = None, 0
    rows = list(group)  # as many as one list may have: its reader says no to more
    for row in rows:
        yield from _address(row)
        if row.kind == "invalid":
            first, count = first or row, count + 1
        elif row.kind in _INDEX:
            yield from _index(row, lists)
        elif is_source(row) and row.kind != "index":
            yield from _source(row, lists)
    if first is not None:
        yield told(
            first.location, "dependencies.invalid-line", "", package=first.name, problem=first.value, lines=count
        )
    if (bare := unhashed(rows)) is not None:
        at, name = bare.first.location, canonicalize_name(bare.first.name)
        yield told(at, "dependencies.unhashed", "", package=name, count=bare.number, total=bare.total)
    if weak := [row for row in rows if is_weak(row)]:
        used = weak[0].hashes.replace(",", " and ")
        yield told(weak[0].location, "dependencies.weak-hash", "", algorithm=used, count=len(weak))


def _address(row: Statement) -> Iterator[Finding]:
    """From where a package or a list of packages comes, and whether it will be the same tomorrow."""
    source = shown(row.value)
    package = canonicalize_name(row.name) if row.name else "a package"
    if is_source(row) and row.kind != "index" and is_mutable(row):
        yield told(row.location, "dependencies.mutable-source", f"{package} {source}", package=package, source=source)
    if (is_source(row) and row.kind != "index") or row.kind in _INDEX or row.kind in ("include", "constraint"):
        if is_open(row):
            yield told(row.location, "dependencies.insecure-transport", source, source=source)
        if has_credentials(row):
            yield told(row.location, "dependencies.credentials", source, source=source)


def together(rows: Iterable[Statement]) -> Iterator[Finding | Gap]:
    """Requirements in one folder that exclude each other; a gap where there are more than LINES of them."""
    folders: dict[str, list[Statement]] = {}
    for count, row in enumerate(row for row in rows if row.kind == "index" and row.specifier):
        if count == LINES:
            detail = f"only {LINES} requirements were compared with each other"
            yield Gap(Location(), GapReason.TOO_MANY, detail=detail)
            break
        folders.setdefault(folder_of(row.path), []).append(row)
    for _, group in sorted(folders.items()):
        for one, other in conflicts(group):
            name = canonicalize_name(other.name)
            asked, against = f"{name}{other.specifier}", f"{name}{one.specifier}"
            where = printable(one.path, 200)
            args = {"package": name, "requirement": asked, "other": against, "where": where}
            yield told(other.location, "dependencies.conflict", name, **args)


def pythons(seen: Seen, reading: Reading, now: str) -> Iterator[Finding]:
    """Versions of Python that get no more fixes, and packages that are not made for the one that a model names."""
    done: set[tuple[str, str]] = set()
    for row in seen.rows(Python):
        key = folder_of(row.path), row.version
        if key not in done and (last := ended(row.version, now)):
            done.add(key)
            version = printable(row.version, 20)
            yield told(Location(row.path), "dependencies.end-of-life-python", version, python=version, ended=last)
    for made_for in seen.rows(PythonRange):
        said = {python for python in reading.pythons_of(made_for.path) if python}
        if said and not any(allows(made_for, python) for python in said):
            python, package = printable(min(said), 20), made_for.package or "the project"
            needs = printable(" or ".join(made_for.specifiers), 80)
            args = {"package": package, "python": python, "needs": needs}
            yield told(Location(made_for.path), "dependencies.python-mismatch", package, **args)


def _index(row: Statement, lists: Lists) -> Iterator[Finding]:
    folder = row.kind == "find-links" and ":" not in row.value
    if is_known(row.value) and row.kind != "trusted-host":
        return
    if folder and lists.inside(row.path, row.value) is not None:
        return
    index = "a folder outside of the archive" if folder else shown(row.value)
    yield told(row.location, "dependencies.remote-index", f"{row.kind} {index}", option=f"--{row.kind}", index=index)


def _source(row: Statement, lists: Lists) -> Iterator[Finding]:
    """A package that comes from no index; one that lies in the archive is looked at there."""
    package = canonicalize_name(row.name) if row.name else "a package"
    source = shown(row.value)
    if row.kind in ("path", "editable") and ":" not in row.value:
        path = lists.inside(row.path, row.value)
        if path is not None:
            if row.value.lower().endswith(ARCHIVES) and not lists.exists(path):
                why = "which is not in the archive"
                yield told(row.location, "dependencies.missing-include", source, target=source, why=why)
            return
        source = "a path outside of the archive"
    yield told(row.location, "dependencies.remote-source", f"{package} {source}", package=package, source=source)
