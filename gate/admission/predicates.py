"""What verdicts say: SLSA's verification summary and gate's own decision, read strictly into one shape.

Both are written by gate.attest.statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote

from gate.attest import uris
from gate.core.admission import Said
from gate.core.errors import FormatError
from gate.core.report import Json

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339, section 5.6."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RESOURCE = re.compile(r"model:[^?#]+\?([^?#]*)")
_OUTCOMES = ("allow", "deny", "inconclusive")
_RESULTS = ("PASSED", "FAILED")


def summary(predicate: Mapping[str, Json], times: tuple[str, ...], now: str) -> Said:
    """A verification summary; FormatError for one that lacks what an admission rests on.

    https://slsa.dev/spec/v1.1/verification_summary
    """
    result = _one_of(predicate, "verificationResult", _RESULTS)
    return _said(
        "summary",
        predicate,
        now,
        passed=result == "PASSED",
        verdict=result,
        stage=_text(predicate, uris.STAGE, ""),
        environment=_text(predicate, uris.ENVIRONMENT, ""),
        time=_text(predicate, "timeVerified"),
        times=times,
        not_after=_text(predicate, uris.NOT_AFTER, ""),
        policy=_policy(_object(predicate, "policy")),
    )


def decision(predicate: Mapping[str, Json], times: tuple[str, ...], now: str) -> Said:
    """Gate's own decision; FormatError as for a summary."""
    outcome = _one_of(predicate, "outcome", _OUTCOMES)
    return _said(
        "decision",
        predicate,
        now,
        passed=outcome == "allow",
        verdict=outcome,
        stage=_text(predicate, "stage"),
        environment=_text(predicate, "environment", ""),
        time=_text(predicate, "effectiveTime"),
        times=times,
        not_after=_text(predicate, "notAfter", ""),
        policy=_policy(_object(predicate, "policy")),
    )


Reader = Callable[[Mapping[str, Json], tuple[str, ...], str], Said]
READERS: Mapping[str, Reader] = {uris.VSA: summary, uris.DECISION: decision}
"""Predicate type to the function that reads it."""
NO_VERDICTS = frozenset({uris.VULNERABILITIES})
"""What gate signs besides verdicts: expected among them, and of no weight."""


def _said(
    kind: str,
    predicate: Mapping[str, Json],
    now: str,
    *,
    passed: bool,
    verdict: str,
    stage: str,
    environment: str,
    time: str,
    times: tuple[str, ...],
    not_after: str,
    policy: str,
) -> Said:
    resource = _text(predicate, "resourceUri")
    named = _resource(resource)
    # What was decided is as old as the decision says, and at least as old as its signature.
    ages = [_seconds(moment, now) for moment in (time, *times)]
    return Said(
        kind,
        passed,
        verdict,
        _text(_object(predicate, "verifier"), "id"),
        stage,
        environment,
        resource,
        named.get("stage", ""),
        named.get("environment", ""),
        time,
        "verified" if times else "self-declared",
        max(ages),
        -min(ages),
        not_after,
        -_seconds(not_after, now) if not_after else None,
        policy,
    )


def _seconds(since: str, now: str) -> int:
    """Whole seconds from one time to the other, rounded up."""
    return -((_moment(since) - _moment(now)) // timedelta(seconds=1))


def _moment(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise FormatError("statement: a time that is not RFC 3339")


def _resource(uri: str) -> Mapping[str, str]:
    """The parameters of `model:NAME?environment=E&stage=S`; none of them where it is not exactly such a URI."""
    found = _RESOURCE.fullmatch(uri)
    if found is None:
        return {}
    pairs = [pair.partition("=")[::2] for pair in found[1].split("&")]
    named = dict(pairs)
    if len(named) != len(pairs) or not named.keys() <= {"stage", "environment"}:
        return {}
    try:
        return {name: unquote(value, errors="strict") for name, value in named.items()}
    except UnicodeDecodeError:
        return {}


def _policy(policy: Mapping[str, Json]) -> str:
    """Its sha256 in hex, "" for a policy without one."""
    digest = policy.get("digest")
    value = digest.get("sha256") if isinstance(digest, Mapping) else None
    if value is None:
        return ""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise FormatError("statement: a policy digest that is not sha256 in lower-case hex")
    return value


def _text(row: Mapping[str, Json], name: str, default: str | None = None) -> str:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise FormatError(f"statement: its {name} is missing or no string")
    return value


def _object(row: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    value = row.get(name)
    if not isinstance(value, Mapping):
        raise FormatError(f"statement: its {name} is missing or no object")
    return value


def _one_of(row: Mapping[str, Json], name: str, known: tuple[str, ...]) -> str:
    value = _text(row, name)
    if value not in known:
        raise FormatError(f"statement: its {name} is none of {', '.join(known)}")
    return value
