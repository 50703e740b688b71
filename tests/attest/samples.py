"""Verdicts and keys for tests of what is signed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

from fixtures.churn import signing
from gate.adapters import keys, signer
from gate.adapters.signer import Signer
from gate.attest.attest import attest
from gate.attest.keyed import Keyed
from gate.attest.verdict import verdict
from gate.core.report import State, Status
from gate.facts.dependencies import AdvisoryData
from tests.output.results import allowed, denied, finding, hostile, tally

KEY = Signer(signing._key(), keys.read(signing.public_key()))
OTHER = signer.generate("ed25519")
WHO = "https://acme.example/gate/v1"


def signed(said, key=KEY, who=WHO):
    """The files about a verdict, by a key."""
    return attest(said, Keyed(key), who)


def said(result=None, valid=None, **changes):
    """What is signed of a result of tests.output.results; `changes` are to its subject."""
    result = result or allowed()
    report = replace(result.report, subject=replace(result.report.subject, **changes))
    return verdict(report, result.request, result.decision, valid)


def affected(
    advisory="GHSA-aaaa-bbbb-cccc", rating="high", package="pillow", version="9.0.0", kind="vulnerable", **more
):
    """A finding as the inspector of dependencies makes it."""
    what = {"version": version} if version else {"specifier": "<9"}
    certainty = "possible" if kind == "possibly-vulnerable" else "certain"
    known = {"package": package, **what, "advisory": advisory, "severity": rating, "certainty": certainty, **more}
    return finding(f"dependencies.{kind}", "secret/requirements.txt", f"{advisory} {package}", line=3, **known)


def looked(*rows, state=State.COMPLETE, available=True, label="", cut=0):
    """A result of a scan whose packages were looked up; `cut` findings were counted and are not listed."""
    base = allowed()
    tallies = {}
    for code in sorted({row.rule for row in rows}):
        own = [row for row in rows if row.rule == code]
        tallies[code] = tally("error", own[cut:], more=cut)
    facts = (AdvisoryData("", "0d" * 32, "2026-11-20T08:00:00Z", 9, label),) if available else ()
    about = {"digest": {"sha256": "0d" * 32}, "data_time": "2026-11-20T08:00:00Z", "fetched": None, "label": label}
    inputs = {"advisories": about, "limits": {}, "rules": {}, "profiles": []}
    report = replace(
        base.report,
        findings=tuple(rows),
        facts=facts,
        statuses=(Status("dependencies", state, 1),),
        sections={"dependencies": {"advisories": {"available": available}}},
    )
    request, decision = replace(base.request, inputs=inputs), replace(base.decision, tallies=tallies)
    return base._replace(report=report, request=request, decision=decision)


def payload(data):
    """The statement inside of a bundle or an envelope."""
    document = json.loads(data)
    return json.loads(base64.b64decode(document.get("dsseEnvelope", document)["payload"]))


__all__ = ["KEY", "OTHER", "WHO", "affected", "allowed", "denied", "hostile", "looked", "payload", "said", "signed"]
