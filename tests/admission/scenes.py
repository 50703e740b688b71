"""Attestations of every kind, made with real keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from gate.adapters import signer
from gate.admission.admit import admit
from gate.attest import uris
from gate.attest.envelope import bundle, line, sign
from gate.core.admission import Asked, Given
from gate.formats.dsse import STATEMENT
from gate.trust.words import Key, Signer, Trust, Verifier

NOW = "2026-11-21T10:00:00Z"
HEX = "ab" * 32
POLICY = "cd" * 32
WHO = "https://acme.example/gate/v1"
GATE, MODEL, TENANT, STRANGER = (signer.generate("p256") for _ in range(4))
TRUST = Trust(
    "ee" * 32,
    keys=(
        Key(Signer("gate", ("verifier",)), GATE.public, ""),
        Key(Signer("release", ("model",)), MODEL.public, ""),
        Key(Signer("tenant", ("verifier",), ("staging",), ("eu",)), TENANT.public, ""),
    ),
    verifiers=(Verifier(WHO, ("gate",)), Verifier("https://tenant.example", ("tenant",))),
)


def at(seconds):
    """A time so many seconds before NOW."""
    return (datetime.fromisoformat(NOW) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def summary(passed=True, stage="production", environment="eu", who=WHO, age=60, **changes):
    """The predicate of a verification summary; `changes` replace members, those that are None are left out."""
    predicate = {
        "verifier": {"id": who},
        "timeVerified": at(age),
        "resourceUri": f"model:m?environment={environment}&stage={stage}",
        "policy": {"uri": "x", "digest": {"sha256": POLICY}},
        "verificationResult": "PASSED" if passed else "FAILED",
        uris.STAGE: stage,
        uris.ENVIRONMENT: environment,
        **changes,
    }
    return {name: value for name, value in predicate.items() if value is not None}


def decision(outcome="allow", age=60, **changes):
    """The predicate of gate's own decision."""
    return {
        "outcome": outcome,
        "stage": "production",
        "environment": "eu",
        "effectiveTime": at(age),
        "notAfter": None,
        "resourceUri": "model:m?environment=eu&stage=production",
        "verifier": {"id": WHO},
        "policy": {"digest": {"sha256": POLICY}},
        **changes,
    }


def signed(predicate, by=GATE, kind=uris.VSA, digest=HEX, subjects=None, bare=False):
    """A bundle (or a bare envelope) of a statement about a digest."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": "m.mar", "digest": {"sha256": digest}}] if subjects is None else subjects,
        "predicateType": kind,
        "predicate": predicate,
    }
    envelope = sign(json.dumps(statement).encode(), by)
    return line(envelope) if bare else bundle(envelope, by)


def ask(engine, *files, trust=TRUST, **changes):
    """The answer about these attestations, each of them bytes or Given."""
    asked = Asked(
        **{"algorithm": "sha256", "digest": HEX, "stage": "production", "environment": "eu", "now": NOW, **changes}
    )
    given = [one if isinstance(one, Given) else Given(f"f{n}", one) for n, one in enumerate(files)]
    return admit(given, asked, trust, engine)


def codes(rows):
    return [row.code.removeprefix("admission.") for row in rows]
