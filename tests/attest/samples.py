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
from tests.output.results import allowed, denied, hostile

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


def payload(data):
    """The statement inside of a bundle or an envelope."""
    document = json.loads(data)
    return json.loads(base64.b64decode(document.get("dsseEnvelope", document)["payload"]))


__all__ = ["KEY", "OTHER", "WHO", "allowed", "denied", "hostile", "payload", "said", "signed"]
