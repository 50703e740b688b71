"""Store: everything that was said in one scan, by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeAlias

from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.row import Fact, Row
from gate.core.text import printable
from gate.facts.spill import Spill

Said: TypeAlias = Row | Finding | Gap


class Store:
    """Findings, gaps and rows, each sorted and spilled to disk; the one place where text from an archive is cleaned."""

    def __init__(self) -> None:
        self.findings: Spill[Finding] = Spill()
        self.gaps: Spill[Gap] = Spill()
        self.found: Counter[str] = Counter()
        """Findings by rule."""
        self.gapped: Counter[str] = Counter()
        """Gaps by inspector."""
        self._rows: dict[type[Row], Spill[Any]] = {}

    def add(self, item: Said, by: str) -> None:
        """Keep one item that inspector `by` said."""
        if isinstance(item, Finding):
            self.found[item.rule] += 1
            self.findings.add(_clean(item))
        elif isinstance(item, Gap):
            self.gapped[by] += 1
            self.gaps.add(item._replace(inspector=by, detail=printable(item.detail)))
        else:
            self._spill(type(item)).add(item)

    def extend(self, items: Iterable[Said], by: str) -> None:
        for item in items:
            self.add(item, by)

    def _spill(self, kind: type[Row]) -> Spill[Any]:
        if kind not in self._rows:
            self._rows[kind] = Spill(attrgetter(*(field.name for field in fields(kind))))
        return self._rows[kind]

    def rows(self, kind: type[Row]) -> Iterator[Any]:
        return iter(self._rows.get(kind, ()))

    def count(self, kind: type[Row]) -> int:
        return self._rows[kind].count if kind in self._rows else 0

    def facts(self) -> Facts:
        return Facts(self._rows)


class Facts:
    """All facts, by kind and then by path; may be iterated again."""

    def __init__(self, rows: dict[type[Row], Spill[Any]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Fact]:
        kinds = [kind for kind in self._rows if issubclass(kind, Fact)]
        for kind in sorted(kinds, key=lambda kind: kind.kind):
            yield from self._rows[kind]


def _clean(finding: Finding) -> Finding:
    if all(len(value) < 200 and value.isprintable() and "##" not in value for _, value in finding.args):
        return finding
    return finding._replace(args=tuple((name, printable(value)) for name, value in finding.args))
