"""What is known of one archive when it is compared: the same for one that was just read and for a saved result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar, cast

from gate.compare.paths import below
from gate.core.comparison import Side, Uncompared
from gate.core.gap import Gap
from gate.core.report import Listed, Report
from gate.core.row import Fact
from gate.facts.dependencies import Package
from gate.facts.metadata import MetadataValue, ModelMetadata
from gate.facts.native import NativeLibrary
from gate.facts.pickles import PickleImports
from gate.facts.structure import ModelStructure
from gate.records.summary import PUBLISHED

FACTS = 100_000
"""Facts of one kind that are compared."""
KINDS: Mapping[str, type[Fact]] = {
    kind.kind: kind for kind in (MetadataValue, ModelMetadata, ModelStructure, NativeLibrary, Package, PickleImports)
}
"""Facts that count here."""
_F = TypeVar("_F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Row:
    """One member, as gate.core.report.Listed."""

    path: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One of the two. `rows` are the members, sorted by path, None where nobody has them.

    `gaps` are what was not examined; `lacks` what the snapshot itself does not hold, for which the archive would have
    to be asked.
    """

    side: Side
    rows: Iterable[Listed] | None
    facts: Mapping[type[Fact], tuple[Fact, ...]]
    gaps: tuple[Gap, ...] = ()
    lacks: tuple[Uncompared, ...] = ()

    def of(self, kind: type[_F]) -> tuple[_F, ...]:
        """The facts of one kind."""
        return cast(tuple[_F, ...], self.facts.get(kind, ()))

    @property
    def members(self) -> Iterable[Listed] | None:
        """The rows; of a file that is no archive the one member "", which is the file."""
        subject = self.side.subject
        if self.rows is None or self.side.members or subject.kind != "file" or "sha256" not in subject.digest:
            return self.rows
        return (Row("", subject.size, subject.digest["sha256"], ""),)

    def paths(self, folder: str) -> set[str]:
        """The members, below a folder, that facts are about."""
        return {below(row.path, folder) for rows in self.facts.values() for row in rows}

    def without(self, same: set[str], folder: str) -> Snapshot:
        """The same, without facts about members whose bytes are the same in both: no reader makes a change of them."""
        kept = {kind: tuple(r for r in rows if below(r.path, folder) not in same) for kind, rows in self.facts.items()}
        return replace(self, facts=kept)

    def named(self, name: str, version: str) -> Snapshot:
        """The same, where the user says what it is called and which version it is; "" keeps what it says itself."""
        side = replace(self.side, name=name or self.side.name, version=version or self.side.version)
        return replace(self, side=side)


def of_report(report: Report) -> Snapshot:
    """The snapshot of an archive that was just read."""
    kept: dict[type[Fact], list[Fact]] = {}
    lacks: dict[str, Uncompared] = {}
    for fact in report.facts:
        kind = type(fact)
        if kind.kind in KINDS:
            rows = kept.setdefault(kind, [])
            if len(rows) < FACTS:
                rows.append(fact)
            else:
                lacks[kind.kind] = Uncompared("", "too-many", f"more than {FACTS} facts {kind.kind}")
    inventory = report.inventory
    side = Side(
        "archive",
        report.subject,
        report.model.name,
        report.model.version or "",
        inventory.members,
        inventory.bytes,
        inventory.root,
    )
    gaps = tuple(islice(report.gaps, FACTS))
    if len(gaps) == FACTS:
        lacks["gaps"] = Uncompared("", "too-many", f"{FACTS} gaps or more")
    facts = {kind: tuple(rows) for kind, rows in kept.items()}
    return Snapshot(side, inventory.rows, facts, gaps, (*lacks.values(), *cut(facts)))


def cut(facts: Mapping[type[Fact], tuple[Fact, ...]]) -> Iterator[Uncompared]:
    """What the inspector itself publishes only in part."""
    if len(facts.get(MetadataValue, ())) >= PUBLISHED:
        yield Uncompared("", "too-many", f"of the record {PUBLISHED} values are published, there may be more")
