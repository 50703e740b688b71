"""Claims brought together: one record a model, in which the word that counts most stands first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from gate.facts.metadata import Claimed
from gate.formats.licences import says_nothing
from gate.records.places import depth, enclosing, folder

_SPEAKS = frozenset(
    {"architecture", "family", "flavors", "framework", "model_id", "name", "registry_version", "run_id", "version"}
    | {"writer"}
)
"""Keys that only something that describes a model as a whole has."""
_MANIFEST = range(1, 31)
"""Ranks of what is written about a model as a whole: not what was measured in one file, nor a card."""


def family(key: str) -> str:
    """`framework.torch` is of the family `framework`."""
    return key.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Record:
    """What is said about the model in one folder, there and in the folders around it; rows by key, the first counts."""

    place: str
    rows: Mapping[str, tuple[Claimed, ...]]

    def first(self, *keys: str) -> Claimed | None:
        """The row that counts of the first key that has any."""
        return next((self.rows[key][0] for key in keys if key in self.rows), None)

    def value(self, *keys: str) -> str:
        """Its first value, "" where there is none."""
        row = self.first(*keys)
        return row.values[0] if row and row.values else ""

    def values(self, *keys: str) -> tuple[str, ...]:
        row = self.first(*keys)
        return row.values if row else ()

    def families(self) -> frozenset[str]:
        return frozenset(family(key) for key in self.rows)


class Records:
    """The claims of a whole archive, by the folder of the model that they are about."""

    def __init__(self, claims: Iterable[Claimed]) -> None:
        self._places: dict[str, dict[str, list[Claimed]]] = {}
        for row in claims:
            self._places.setdefault(folder(row.path), {}).setdefault(row.key, []).append(row)

    def __len__(self) -> int:
        return len(self._places)

    def places(self) -> list[str]:
        """The folders, outer ones first."""
        return sorted(self._places, key=lambda place: (depth(place), place))

    def at(self, place: str) -> Mapping[str, list[Claimed]]:
        """What is said in one folder, by key."""
        return self._places.get(place, {})

    def around(self, place: str) -> Iterator[str]:
        """The folders with claims that enclose one, itself first, the nearest next."""
        return (outer for outer in enclosing(place) if outer in self._places)

    def main(self) -> str:
        """The folder of the model that the archive is about: the outermost that speaks of one, "" where several do."""
        ordered = self.places()
        for speaks in (_manifest, _names, _anything):
            found = [place for place in ordered if any(map(speaks, chain(*self._places[place].values())))]
            outermost = [place for place in found if depth(place) == depth(found[0])]
            if outermost:
                return outermost[0] if len(outermost) == 1 else ""
        return ""

    def record(self, place: str) -> Record:
        """The record of one model."""
        by_key: dict[str, list[Claimed]] = defaultdict(list)
        for outer in self.around(place):
            for key, rows in self._places[outer].items():
                by_key[key] += rows
        return Record(place, {key: tuple(_in_order(rows)) for key, rows in sorted(by_key.items())})


def _in_order(rows: list[Claimed]) -> list[Claimed]:
    """Whose word counts first; outer before inner: an archive speaks before what it contains."""
    said = [row for row in rows if not (row.key == "licence" and all(map(says_nothing, row.values)))]
    return sorted(said or rows, key=lambda row: (row.rank, depth(folder(row.path)), row.path, row.field, row.values))


def _manifest(row: Claimed) -> bool:
    return row.rank in _MANIFEST and family(row.key) in _SPEAKS


def _names(row: Claimed) -> bool:
    return row.key in ("name", "version")


def _anything(_: Claimed) -> bool:
    return True
