"""The in-toto statements about a verdict: SLSA's verification summary, gate's own decision, known vulnerabilities.

A verification summary looks like this; `FAILED` stands in both places for a denied or inconclusive decision:

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "m-1.4.0.mar", "digest": {"sha256": "..."}}],
     "predicateType": "https://slsa.dev/verification_summary/v1",
     "predicate": {"verifier": {"id": "https://acme.example/gate/v1", "version": {"gate": "..."}},
                   "timeVerified": "2026-11-21T10:00:00Z",
                   "resourceUri": "model:recsys@1.4.0?environment=prod-eu&stage=production",
                   "policy": {"uri": "ni:///sha-256;...", "digest": {"sha256": "..."}},
                   "verificationResult": "PASSED", "verifiedLevels": ["GATE_PRODUCTION"],
                   "<base>/stage": "production", "<base>/environment": "prod-eu", "<base>/notAfter": "..."}}
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import quote

from gate.attest import uris
from gate.attest.verdict import CODES, SCAN, Verdict
from gate.attest.vulnerabilities import LookedUp, Vulnerability
from gate.core.canonical import canonical
from gate.core.decision import Outcome
from gate.core.report import Json
from gate.formats.dsse import STATEMENT

LISTED = 24_000
"""Bytes of vulnerabilities that are listed: base64 makes a third more of them, and a line has to stay short."""
PACKAGES = 10
"""Packages that are named at one vulnerability; even the longest of them leave room for one row."""


def verification_summary(verdict: Verdict, verifier: str) -> bytes:
    """SLSA's verification summary: what slsa-verifier and cosign understand.

    https://slsa.dev/spec/v1.1/verification_summary
    """
    passed = verdict.outcome == Outcome.ALLOW
    extensions = {
        uris.STAGE: verdict.stage,
        uris.ENVIRONMENT: verdict.environment,
        uris.NOT_AFTER: verdict.not_after,
        uris.BASIS: "" if verdict.basis == SCAN else verdict.basis,
        uris.POLICY_DATA: {"sha256": verdict.policy.data_digest} if verdict.policy.data_digest else None,
    }
    predicate: dict[str, Json] = {
        "verifier": {"id": verifier, "version": {"gate": verdict.tool}},
        "timeVerified": verdict.time,
        "resourceUri": resource(verdict),
        "policy": _policy(verdict.policy.digest),
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [_level(verdict.stage) if passed else "FAILED"],
        **{name: value for name, value in extensions.items() if value},
    }
    return _statement(verdict, uris.VSA, predicate)


def decision(verdict: Verdict, verifier: str) -> bytes:
    """Gate's own decision: everything that it rests on, by digest, and what was counted."""
    counts = sorted(verdict.counts.items())
    predicate: dict[str, Json] = {
        "outcome": str(verdict.outcome),
        "stage": verdict.stage,
        "environment": verdict.environment or None,
        "model": {"name": verdict.model or None, "version": verdict.version or None},
        "basis": verdict.basis,
        "effectiveTime": verdict.time,
        "notAfter": verdict.not_after or None,
        "resourceUri": resource(verdict),
        "tool": {"name": "gate", "version": verdict.tool},
        "verifier": {"id": verifier},
        "policy": {
            "digest": _sha256(verdict.policy.digest),
            "data": _sha256(verdict.policy.data_digest),
            "engine": verdict.policy.engine,
        },
        "inputs": verdict.inputs,
        "limits": _sha256(verdict.limits),
        "subject": {
            "kind": verdict.subject.kind,
            "format": verdict.subject.format,
            "size": verdict.subject.size,
        },
        "reasons": [{"code": code, "action": action} for code, action in verdict.reasons[:CODES]],
        "counts": {code: {"total": total, "waived": waived} for code, (total, waived) in counts[:CODES]},
        "unlisted": {
            "reasons": max(len(verdict.reasons) - CODES, 0),
            "codes": max(len(counts) - CODES, 0),
            "waivers": max(len(verdict.waivers) - CODES, 0),
        },
        "waivers": [
            {"code": used.code, "expires": used.expires, "digest": _sha256(used.digest)}
            for used in verdict.waivers[:CODES]
        ],
        "inspectors": {status.inspector: str(status.state) for status in verdict.statuses},
        "inventory": {
            "members": verdict.inventory.members,
            "bytes": verdict.inventory.bytes,
            "root": _sha256(verdict.inventory.root),
        },
    }
    return _statement(verdict, uris.DECISION, predicate)


