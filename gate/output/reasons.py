"""Reasons in words: what all renderings say about one row of the decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gate.core.decision import NEVER, Action, Decision, Reason, Request
from gate.core.finding import Finding, Level, Rule
from gate.core.gap import Gap
from gate.core.subject import Subject
from gate.core.text import printable
from gate.core.waivers import concerns, live
from gate.output.remedies import advice

_SENTENCE = 1000
"""Characters of one message; an argument has at most 300."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason with everything that a person needs: where, how many more, what it means, what to do.

    `first` is None for a reason without a listed item; then `subject` is what the policy named (a section, a model).
    """

    code: str
    action: Action
    subject: str
    first: Finding | Gap | None
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
    listed = [what for what, covered in _items(reason.code, decision) if covered == waived]
    first = next((what for what in listed if what.location.path == reason.subject), None)
    rule, known = rules.get(reason.code), advice(reason.code)
    return Explained(
        code=printable(reason.code),
        action=reason.action,
        subject=reason.subject,
        first=first,
        more=max(_counted(reason.code, decision, waived=waived) - 1, 0) if first else 0,
        title=rule.title if rule else known.title,
        says=say(first, rules) if first else printable(reason.message, _SENTENCE),
        remedy=rule.remediation if rule else known.remedy,
        fingerprints=tuple(
            sorted({what.fingerprint(request.model_name) for what in listed if isinstance(what, Finding)})
        ),
    )


def _items(code: str, decision: Decision) -> Iterator[tuple[Finding | Gap, bool]]:
    """What is listed of a code, each with whether it is waived.

    A waiver counts only where the policy says that it does: nobody waives a mandatory code, and an engine that gave no
    answer accepted nothing.
    """
    accepted = _accepted(code, decision)
    for item in decision.tallies[code].items if code in decision.tallies else ():
        yield item.what, item.waived and accepted


def _accepted(code: str, decision: Decision) -> bool:
    return any(row.code == code for row in decision.waived)


def _counted(code: str, decision: Decision, *, waived: bool) -> int:
    tally = decision.tallies[code]
    if not _accepted(code, decision):
        return tally.total
    return tally.waived if waived else tally.unwaived


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


def findings(decision: Decision) -> list[tuple[Finding, bool]]:
    """The listed findings in order, each with whether it is waived."""
    rows = (row for code in decision.tallies for row in _items(code, decision))
    return sorted((what, waived) for what, waived in rows if isinstance(what, Finding))


def gaps(decision: Decision) -> list[tuple[Gap, bool]]:
    """The listed gaps in order, each with whether it is waived."""
    rows = (row for code in decision.tallies for row in _items(code, decision))
    return sorted((what, waived) for what, waived in rows if isinstance(what, Gap))


def actions(decision: Decision) -> dict[str, Action]:
    """What policy does with each code that it answered about; a code that is absent is off, or was never judged."""
    return {row.code: row.action for row in (*decision.waived, *decision.warnings, *decision.reasons)}


def justification(what: Finding | Gap, request: Request, subject: Subject) -> str:
    """Ticket, reason and end of the waiver that covers an item which policy counted as waived."""
    for waiver in request.accepted:
        if (
            live(waiver, request, subject)
            and waiver.code == what.code
            and fnmatchcase(what.location.path, waiver.subject)
            and concerns(waiver, what)
        ):
            ends = "" if waiver.expires == NEVER else f", until {waiver.expires}"
            return printable(f"{waiver.ticket}: {waiver.reason} (approved by {waiver.approved_by}{ends})")
    return "waived"
