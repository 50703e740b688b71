"""gate.result/v1: the whole result as one line of JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import islice

from gate import __version__
from gate.core.decision import Decision, PolicyUsed, Reason, Request
from gate.core.finding import Finding, Rule
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.core.location import Location
from gate.core.report import Json, Report
from gate.core.row import Fact
from gate.core.text import printable
from gate.output.dump import dumps, plain
from gate.output.reasons import explain, findings, gaps, rule_of, say

SCHEMA = "gate.result/v1"
FACTS = Limits().facts
"""Facts that are listed; all are counted."""

_INPUTS: Mapping[str, Json] = {
    "policy": {},
    "rules": {},
    "advisories": {"digest": {}, "data_time": None, "fetched": None},
    "profiles": [],
    "waivers": None,
    "trust": None,
    "evidence": [],
    "config": {},
    "limits": {},
}
"""What a decision may rest on besides the archive; the request overrides what it has."""


def render(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    """The result as schema/result.v1.json describes it; equal arguments give equal bytes."""
    facts = list(islice(report.facts, FACTS))
    return dumps(
        {
            "schema": SCHEMA,
            "tool": {"name": "gate", "version": __version__},
            "subject": report.subject,
            "model": {
                "name": request.model_name or None,
                "version": request.model_version,
                "build_id": request.build_id,
            },
            "request": {
                "stage": request.stage,
                "environment": request.environment,
                "actor": request.actor,
                "effective_time": request.effective_time,
            },
            "decision": _decision(request, decision, rules),
            "inputs": {**_INPUTS, **request.inputs},
            "findings": [_finding(what, request, decision, rules) for what, _ in findings(decision)],
            "facts": [_fact(fact) for fact in facts],
            "gaps": [_gap(what) for what, _ in gaps(decision)],
            "statuses": report.statuses,
            "totals": {**_fact_totals(report, facts), **totals(decision)},
            "inventory": {
                "members": report.inventory.members,
                "bytes": report.inventory.bytes,
                "root": _sha256(report.inventory.root),
            },
        }
    )


def totals(decision: Decision) -> dict[str, Json]:
    """What was counted for each code, gaps included; `truncated` were counted and are not listed."""
    return {
        code: {"total": tally.total, "waived": tally.waived, "truncated": tally.truncated}
        for code, tally in decision.tallies.items()
    }


def _fact_totals(report: Report, listed: list[Fact]) -> dict[str, Json]:
    counted, shown = Counter(fact.kind for fact in report.facts), Counter(fact.kind for fact in listed)
    return {kind: {"total": n, "waived": 0, "truncated": n - shown[kind]} for kind, n in counted.items()}


def _decision(request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Json:
    def row(reason: Reason, *, waived: bool = False) -> Json:
        known = explain(reason, request, decision, rules, waived=waived)
        return {
            "code": reason.code,
            "action": reason.action,
            "subject": reason.subject,
            "message": known.message,
            "remediation": known.remedy,
            "findings": known.fingerprints,
        }

    return {
        "outcome": decision.outcome,
        "reasons": [row(reason) for reason in decision.reasons],
        "warnings": [row(reason) for reason in decision.warnings],
        "waived": [row(reason, waived=True) for reason in decision.waived],
        "policy": policy(decision.policy),
    }


def policy(used: PolicyUsed) -> Json:
    """Digests of the policy and, where there was some, of the data that was given beside it."""
    data: dict[str, Json] = {"data": {"digest": _sha256(used.data_digest)}} if used.data_digest else {}
    return {"digest": _sha256(used.digest), "engine": used.engine, **data}


def _finding(what: Finding, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> Json:
    rule = rule_of(what.rule, decision, rules)
    return {
        "rule": what.rule,
        "level": rule.level,
        "confidence": what.confidence,
        "security_severity": rule.security_severity,
        "message": say(what, rules) or rule.title,
        "location": place(what.location),
        "fingerprint": what.fingerprint(request.model_name),
        "properties": {name: printable(value) for name, value in what.args},
    }


def place(at: Location) -> dict[str, Json]:
    """A location with null for what is not known; offsets are bytes, half-open; lines count from 1."""
    spots = {"start": at.start, "end": at.end, "line": at.line}
    return {"path": at.path, **{name: None if spot < 0 else spot for name, spot in spots.items()}}


def _fact(fact: Fact) -> Json:
    data = plain(fact)
    assert isinstance(data, dict)
    return {"kind": fact.kind, "location": {"path": data.pop("path")}, "data": data}


def _gap(what: Gap) -> Json:
    return {
        "reason": what.reason,
        "inspector": what.inspector,
        "location": {"path": what.location.path},
        "detail": printable(what.detail),
    }


def _sha256(digest: str | None) -> Json:
    return {"sha256": digest} if digest else None
