"""gate verify TARGET: the signature inspector alone."""

from __future__ import annotations

from collections.abc import Sequence

from gate import pipeline, registry
from gate.cli.files import refuse_inside
from gate.cli.given import attachments
from gate.cli.times import moment
from gate.cli.trust_file import trust_file
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.facts.signatures import Signature, SignatureCoverage
from gate.inspectors import Inputs
from gate.output.signatures import SignaturesChecked
from gate.trust.signed import overall

_NAME = "signature"
_CHANGED = (GapReason.CHANGED, GapReason.CRASHED)
"""Gaps of others that make a signature doubtful: the archive was written to, or an inspector fell over."""
_ALWAYS = (*_CHANGED, GapReason.TOO_MANY, GapReason.BUDGET)


def signatures(target: str, trust: str, files: Sequence[str], effective_time: str) -> SignaturesChecked:
    """All signatures beside and inside of an archive, and those that are given.

    Raises UsageError for files that are missing, malformed, or inside of the target.
    """
    limits = Limits()
    refuse_inside((target,), (trust,))
    trusted = trust_file((target,), trust) if trust else None
    inputs = Inputs(moment(effective_time), trust=trusted, signatures=attachments(files, limits))
    report = pipeline.scan(target, registry.load(inputs=inputs).only(_NAME), limits, jobs=0)
    rows = tuple(fact for fact in report.facts if isinstance(fact, Signature))
    lists = tuple(fact for fact in report.facts if isinstance(fact, SignatureCoverage))
    gaps = tuple(gap for gap in report.gaps if gap.inspector == _NAME or gap.reason in _CHANGED)
    grants = report.sections[_NAME].get("grants", [])
    status = overall(rows, finished=not _unfinished(gaps, rows), whole={row.path for row in lists if row.whole})
    return SignaturesChecked(report.subject, status, rows, lists, grants, gaps, trusted.digest if trusted else "")


def _unfinished(gaps: Sequence[Gap], rows: Sequence[Signature]) -> bool:
    """Whether something that might be a signature was not looked at; what was, and could not be verified, has a row."""
    told = {row.path for row in rows if row.status == "unverifiable"}
    return any(gap.reason in _ALWAYS or gap.location.path not in told for gap in gaps)
