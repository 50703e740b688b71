"""Annotations of a GitHub workflow: one command a reason, in which nothing of an archive is a command.

Source: GitHub, "Workflow commands for GitHub Actions" (error, warning, notice; at most 10 of each are shown a step),
and the runner's own reader of them: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gate.core.decision import Action, Decision, Outcome, Reason, Request
from gate.core.finding import Rule
from gate.core.report import Report
from gate.core.text import printable
from gate.output.address import whole, within
from gate.output.reasons import Explained, explain, justification

MOST = 10
"""Annotations of one kind that GitHub shows for one step."""
_LONGEST = 2000
"""Characters of one message or property; GitHub shows the first few lines."""
_SENTENCE = {
    Outcome.ALLOW: "may be promoted to",
    Outcome.DENY: "may not be promoted to",
    Outcome.INCONCLUSIVE: "was not fully judged; treat this as a denial of",
}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def command(kind: str, message: str, **properties: str) -> str:
    """One workflow command in one line, without its end; empty properties are left out."""
    given = ",".join(
        f"{key}={printable(value, _LONGEST).translate(_PROPERTY)}" for key, value in properties.items() if value
    )
    return f"::{kind}{' ' * bool(given)}{given}::{printable(message, _LONGEST).translate(_DATA)}"


def render(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    """The outcome and one annotation a reason, at the archive's own path: errors, warnings, what is waived."""

    def annotate(kind: str, rows: Iterable[Reason], *, waived: bool = False) -> Iterator[str]:
        for row in sorted(rows, key=lambda row: _weight(row, rules)):
            known = explain(row, request, decision, rules, waived=waived)
            first = known.first
            why = justification(first, request, report.subject) if waived and first else ""
            yield command(kind, _message(known, why), **_place(report, known), title=f"gate: {known.code}")

    outcome = decision.outcome
    says = f"{report.subject.name} {_SENTENCE[outcome]} {request.stage}"
    head = "notice" if outcome is Outcome.ALLOW else "error"
    first = command(head, says, file=whole(report), title=f"gate: {outcome.upper()}")
    allowed, denied = ([first], []) if outcome is Outcome.ALLOW else ([], [first])
    lines = (
        *_capped("error", [*denied, *annotate("error", decision.reasons)]),
        *_capped("warning", [*annotate("warning", decision.warnings)]),
        *_capped("notice", [*allowed, *annotate("notice", decision.waived, waived=True)]),
    )
    return "".join(f"{line}\n" for line in lines)


def _weight(row: Reason, rules: Mapping[str, Rule]) -> tuple[bool, float, Reason]:
    """The gravest come first, because the last ones may not be shown."""
    rule = rules.get(row.code)
    return row.action is not Action.DENY, -((rule and rule.security_severity) or 0.0), row


def _message(known: Explained, why: str) -> str:
    where = f"{printable(known.first.location.path)}: " if known.first and known.first.location.path else ""
    subject = f"{printable(known.subject)}: " if known.subject and not known.first else ""
    more = f" (and {known.more} more)" if known.more else ""
    return f"{where or subject}{known.message}{more}. {'Waived: ' + why if why else known.remedy}"


def _place(report: Report, known: Explained) -> dict[str, str]:
    """The file of the repository: the archive, or the file of a folder, with its line where there is one."""
    at = known.first.location if known.first else None
    if at is None or report.subject.kind != "directory" or not at.path:
        return {"file": whole(report)}
    file, _, inside = at.path.partition("!/")
    line = str(at.line) if at.line > 0 and not inside else ""
    return {"file": within(report, file), "line": line}


def _capped(kind: str, lines: list[str]) -> list[str]:
    """What GitHub shows of one kind; the last one says how many are left out."""
    if len(lines) <= MOST:
        return lines
    left = len(lines) - MOST + 1
    return [*lines[: MOST - 1], command(kind, f"{left} more; the report has all of them", title="gate: more")]
