"""SARIF 2.1.0, as GitHub code scanning and the Multitool of its authors read it.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0";
GitHub, "SARIF support for code scanning" (limits, and the properties that it reads).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gate import __version__
from gate.core.decision import Decision, Reason, Request
from gate.core.finding import Confidence, Finding, Level, Rule
from gate.core.report import Json, Report
from gate.core.text import printable
from gate.output.dump import dumps
from gate.output.json import place, policy, totals
from gate.output.reasons import actions, explain, findings, justification, rule_of, say
from gate.output.sarif_notes import Notes
from gate.output.sarif_places import BASE, Places
from gate.output.sarif_rules import descriptor, taxonomy
from gate.output.sarif_text import message

RESULTS = 25_000
"""Results of a run that GitHub accepts; beyond it the least severe are left out, and counted."""
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_INFORMATION = "pkg:pypi/mlgate"
"""Where the distribution lives; without it the Multitool warns (SARIF2005)."""
_LEVELS = tuple(Level)
_SURENESS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)


def render(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    """One SARIF log with one run; equal arguments give equal bytes."""
    places = Places(report)
    shown = _Shown.of(decision, rules)
    notes = Notes(report, request, decision, rules, places)
    run: dict[str, Json] = {
        "tool": {"driver": _driver(shown, notes)},
        "automationDetails": {"id": f"gate/{places.uri}/"},
        "originalUriBaseIds": {BASE: {"description": {"text": "The root of the repository that holds the archive."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(decision, notes)],
        "results": _results(shown, report, request, decision, places),
        "artifacts": places.artifacts(),
        "properties": _properties(report, request, decision, rules, shown),
    }
    if shown.cwe:
        run["taxonomies"] = [taxonomy(shown.cwe)]
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def combine(logs: Sequence[str]) -> str:
    """Several logs of one run each as one, in which no two runs have the same id: a code host keeps one of each id."""
    documents = [json.loads(text) for text in logs]
    runs = [run for log in documents for run in log["runs"]]
    seen: Counter[str] = Counter()
    for run in runs:
        known = run["automationDetails"]["id"]
        seen[known] += 1
        if seen[known] > 1:
            run["automationDetails"]["id"] = f"{known.rstrip('/')}#{seen[known]}/"  # nothing else has a number sign
    return dumps({**documents[0], "runs": runs}, indent=1)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What becomes results: the findings in order, their rules, and the weaknesses that these name."""

    rows: tuple[tuple[Finding, bool], ...]
    rules: Mapping[str, Rule]
    confidence: Mapping[str, Confidence]
    """The lowest of a rule's findings: its `precision`."""
    cwe: Mapping[int, int]
    """Number of a weakness to its index."""
    left_out: Mapping[str, int]
    """Listed findings beyond RESULTS, by rule."""

    @classmethod
    def of(cls, decision: Decision, rules: Mapping[str, Rule]) -> _Shown:
        rows = findings(decision)
        known = {what.rule: rule_of(what.rule, decision, rules) for what, _ in rows}
        rows.sort(key=lambda row: (row[1], _LEVELS.index(known[row[0].rule].level)))
        kept, cut = rows[:RESULTS], rows[RESULTS:]
        fired = sorted({what.rule for what, _ in kept})
        sureness: dict[str, Confidence] = {}
        for what, _ in kept:
            sureness[what.rule] = max(what.confidence, sureness.get(what.rule, what.confidence), key=_SURENESS.index)
        numbers = sorted({number for code in fired for number in known[code].cwe})
        return cls(
            rows=tuple(sorted(kept)),
            rules={code: known[code] for code in fired},
            confidence=sureness,
            cwe={number: i for i, number in enumerate(numbers)},
            left_out=Counter(what.rule for what, _ in cut),
        )


def _driver(shown: _Shown, notes: Notes) -> dict[str, Json]:
    driver: dict[str, Json] = {
        "name": "gate",
        "fullName": "gate: policy and security gate for model archives",
        "informationUri": _INFORMATION,
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [descriptor(rule, shown.confidence[code], shown.cwe) for code, rule in shown.rules.items()],
    }
    if notes.descriptors:
        driver["notifications"] = notes.descriptors
    if shown.cwe:
        driver["supportedTaxonomies"] = [{"name": "CWE", "index": 0}]
    return driver


def _invocation(decision: Decision, notes: Notes) -> dict[str, Json]:
    known: dict[str, Json] = {
        "executionSuccessful": notes.complete,
        "exitCode": decision.outcome.exit_code,
        "exitCodeDescription": decision.outcome,
    }
    return known | ({"toolExecutionNotifications": notes.rows} if notes.rows else {})


def _results(
    shown: _Shown, report: Report, request: Request, decision: Decision, places: Places
) -> list[dict[str, Json]]:
    index, done = {code: i for i, code in enumerate(shown.rules)}, actions(decision)
    seen: Counter[str] = Counter()
    rows = []
    for what, waived in shown.rows:
        fingerprint = what.fingerprint(request.model_name)
        seen[fingerprint] += 1
        rule = shown.rules[what.rule]
        row: dict[str, Json] = {
            "ruleId": what.rule,
            "ruleIndex": index[what.rule],
            "kind": "informational" if rule.level is Level.NONE else "fail",
            "level": rule.level,
            "message": {"text": message(_where(what, say(what, shown.rules) or rule.title))},
            "locations": [places.location(what.location)],
            # Equal fingerprints are one issue at several places; GitHub tells those apart by the number.
            "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"},
            "properties": {
                **place(what.location),
                "confidence": what.confidence,
                "action": done.get(what.rule),
                "arguments": {name: printable(value) for name, value in what.args},
            },
        }
        if waived:
            reason = message(justification(what, request, report.subject))
            row["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
        rows.append(row)
    return rows


def _where(what: Finding, text: str) -> str:
    """The message with the member's name: GitHub shows neither logical locations nor properties."""
    return f"{text} (in {printable(what.location.path)})" if what.location.path else text


def _properties(
    report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule], shown: _Shown
) -> dict[str, Json]:
    def row(reason: Reason, waived: bool) -> Json:
        text = explain(reason, request, decision, rules, waived=waived).message
        return {"code": reason.code, "action": reason.action, "subject": reason.subject, "message": text}

    def table(reasons: Iterable[Reason], *, waived: bool = False) -> list[Json]:
        return [row(reason, waived) for reason in reasons]

    truncated = Counter({code: tally.truncated for code, tally in decision.tallies.items()})
    truncated.update(shown.left_out)
    return {
        "outcome": decision.outcome,
        "stage": request.stage,
        "environment": request.environment,
        "effectiveTime": request.effective_time,
        "digest": report.subject.digest,
        "policy": policy(decision.policy),
        "advisories": request.inputs.get("advisories") or None,
        "reasons": table(decision.reasons),
        "warnings": table(decision.warnings),
        "waived": table(decision.waived, waived=True),
        "totals": totals(decision),
        "truncated": {code: n for code, n in truncated.items() if n},
    }
