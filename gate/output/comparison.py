"""Renderings of a comparison: for a person, and as `gate.compare/v1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from gate import __version__
from gate.core.comparison import Bump, Change, Comparison, Side
from gate.core.decision import Outcome
from gate.core.finding import Finding, Rule
from gate.core.report import Json
from gate.core.text import printable
from gate.output.dump import dumps
from gate.output.lines import count, labelled, size

SCHEMA = "gate.compare/v1"
_SENTENCE = 1000


def text(comparison: Comparison, rules: Mapping[str, Rule]) -> str:
    """The answer in a sentence, findings with what to do, changes by the step that they need, what was not compared."""
    blocks = [
        [
            *labelled("", _answer(comparison), follow="  | "),
            *_side("old", comparison.old),
            *_side("new", comparison.new),
        ],
        [line for finding in comparison.findings for line in _finding(finding, rules)],
        *(list(_changes(comparison, bump)) for bump in sorted(Bump, reverse=True)),
        list(_uncompared(comparison)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _answer(comparison: Comparison) -> str:
    outcome = comparison.outcome.upper()
    if comparison.equal:
        return f"{outcome}: the two are equal, byte for byte."
    if not comparison.totals and not comparison.missed:
        return f"{outcome}: the two hold the same members, byte for byte."
    if not comparison.totals:
        return f"{outcome}: no change was found, and not everything could be compared."
    needs = f"the changes need {_step(comparison.required)}"
    if comparison.allowed is not comparison.required:
        needs += f", which is {_step(comparison.allowed)} while the major version is 0"
    if comparison.outcome is Outcome.INCONCLUSIVE:
        needs += " at least, and not everything could be compared"
    return f"{outcome}: {needs}; {_made(comparison)}."


def _step(bump: Bump) -> str:
    return f"a {bump.word} step" if bump else "no step"


def _made(comparison: Comparison) -> str:
    made, old, new = comparison.step, printable(comparison.old.version, 80), printable(comparison.new.version, 80)
    if made.bump is None:
        return f"how far the versions are apart is not known ({printable(made.why)})"
    if made.back:
        return f"{old} -> {new} goes back"
    return f"both are {new}" if old == new else f"{old} -> {new} is {_step(made.bump)}"


def _side(label: str, side: Side) -> list[str]:
    subject = side.subject
    model = f"{printable(side.name) or 'model without a name'} {printable(side.version) or 'without a version'}"
    form = printable(subject.format or "format not recognised")
    what = [printable(subject.kind), form, count(side.members, "member"), size(subject.size)]
    origin = " (a saved result)" if side.source == "result" else ""
    return labelled(f"  {label}: ", f"{printable(subject.name)}{origin}: {model}, {', '.join(what)}")


def _finding(finding: Finding, rules: Mapping[str, Rule]) -> Iterator[str]:
    rule = rules[finding.rule]
    yield f"Finding: {rule.id} ({rule.level})"
    yield from labelled("  what: ", f"{rule.title}: {_said(finding, rule)}")
    yield from labelled("  fix:  ", rule.remediation)


def _said(finding: Finding, rule: Rule) -> str:
    return printable(rule.say({name: printable(value) for name, value in finding.args}), _SENTENCE)


def _changes(comparison: Comparison, bump: Bump) -> Iterator[str]:
    rows = [row for row in comparison.changes if row.bump is bump]
    if not rows:
        return
    yield f"Needs {_step(bump)}:" if bump else "For information:"
    aspects = list(dict.fromkeys(row.aspect for row in rows))
    for aspect in aspects:
        total = comparison.totals[aspect]
        here = [row for row in rows if row.aspect == aspect]
        yield f"  {total.title}"
        for row in here:
            yield from labelled("  - ", _change(row), follow="    | ")
        if total.total > total.listed and bump is total.bump:
            yield f"    and {total.total - total.listed:,} more"


def _change(row: Change) -> str:
    place = ", ".join(filter(None, (printable(row.path), row.field)))
    both = row.what in ("changed", "moved")
    values = f"{row.before or 'nothing'} -> {row.after or 'nothing'}" if both else row.after or row.before
    return f"{row.what} {place}: {values}" if place else f"{row.what}: {values}"


def _uncompared(comparison: Comparison) -> Iterator[str]:
    if comparison.missed:
        yield "Not compared:"
    for row in comparison.uncompared:
        place = f"{printable(row.path)}: " if row.path else ""
        yield from labelled("  - ", f"{place}{row.detail} ({row.reason})", follow="    | ")
    if comparison.missed > len(comparison.uncompared):
        yield f"    and {comparison.missed - len(comparison.uncompared):,} more"


def json(comparison: Comparison, rules: Mapping[str, Rule]) -> str:
    """`gate.compare/v1` as schema/compare.v1.json describes it, on one line."""
    return dumps(
        {
            "schema": SCHEMA,
            "tool": {"name": "gate", "version": __version__},
            "outcome": comparison.outcome,
            "exit_code": comparison.outcome.exit_code,
            "equal": comparison.equal,
            "old": _shown(comparison.old),
            "new": _shown(comparison.new),
            "bump": {
                "required": comparison.required.word,
                "allowed": comparison.allowed.word,
                "made": None if comparison.step.bump is None else comparison.step.bump.word,
                "back": comparison.step.back,
                "scheme": comparison.step.scheme or None,
                "why": printable(comparison.step.why) or None,
            },
            "findings": [_found(finding, rules) for finding in comparison.findings],
            "changes": [{**asdict(row), "bump": row.bump.word} for row in comparison.changes],
            "totals": {name: {**asdict(row), "bump": row.bump.word} for name, row in comparison.totals.items()},
            "uncompared": [asdict(row) for row in comparison.uncompared],
            "missed": comparison.missed,
        }
    )


def _shown(side: Side) -> Json:
    subject = side.subject
    return {
        "source": side.source,
        "subject": {
            "name": subject.name,
            "kind": subject.kind,
            "digest": dict(subject.digest),
            "size": subject.size,
            "format": subject.format,
        },
        "model": {"name": side.name or None, "version": side.version or None},
        "inventory": {
            "members": side.members,
            "bytes": side.bytes,
            "root": {"sha256": side.root} if side.root else None,
        },
    }


def _found(finding: Finding, rules: Mapping[str, Rule]) -> Json:
    rule = rules[finding.rule]
    return {
        "rule": rule.id,
        "level": str(rule.level),
        "message": _said(finding, rule),
        "properties": {name: printable(value) for name, value in finding.args},
    }


RENDERERS: Mapping[str, Callable[[Comparison, Mapping[str, Rule]], str]] = {"json": json, "text": text}
