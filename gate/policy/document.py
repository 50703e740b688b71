"""gate.input/v1: what Rego sees as `input`; policies/input.schema.json describes it."""

from __future__ import annotations

from dataclasses import asdict

from gate.core.decision import Item, Request, Tally, Waiver
from gate.core.finding import Finding
from gate.core.model import version_kind
from gate.core.report import Json, Report
from gate.core.waivers import live
from gate.policy.tally import Tallies

SCHEMA = "gate.input/v1"
MINOR = 2
"""Grows by one with each addition to the document."""
_CLAIMED = {"model_name": "name", "model_version": "version", "build_id": "build_id"}


def build(report: Report, request: Request, tallies: Tallies) -> dict[str, Json]:
    """The whole document, built anew at each call.

    Everything that needs a clock, an order or a digest is decided here, so that Rego only compares booleans, integers
    and names. Raises ValueError when an inspector has the name of one of the document's own parts.
    """
    subject = report.subject
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "minor": MINOR,
        "request": {
            "stage": request.stage,
            "environment": request.environment,
            "actor": request.actor,
            "effective_time": request.effective_time,
        },
        "subject": {
            "name": subject.name,
            "kind": subject.kind,
            "digest": dict(subject.digest),
            "size": subject.size,
            "format": subject.format,
        },
        "model": {
            "name": request.model_name or None,
            "version": request.model_version,
            "version_kind": version_kind(request.model_version),
            "build_id": request.build_id,
            "claimed": sorted(_CLAIMED[name] for name in request.claimed),
        },
        "findings": {code: _tally(row) for code, row in tallies.findings.items()},
        "gaps": {code: _tally(row) for code, row in tallies.gaps.items()},
        "waivers": [_waiver(waiver, is_live=live(waiver, request, subject)) for waiver in request.waivers],
        "evidence": [],
        "profiles": request.inputs.get("profiles", []),
        "history": [],
        "inputs": dict(request.inputs),
        "statuses": {row.inspector: {"state": row.state, "members": row.members} for row in report.statuses},
    }
    sections = _sections(report)
    if taken := sorted(document.keys() & sections.keys()):
        raise ValueError(f"an inspector cannot be named {taken[0]}: the policy document has a part of that name")
    return document | sections


def _sections(report: Report) -> dict[str, Json]:
    """One section an inspector; its state is that of the status, whatever the section says."""
    states = {row.inspector: {"state": row.state} for row in report.statuses}
    names = sorted(states.keys() | report.sections.keys())
    return {name: {**report.sections.get(name, {}), **states.get(name, {})} for name in names}


def _tally(tally: Tally) -> Json:
    return {
        "level": tally.level,
        "total": tally.total,
        "waived": tally.waived,
        "unwaived": tally.unwaived,
        "truncated": tally.truncated,
        "items": [_item(item) for item in tally.items],
    }


def _item(item: Item) -> Json:
    what = item.what
    if isinstance(what, Finding):
        return {
            "path": what.location.path,
            "waived": item.waived,
            "discriminator": what.discriminator,
            "confidence": what.confidence,
        }
    return {"path": what.location.path, "waived": item.waived, "inspector": what.inspector}


def _waiver(waiver: Waiver, *, is_live: bool) -> Json:
    known = {name: value for name, value in asdict(waiver).items() if name != "version"}  # nobody writes it in a file
    return {**known, "live": is_live}
