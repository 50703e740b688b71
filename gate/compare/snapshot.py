"""What is known of one archive when it is compared: the same for one that was just read and for a saved result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar, cast

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
class Snapshot:
    """One of the two. `rows` are the members, sorted by path, None where nobody has them.

    `gaps` are what was not examined; `lacks` what the snapshot itself does not hold, for which the archive would have
    to be asked; `published` is whether the values of the record may be only the first of more.
    """

    side: Side
    rows: Iterable[Listed] | None
    facts: Mapping[type[Fact], tuple[Fact, ...]]
    gaps: tuple[Gap, ...] = ()
    lacks: tuple[Uncompared, ...] = ()

    def of(self, kind: type[_F]) -> tuple[_F, ...]:
        """The facts of one kind."""
        return cast(tuple[_F, ...], self.facts.get(kind, ()))

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
