"""Verdict: what of a decision is signed. Digests, counts and codes; no path of a member, no value, no person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from gate import __version__
from gate.attest.vulnerabilities import LookedUp, of_report
from gate.core.canonical import canonical
from gate.core.decision import NEVER, Decision, Outcome, PolicyUsed, Reason, Request
from gate.core.report import Inventory, Json, Report, Status
from gate.core.subject import Subject
from gate.core.waivers import covering, live

SCAN, RESULT, UNVERIFIED = "scan", "result", "unverified-result"
"""What a verdict rests on: this scan; a saved result about the archive, hashed again; a saved result alone."""
CODES = 200
"""Codes that are listed; statements have to stay small."""


@dataclass(frozen=True, slots=True)
class Used:
    """A waiver that covered something; `digest` is sha256 over its canonical JSON."""

    code: str
    expires: str
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about which artifact, on what grounds.

    `inputs` are sha256 digests by name, of everything that was given besides the archive. `counts` are (total, waived)
    by code. `not_after` is when the decision ends, "" for never. `tool` is the version of gate that decided.
    `looked_up` is None unless every package was looked up. Times are RFC 3339 in UTC with a trailing Z.
    """

    subject: Subject
    outcome: Outcome
    stage: str
    environment: str
    model: str
    version: str
    time: str
    not_after: str
    policy: PolicyUsed
    inputs: Mapping[str, Json]
    limits: str
    reasons: tuple[tuple[str, str], ...]
    counts: Mapping[str, tuple[int, int]]
    waivers: tuple[Used, ...]
    statuses: tuple[Status, ...]
    inventory: Inventory
    tool: str
    basis: str
    looked_up: LookedUp | None


def verdict(report: Report, request: Request, decision: Decision, valid: timedelta | None = None) -> Verdict:
    """What is signed of a decision; it ends with the first waiver that it needed, and at most `valid` after it."""
    used = tuple(_used(report, request, decision))
    rows: tuple[Reason, ...] = (*decision.reasons, *decision.warnings)
    return Verdict(
        report.subject,
        decision.outcome,
        request.stage,
        request.environment or "",
        request.model_name,
        request.model_version or "",
        request.effective_time,
        ends(used, request.effective_time, valid),
        decision.policy,
        digests(request.inputs),
        sha256(request.inputs.get("limits")),
        tuple(sorted({(row.code, str(row.action)) for row in rows})),
        {code: (tally.total, tally.waived) for code, tally in decision.tallies.items()},
        used,
        report.statuses,
        report.inventory,
        __version__,
        SCAN,
        of_report(report, request),
    )


def ends(used: Iterable[Used], time: str, valid: timedelta | None) -> str:
    """When a decision of this time ends: with the first waiver that it needed, or `valid` after it; "" for never."""
    moments = [waiver.expires for waiver in used if waiver.expires != NEVER]
    if valid is not None:
        moments.append((datetime.fromisoformat(time) + valid).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return min(moments, default="")


def _used(report: Report, request: Request, decision: Decision) -> Iterable[Used]:
    """Waivers in force whose code was waived somewhere, and that cover something of it.

    Where not all rows of a code are listed, every one of its waivers counts as used: one too many ends a decision too
    early, one too few too late. So do those of codes that only the policy knows.
    """
    waived_by_policy = {row.code for row in decision.waived}
    for waiver in request.accepted:
        if not live(waiver, request, report.subject):
            continue
        tally = decision.tallies.get(waiver.code)
        if tally is None:
            used = waiver.code in waived_by_policy
        else:
            covers = covering((waiver,), report.inventory.rows)[waiver.code]
            listed = any(covers(item.what) for item in tally.items if item.waived)
            used = bool(tally.waived) and (listed or bool(tally.truncated))
        if used:
            yield Used(waiver.code, waiver.expires, sha256(asdict(waiver)))


def digests(inputs: Mapping[str, Json]) -> Mapping[str, Json]:
    """Only the digests of what was recorded: names of files and profiles are nobody else's business."""
    always = ("rules", "advisories", "profiles", "waivers", "trust")
    named = (*always, *(name for name in ("vex",) if name in inputs))
    return {name: _digest(inputs.get(name)) for name in named}


def _digest(value: Json) -> Json:
    if isinstance(value, list):
        return [_digest(item) for item in value]
    return (value.get("digest") or None) if isinstance(value, dict) else None


def sha256(value: Json) -> str:
    """Of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()
