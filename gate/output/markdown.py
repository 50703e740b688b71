"""A step summary: GitHub Flavored Markdown in which nothing of an archive is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gate.core.decision import Action, Decision, Outcome, Reason, Request
from gate.core.finding import Rule
from gate.core.report import Report, State
from gate.core.text import printable
from gate.output.reasons import Explained, explain, justification

_SENTENCE = {
    Outcome.ALLOW: "may be promoted to",
    Outcome.DENY: "may not be promoted to",
    Outcome.INCONCLUSIVE: "was not fully judged; treat this as a denial of",
}
_TABLE = "| code | where | what | what to do |\n|---|---|---|---|"
_UNFINISHED = (State.PARTIAL, State.FAILED, State.SKIPPED)
_PUNCTUATION = re.compile(r"""[-!"#$&*+./:<=>?\[\\\]^_`{|}~]""")
"""ASCII punctuation that can be markup somewhere: https://spec.commonmark.org/0.31.2/#backslash-escapes"""


def render(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    """The outcome, one table row a reason, and what limits the answer; https://github.github.com/gfm/.

    No line starts with two number signs, which a CI runner may take for a command when the text is printed.
    """
    blocks = [
        _head(report, request, decision),
        *_reasons(request, decision, rules),
        _waived(report, request, decision, rules),
        _limits(report, decision),
        _digests(report, decision),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(report: Report, request: Request, decision: Decision) -> str:
    name, stage = _code(report.subject.name), _code(request.stage)
    kind = _text(f"{report.subject.kind}, {report.subject.format or 'format not recognised'}")
    where = f" in {_code(request.environment)}" if request.environment else ""
    lines = (
        f"# gate: {decision.outcome.upper()}",
        f"{name} ({kind}) {_SENTENCE[decision.outcome]} {stage}{where}.",
    )
    return "\n\n".join(lines)


def _reasons(request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Iterator[str]:
    tables = (
        ("Denied because", [row for row in decision.reasons if row.action is Action.DENY]),
        ("Inconclusive because", [row for row in decision.reasons if row.action is not Action.DENY]),
        ("Warnings", list(decision.warnings)),
    )
    for heading, rows in tables:
        if rows:
            yield "\n".join((f"**{heading}**\n", _TABLE, *(_row(row, request, decision, rules) for row in rows)))


def _row(row: Reason, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    known = explain(row, request, decision, rules)
    return f"| {_code(known.code)} | {_where(known)} | {_text(known.message)} | {_text(known.remedy)} |"


def _where(known: Explained) -> str:
    if known.first is None:
        return _code(known.subject) if known.subject else ""
    at = known.first.location
    line = f" line {at.line}" if at.line > 0 else ""
    more = f" and {known.more} more" if known.more else ""
    return (_code(at.path) if at.path else "the subject itself") + line + more


def _waived(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    lines = []
    for row in decision.waived:
        known = explain(row, request, decision, rules, waived=True)
        why = justification(known.first, request, report.subject) if known.first else known.message
        lines.append(f"- {_code(known.code)} {_where(known)}: {_text(why)}")
    return "\n".join(("**Waived**\n", *lines)) if lines else ""


def _limits(report: Report, decision: Decision) -> str:
    """What stands between this answer and a complete one."""
    lines = [
        f"- not examined: {_text(code.removeprefix('gap.'))} {tally.total}"
        for code, tally in sorted(decision.tallies.items())
        if code.startswith("gap.")
    ]
    lines += [f"- {_text(row.inspector)}: {row.state}" for row in report.statuses if row.state in _UNFINISHED]
    lines += [
        f"- listed in part: {_code(code)} {len(tally.items)} of {tally.total}"
        for code, tally in sorted(decision.tallies.items())
        if tally.truncated
    ]
    return "\n".join(("**Not complete**\n", *lines)) if lines else ""


def _digests(report: Report, decision: Decision) -> str:
    digests = [f"{kind} {_code(value)}" for kind, value in sorted(report.subject.digest.items())]
    used = decision.policy
    policy = f"sha256 {_code(used.digest)}" if used.digest else "digest unknown"
    own = f", policy data sha256 {_code(used.data_digest)}" if used.data_digest else ""
    return f"Digest: {', '.join(digests) or 'none'}  \nPolicy: {policy} ({_text(used.engine)}){own}"


def _text(text: str) -> str:
    """Words that may come from an archive: no markup, no link, no mention, no end of a table cell.

    The empty comment keeps GitHub from taking a name behind an at sign for a person who is to be told.
    """
    return _PUNCTUATION.sub(r"\\\g<0>", printable(text, 2000)).replace("@", "@<!-- -->")


def _code(text: str) -> str:
    """A code span, which has no escapes but that of a bar in a table: fenced by more backticks than stand inside."""
    text = printable(text, 2000) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", r"\|")
