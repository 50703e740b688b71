"""Reasons in words: what all renderings say about one row of the decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gate.core.decision import Action, Decision, Item, Reason, Request, Tally
from gate.core.finding import Finding, Level, Rule
from gate.core.gap import Gap
from gate.core.location import Location
from gate.core.text import printable
from gate.output.remedies import advice

_SENTENCE = 1000
"""Characters of one message; an argument has at most 300."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason with everything that a person needs: where, how many more, what it means, what to do.

    `at` is None for a reason that concerns no member; then `subject` is what the policy named (a section, a model).
    """

    code: str
    action: Action
    subject: str
    at: Location | None
    more: int
    title: str
    says: str
    remedy: str
    fingerprints: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.title}: {self.says}" if self.says else self.title


def explain(
    reason: Reason, request: Request, decision: Decision, rules: Mapping[str, Rule], *, waived: bool = False
) -> Explained:
    """The words for one reason; with `waived`, for the items that a waiver covers."""
    tally = decision.tallies.get(reason.code)
    listed = [item for item in tally.items if item.waived == waived] if tally else []
    first = next((item.what for item in listed if item.what.location.path == reason.subject), None)
    rule = rules.get(reason.code)
    known = advice(reason.code)
    return Explained(
        code=printable(reason.code),
        action=reason.action,
        subject=reason.subject,
        at=first.location if first else None,
        more=_others(tally, waived=waived) if first else 0,
        title=rule.title if rule else known.title,
        says=say(first, rules) if first else printable(reason.message, _SENTENCE),
        remedy=rule.remediation if rule else known.remedy,
        fingerprints=tuple(
            sorted({item.what.fingerprint(request.model_name) for item in listed if isinstance(item.what, Finding)})
        ),
    )


def _others(tally: Tally | None, *, waived: bool) -> int:
    return max((tally.waived if waived else tally.unwaived) - 1, 0) if tally else 0


def say(what: Finding | Gap, rules: Mapping[str, Rule]) -> str:
    """One sentence about one finding or gap, safe to print."""
    if isinstance(what, Gap):
        return printable(f"{what.detail} ({what.inspector})" if what.inspector else what.detail, _SENTENCE)
    rule = rules.get(what.rule)
    return printable(rule.say(dict(what.args)) if rule else "", _SENTENCE)


def rule_of(code: str, decision: Decision, rules: Mapping[str, Rule]) -> Rule:
    """The text of one rule, or a bare one with the level that was counted for a code that has none."""
    known, tally = advice(code), decision.tallies.get(code)
    level = Level(tally.level) if tally and tally.level in set(Level) else Level.ERROR
    return rules.get(code) or Rule(code, known.title, level, "", known.title + ".", known.remedy)


def findings(decision: Decision) -> Iterator[tuple[Finding, bool]]:
    """The listed findings in order, each with whether it is waived."""
    rows = ((item.what, item.waived) for item in _items(decision) if isinstance(item.what, Finding))
    return iter(sorted(rows))


def gaps(decision: Decision) -> Iterator[tuple[Gap, bool]]:
    """The listed gaps in order, each with whether it is waived."""
    rows = ((item.what, item.waived) for item in _items(decision) if isinstance(item.what, Gap))
    return iter(sorted(rows))


def _items(decision: Decision) -> Iterator[Item]:
    for tally in decision.tallies.values():
        yield from tally.items


def justification(what: Finding | Gap, request: Request) -> str:
    """Ticket, reason and end of the waiver that covers an item which policy counted as waived."""
    for waiver in request.waivers:
        live = request.stage in waiver.stages and waiver.created <= request.effective_time < waiver.expires
        if live and waiver.code == what.code and fnmatchcase(what.location.path, waiver.subject):
            return printable(
                f"{waiver.ticket}: {waiver.reason} (approved by {waiver.approved_by}, until {waiver.expires})"
            )
    return "waived"