def vulnerabilities(verdict: Verdict, looked_up: LookedUp) -> bytes:
    """What is known against the packages, the worst first, as many as fit; how many more is counted.

    https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md: "an empty list means the scanner found
    no vulnerabilities", which is true here because none is made without a whole look.

        {"scanner": {"uri": "pkg:pypi/mlgate", "version": "...",
                     "db": {"uri": "ni:///sha-256;...", "version": "sha256:...", "lastUpdate": "2026-11-20T08:00:00Z"},
                     "result": [{"id": "GHSA-...", "severity": [{"method": "rating", "score": "high"}],
                                 "annotations": [{"package": "pillow", "version": "9.0.0", "certainty": "certain"}]}]},
         "metadata": {"scanStartedOn": "...", "scanFinishedOn": "..."}}
    """
    rows: list[Json] = []
    room = LISTED
    for one in looked_up.found:
        row = _vulnerability(one)
        room -= len(canonical(row)) + 1
        if room < 0:
            break
        rows.append(row)
    unlisted = len(looked_up.found) - len(rows) + looked_up.unlisted
    predicate: dict[str, Json] = {
        "scanner": {
            "uri": uris.SCANNER,
            "version": verdict.tool,
            "db": {
                "uri": _named(looked_up.digest),
                "version": f"sha256:{looked_up.digest}",
                "lastUpdate": looked_up.data_time,
            },
            "result": rows,
        },
        # One time for a whole decision: what it rests on was true then.
        "metadata": {"scanStartedOn": verdict.time, "scanFinishedOn": verdict.time},
        **({uris.UNLISTED: unlisted} if unlisted else {}),
        **({uris.LABEL: looked_up.label} if looked_up.label else {}),
        **({uris.FETCHED: looked_up.fetched} if looked_up.fetched else {}),
    }
    return _statement(verdict, uris.VULNERABILITIES, predicate)


def _vulnerability(one: Vulnerability) -> Mapping[str, Json]:
    annotations: list[Json] = [
        {
            "package": row.package,
            **({"version": row.version} if row.version else {"specifier": row.specifier}),
            "certainty": row.certainty,
            **({"malicious": True} if one.malicious else {}),
        }
        for row in one.affected[:PACKAGES]
    ]
    return {"id": one.id, "severity": [{"method": "rating", "score": one.rating}], "annotations": annotations}


def resource(verdict: Verdict) -> str:
    """`model:NAME[@VERSION]?environment=E&stage=S`, percent-encoded; without a model name, the artifact's name.

    Stage and environment are part of it because a summary is otherwise compared by this one field only: what passed for
    staging must not pass for production.
    """
    name = _quoted(verdict.model or verdict.subject.name)
    version = "@" + _quoted(verdict.version) if verdict.version else ""
    environment = f"environment={_quoted(verdict.environment)}&" if verdict.environment else ""
    return f"model:{name}{version}?{environment}stage={_quoted(verdict.stage)}"


def _quoted(text: str) -> str:
    """Bytes of a file name that are not UTF-8 become the text of an escape, as in the statement itself."""
    return quote(text, safe="", errors="backslashreplace")


def _level(stage: str) -> str:
    """Levels that are not SLSA's own may have any other name."""
    return "GATE_" + re.sub("[^A-Z0-9]+", "_", stage.upper())


def _policy(digest: str | None) -> Mapping[str, Json]:
    """A policy is named by its digest (RFC 6920): there is no address that it could be had from."""
    if digest is None:
        return {"uri": uris.UNKNOWN_POLICY}
    return {"uri": _named(digest), "digest": {"sha256": digest}}


def _named(digest: str) -> str:
    spelled = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
    return f"ni:///sha-256;{spelled}"


def _statement(verdict: Verdict, kind: str, predicate: Mapping[str, Json]) -> bytes:
    subject: list[Json] = [{"name": verdict.subject.name, "digest": verdict.subject.digest}]
    return canonical({"_type": STATEMENT, "subject": subject, "predicateType": kind, "predicate": predicate})


def _sha256(digest: str | None) -> Json:
    return {"sha256": digest} if digest else None
