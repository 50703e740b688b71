"""What a person reads in ten seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.core.decision import Action, Decision, Outcome, Reason, Request
from gate.core.finding import Rule
from gate.core.report import Report, State
from gate.core.text import printable
from gate.output.lines import count, labelled, size
from gate.output.reasons import Explained, explain, justification

_SENTENCE = {
    Outcome.ALLOW: "ALLOW: {name} may be promoted to {stage}.",
    Outcome.DENY: "DENY: {name} may not be promoted to {stage}.",
    Outcome.INCONCLUSIVE: "INCONCLUSIVE: {name} was not fully judged for {stage}; treat this as a denial.",
}
_BOLD, _RESET = "\x1b[1m", "\x1b[0m"
_COLOURS = {Outcome.ALLOW: "\x1b[1;32m", Outcome.DENY: "\x1b[1;31m", Outcome.INCONCLUSIVE: "\x1b[1;33m"}
_UNFINISHED = (State.PARTIAL, State.FAILED, State.SKIPPED)


def render(
    report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule], *, color: bool = False
) -> str:
    """The outcome in words, then the reasons with what to do, then what limits the answer.

    Every line starts with a word of gate's own: text from an archive never stands at the start of a line, where a CI
    runner would take it for a command. With `color` the headings are in ANSI colours.
    """
    blocks = [
        _head(report, request, decision),
        *_reasons(request, decision, rules),
        list(_waived(report, request, decision, rules)),
        list(_limits(report, decision)),
        list(_digests(report, decision)),
    ]
    lines = "\n\n".join("\n".join(block) for block in blocks if block)
    return (_paint(lines, decision.outcome) if color else lines) + "\n"


def _head(report: Report, request: Request, decision: Decision) -> list[str]:
    subject, inventory = report.subject, report.inventory
    name, stage = printable(subject.name), printable(request.stage)
    what = [printable(subject.kind), printable(subject.format or "format not recognised")]
    amount = [count(inventory.members, "member"), size(subject.size)]
    asked = {
        "stage": request.stage,
        "environment": request.environment,
        "at": request.effective_time,
    }
    model = _model(report, request)
    return [
        *labelled("", _SENTENCE[decision.outcome].format(name=name, stage=stage), follow="  | "),
        *(labelled("  model:   ", model) if model else []),
        *labelled("  subject: ", ", ".join(what + amount)),
        *labelled("  request: ", ", ".join(f"{label} {printable(value)}" for label, value in asked.items() if value)),
    ]


def _model(report: Report, request: Request) -> str:
    """What it is: name, version and build, then what else the archive says; "" where nobody says anything."""
    named = f"{printable(request.model_name)} {printable(request.model_version or '')}".strip()
    build = f"build {printable(request.build_id)}" if request.build_id else ""
    words = [f"{label} {printable(word, 120)}" for label, word in report.model.about]
    return ", ".join(filter(None, [named, build, *words]))


def _reasons(request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Iterator[list[str]]:
    tables = (
        ("Denied because:", [row for row in decision.reasons if row.action is Action.DENY]),
        ("Inconclusive because:", [row for row in decision.reasons if row.action is not Action.DENY]),
        ("Warnings:", list(decision.warnings)),
    )
    for heading, rows in tables:
        if rows:
            yield [heading, *(line for row in rows for line in _reason(row, request, decision, rules))]


def _reason(row: Reason, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Iterator[str]:
    known = explain(row, request, decision, rules)
    yield from labelled("  - ", f"{known.code} {_where(known)}", follow="    | ")
    yield from labelled("    what: ", known.message)
    yield from labelled("    fix:  ", known.remedy)


def _waived(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Iterator[str]:
    if decision.waived:
        yield "Waived:"
    for row in decision.waived:
        known = explain(row, request, decision, rules, waived=True)
        why = justification(known.first, request, report.subject) if known.first else known.message
        yield from labelled("  - ", f"{known.code} {_where(known)}".rstrip() + f": {why}", follow="    | ")


def _where(known: Explained) -> str:
    if known.first is None:
        return f"({printable(known.subject)})" if known.subject else ""
    at = known.first.location
    place = f"at {printable(at.path)}" if at.path else "at the subject itself"
    line = f" line {at.line}" if at.line > 0 else ""
    more = f" + {known.more} more" if known.more else ""
    return place + line + more


def _limits(report: Report, decision: Decision) -> Iterator[str]:
    """What stands between this answer and a complete one."""
    missed = {code: tally.total for code, tally in sorted(decision.tallies.items()) if code.startswith("gap.")}
    if missed:
        each = ", ".join(f"{code.removeprefix('gap.')} {n}" for code, n in missed.items())
        yield from labelled("Not examined: ", f"{sum(missed.values())} ({each})")
    unfinished = [f"{status.inspector} {status.state}" for status in report.statuses if status.state in _UNFINISHED]
    if unfinished:
        yield from labelled("Not complete: ", printable(", ".join(unfinished), limit=1000))
    cut = [f"{code} {len(t.items)} of {t.total}" for code, t in sorted(decision.tallies.items()) if t.truncated]
    if cut:
        yield from labelled("Listed in part: ", printable(", ".join(cut), limit=1000))


def _digests(report: Report, decision: Decision) -> Iterator[str]:
    digests = [f"{kind} {value}" for kind, value in sorted(report.subject.digest.items())]
    yield from labelled("Digest: ", printable(", ".join(digests)) or "none, because not every member was read")
    used = decision.policy
    digest = f"sha256 {used.digest}" if used.digest else "digest unknown"
    yield from labelled("Policy: ", printable(f"{digest} ({used.engine})"))
    if used.data_digest:
        yield from labelled("Policy data: ", printable(f"sha256 {used.data_digest}"))


def _paint(lines: str, outcome: Outcome) -> str:
    """Colour the first word and the headings: all of them constants of this file."""
    word = outcome.upper()
    lines = _COLOURS[outcome] + word + _RESET + lines.removeprefix(word)
    for heading in ("Denied because:", "Inconclusive because:", "Warnings:", "Waived:"):
        lines = lines.replace(f"\n{heading}\n", f"\n{_BOLD}{heading}{_RESET}\n")
    return lines
