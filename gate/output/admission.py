"""Renderings of an admission: for a person, and as `gate.admission/v1`."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from gate.core.admission import Admission, Examined, Said
from gate.core.decision import Outcome, Reason
from gate.core.report import Json
from gate.core.text import printable
from gate.output.dump import dumps
from gate.output.remedies import advice

_WIDTH = 100
_SENTENCE = {
    Outcome.ALLOW: "ADMIT: {what} may be deployed to {where}.",
    Outcome.DENY: "DENY: {what} may not be deployed to {where}.",
    Outcome.INCONCLUSIVE: "INCONCLUSIVE: {what} was not fully judged for {where}; treat this as a denial.",
}
SELF_DECLARED = "times are what the signer wrote, unless time_source is verified: a key's signature is in no log"


def text(admission: Admission) -> str:
    """The outcome in words, the reasons with what to do, then every attestation; words of gate start every line."""
    asked = admission.asked
    what = f"{asked.algorithm}:{asked.digest}"
    where = printable(f"{asked.stage} {asked.environment}")
    blocks = [
        textwrap.wrap(_SENTENCE[admission.outcome].format(what=what, where=where), _WIDTH, subsequent_indent="  | "),
        [line for row in (*admission.reasons, *admission.warnings) for line in _reason(row)],
        ["Attestations:", *(line for one in admission.attestations for line in _attestation(one))],
        [
            f"at: {asked.now} | policy: {admission.policy.digest or 'unknown'} | trust: {admission.trust}",
            f"note: {SELF_DECLARED}.",
        ],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _reason(row: Reason) -> Iterator[str]:
    known = advice(row.code)
    yield f"{row.action}: {printable(row.code)}: {known.title}"
    if row.subject or row.message:
        yield f"  | {printable(': '.join(filter(None, (row.subject, row.message))), 1000)}"
    yield f"  fix: {known.remedy}"


def _attestation(one: Examined) -> Iterator[str]:
    yield f"  - {one.state}: {printable(one.place)}" + (f" ({printable(one.detail)})" if one.detail else "")
    if one.said is not None:
        said = one.said
        told = (
            said.kind,
            said.verdict,
            said.stage,
            said.environment,
            f"{said.time} ({said.timed})",
            f"by {one.signer}",
        )
        yield f"      {printable(' | '.join(told))}"


def json(admission: Admission) -> str:
    """`gate.admission/v1`, on one line."""
    asked = admission.asked
    return dumps(
        {
            "schema": "gate.admission/v1",
            "outcome": str(admission.outcome),
            "exit_code": admission.outcome.exit_code,
            "subject": {"digest": {asked.algorithm: asked.digest}},
            "request": {
                "stage": asked.stage,
                "environment": asked.environment,
                "effective_time": asked.now,
                "max_age_seconds": asked.max_age,
                "policy_digests": list(asked.policies),
            },
            "reasons": [_row(row) for row in admission.reasons],
            "warnings": [_row(row) for row in admission.warnings],
            "waived": [_row(row) for row in admission.waived],
            "attestations": [_examined(one) for one in admission.attestations],
            "trust": {"digest": {"sha256": admission.trust}},
            "policy": asdict(admission.policy),
            "notes": [SELF_DECLARED],
        }
    )


def _row(row: Reason) -> Mapping[str, Json]:
    known = advice(row.code)
    return {
        "code": row.code,
        "action": str(row.action),
        "subject": row.subject,
        "message": row.message,
        "title": known.title,
        "remedy": known.remedy,
    }


def _examined(one: Examined) -> Mapping[str, Json]:
    said = one.said
    return {
        "place": one.place,
        "state": one.state,
        "detail": one.detail,
        "signer": one.signer or None,
        "predicate_type": one.predicate_type or None,
        "said": None if said is None else _said(said),
    }


def _said(said: Said) -> Mapping[str, Json]:
    return {
        "kind": said.kind,
        "verdict": said.verdict,
        "passed": said.passed,
        "verifier": said.verifier,
        "stage": said.stage,
        "environment": said.environment,
        "resource_uri": said.resource,
        "time": said.time,
        "time_source": said.timed,
        "age_seconds": said.age,
        "not_after": said.not_after or None,
        "policy": said.policy or None,
    }


RENDERERS: Mapping[str, Callable[[Admission], str]] = {"json": json, "text": text}
