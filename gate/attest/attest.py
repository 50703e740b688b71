"""Attest a verdict: the files that leave, each of them verified as a stranger would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gate.attest import statements, uris
from gate.attest.envelope import line
from gate.attest.verdict import Verdict
from gate.core.errors import GateError, ServiceFailed
from gate.formats.dsse import json_object, members
from gate.formats.sigstore_bundle import signature
from gate.trust.reasons import Status
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Trust

LINE = 48 * 1024
"""Bytes of one line: readers of lines (gh) stop at 64 KiB."""
SUFFIXES = (".vsa.sigstore.json", ".gate.sigstore.json", ".vsa.intoto.jsonl", ".vulns.sigstore.json", ".claims.jsonl")
"""What is behind an artifact's name: summary, decision, the summary's bare envelope, known vulnerabilities (which only
a whole look gives), and all bundles on a line each."""


class NotAttested(GateError):
    """Nothing can be signed about this artifact; says why."""


class Seal(Protocol):
    """Somebody who signs, for one verdict."""

    @property
    def trust(self) -> Trust:
        """The trust file of a stranger who trusts nobody else, as a verifier."""

    def bundle(self, statement: bytes) -> bytes:
        """The statement in a signed bundle, on one line; raises ServiceFailed."""

    def refused(self, reason: str) -> GateError:
        """What it means that one of these bundles does not verify."""


class Signs(Protocol):
    """Whoever signs, by a key or by an identity."""

    def begin(self) -> Seal:
        """For one verdict; raises ServiceFailed."""


def attest(verdict: Verdict, signer: Signs, verifier: str) -> Mapping[str, bytes]:
    """The content of each file by its suffix; a denied or inconclusive verdict is attested as FAILED.

    A bare envelope has no room for a certificate, so that there is none of it where an identity signs. Raises
    NotAttested when the artifact has no digest, when more would have to be said than fits, or when a service failed.
    """
    digest = verdict.subject.digest
    if not digest or not all(digest.values()):
        raise NotAttested("it has no digest, because a part of it was not read")
    vsa, decision, bare, vulnerabilities, claims = SUFFIXES
    try:
        seal = signer.begin()
        summary = seal.bundle(statements.verification_summary(verdict, verifier))
        bundles = {vsa: (summary, uris.VSA)}
        bundles[decision] = (seal.bundle(statements.decision(verdict, verifier)), uris.DECISION)
        if verdict.looked_up is not None:
            known = seal.bundle(statements.vulnerabilities(verdict, verdict.looked_up))
            bundles[vulnerabilities] = (known, uris.VULNERABILITIES)
        plain = line(members(json_object(summary)["dsseEnvelope"], "envelope", (), None)) if seal.trust.keys else b""
        for data, kind in (*bundles.values(), (plain, uris.VSA)):
            if len(data) > LINE:
                raise NotAttested(f"its attestation would have {len(data)} bytes, more than {LINE}")
            if data:
                _check(data, kind, verdict, seal)
    except ServiceFailed as error:
        raise NotAttested(str(error)) from error
    files = {suffix: data for suffix, (data, _) in bundles.items()}
    files |= {claims: b"".join(files.values()), **({bare: plain} if plain else {})}
    return {suffix: files[suffix] for suffix in SUFFIXES if suffix in files}


def _check(data: bytes, kind: str, verdict: Verdict, seal: Seal) -> None:
    """GateError unless gate itself accepts this as a verdict by this signer about this artifact."""
    outcome = Verification(seal.trust, verdict.time, "verifier").verify(
        signature(data), Artifact(verdict.subject.digest)
    )
    said = outcome.statement.predicate_type if outcome.statement else ""
    if outcome.status != Status.VERIFIED or said != kind:
        raise seal.refused(outcome.reason)
