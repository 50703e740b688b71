"""What inspectors found in two archives: packages, native libraries, the classes that pickles build, gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TypeVar

from gate.compare.found import Found
from gate.compare.paths import below
from gate.compare.snapshot import Snapshot
from gate.core.gap import Gap
from gate.core.row import Fact
from gate.facts.dependencies import Package
from gate.facts.metadata import MetadataValue
from gate.facts.native import NativeLibrary
from gate.facts.pickles import PickleImports
from gate.facts.structure import ModelStructure

_LOOKED = frozenset({"archive", "dependencies", "metadata", "native", "serialization"})
"""Inspectors whose facts are compared."""
_WHOLE = frozenset({"archive", "metadata"})
"""Those whose gap about the whole archive leaves a comparison incomplete; a missing advisory data base does not."""
_LIBRARY = ("soname", "needed", "highest", "cuda_major")
"""What a library asks of the machine, as far as it is compared."""
_F = TypeVar("_F", bound=Fact)


def compare_facts(old: Snapshot, new: Snapshot, tops: tuple[str, str], found: Found) -> set[str]:
    """Adds what differs; returns the lists of packages where something did."""
    packages = [_by_package(one.of(Package), top) for one, top in zip((old, new), tops, strict=True)]
    libraries = [_by_place(one.of(NativeLibrary), top, "machine") for one, top in zip((old, new), tops, strict=True)]
    pickles = [_by_place(one.of(PickleImports), top, "kind") for one, top in zip((old, new), tops, strict=True)]
    _libraries(libraries[0], libraries[1], found)
    _imports(pickles[0], pickles[1], found)
    return _packages(packages[0], packages[1], found)


def _packages(before: Mapping[str, dict[str, str]], after: Mapping[str, dict[str, str]], found: Found) -> set[str]:
    """Packages by their name, wherever they are listed or installed."""
    places: set[str] = set()
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name, {}), after.get(name, {})
        first, second = (", ".join(sorted(set(one.values()))) for one in (a, b))
        if first != second:
            places |= a.keys() | b.keys()
            what = "changed" if a and b else "added" if b else "removed"
            found.change("dependencies", what, min(b or a), field=name, before=first, after=second)
    return places


def _by_package(rows: Iterable[Package], folder: str) -> dict[str, dict[str, str]]:
    grouped: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        asks = f"=={row.version}" if row.version else row.specifier or "any version"
        path = below(row.path, folder)
        known = grouped[row.name].get(path, asks)
        grouped[row.name][path] = asks if known == asks else f"{known}, {asks}"
    return grouped


def _by_place(rows: Iterable[_F], folder: str, name: str) -> dict[tuple[str, str], _F]:
    return {(below(row.path, folder), attrgetter(name)(row)): row for row in rows}


def _libraries(
    before: Mapping[tuple[str, str], NativeLibrary], after: Mapping[tuple[str, str], NativeLibrary], found: Found
) -> None:
    """What a library of the same path and machine asks for; that its bytes differ is told as a member."""
    for key in sorted(before.keys() & after.keys()):
        for field in _LIBRARY:
            first, second = (_text(attrgetter(field)(one[key])) for one in (before, after))
            if first != second:
                found.change("native", "changed", key[0], field=field, before=first, after=second)


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _imports(
    before: Mapping[tuple[str, str], PickleImports], after: Mapping[tuple[str, str], PickleImports], found: Found
) -> None:
    """A pickle that builds objects of other classes is another model, whatever its weights are."""
    for key in sorted(before.keys() & after.keys()):
        a, b = before[key], after[key]
        gone, come = sorted(set(a.globals) - set(b.globals)), sorted(set(b.globals) - set(a.globals))
        if gone or come:
            first, second = ", ".join(gone), ", ".join(come)
            found.change("architecture", "changed", key[0], field="classes", before=first, after=second)
        elif a.count != b.count or a.count > len(a.globals):
            found.miss(key[0], "too-many", f"of what it imports {len(a.globals)} names are published")


def read_paths(one: Snapshot, folder: str) -> set[str]:
    """Documents whose fields are in the record, and lists of packages."""
    rows: tuple[Fact, ...] = (*one.of(MetadataValue), *one.of(Package))
    return {below(row.path, folder) for row in rows}


def sources_by_path(one: Snapshot, folder: str) -> dict[str, str]:
    """The formats that were read in members which say anything."""
    return {below(row.path, folder): row.source for row in one.of(MetadataValue)} | {
        below(row.path, folder): row.form for row in one.of(ModelStructure)
    }


def gaps_by_path(one: Snapshot, folder: str, found: Found) -> Iterator[tuple[str, Gap]]:
    """What was not examined, by member; what is about the archive as a whole is told here."""
    for gap in one.gaps:
        if gap.location.path:
            if gap.inspector in _LOOKED:
                yield below(gap.location.path, folder), gap
        elif gap.inspector in _WHOLE:
            found.miss("", str(gap.reason), f"{one.side.subject.name}: {gap.detail}")
