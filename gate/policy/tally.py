"""Count everything, apply the waivers, then cap: in this order, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gate.core.decision import Item, Request, Tally
from gate.core.finding import Finding, Level, Rule
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.core.report import Report
from gate.core.waivers import Covers, covering, live


@dataclass(frozen=True, slots=True)
class Tallies:
    """What was counted, by code, sorted."""

    findings: Mapping[str, Tally]
    gaps: Mapping[str, Tally]

    def all(self) -> dict[str, Tally]:
        return {**self.findings, **self.gaps}


def count(report: Report, request: Request, rules: Mapping[str, Rule], limits: Limits) -> Tallies:
    """Count all findings and gaps of a report under the waivers that are in force for this request."""
    in_force = (waiver for waiver in request.accepted if live(waiver, request, report.subject))
    covers = covering(in_force, report.inventory.rows)
    cap = limits.rule_items
    return Tallies(tally(report.findings, rules, covers, cap), tally(report.gaps, rules, covers, cap))


class _Count:
    """What is kept of one code while its rows pass by: numbers, and the first `cap` rows of each kind."""

    __slots__ = ("covers", "held", "open", "total", "waived")

    def __init__(self, covers: Covers | None) -> None:
        self.covers = covers
        self.total = self.waived = 0
        self.open: list[Finding | Gap] = []
        self.held: list[Finding | Gap] = []


def tally(
    rows: Iterable[Finding] | Iterable[Gap], rules: Mapping[str, Rule], covers: Mapping[str, Covers], cap: int
) -> dict[str, Tally]:
    """By code, sorted: all counts, and the first `cap` rows with the unwaived ones in front.

    Rows come sorted, so the listed ones are the same on every run. `covers` holds the waivers in force, by code.
    """
    counts: dict[str, _Count] = {}
    for row in rows:
        code = row.code
        seen = counts.get(code)
        if seen is None:
            seen = counts[code] = _Count(covers.get(code))
        seen.total += 1
        if seen.covers is not None and seen.covers(row):
            seen.waived += 1
            kept = seen.held
        else:
            kept = seen.open
        if len(kept) < cap:
            kept.append(row)
    return {code: _close(counts[code], _level(code, rules), cap) for code in sorted(counts)}


def _close(seen: _Count, level: Level, cap: int) -> Tally:
    items = [Item(row, waived=False) for row in seen.open] + [Item(row, waived=True) for row in seen.held]
    return Tally(level, seen.total, seen.waived, tuple(items[:cap]))


def _level(code: str, rules: Mapping[str, Rule]) -> Level:
    """A gap has no level; a code without a rule text is taken at its worst."""
    if code.startswith("gap."):
        return Level.NONE
    return rules[code].level if code in rules else Level.ERROR
