"""Attest a verdict: the files that leave, each of them verified as a stranger would."""

from __future__ import annotations

from collections.abc import Mapping

from gate.adapters.signer import Signer
from gate.attest import statements, uris
from gate.attest.envelope import bundle, line, sign
from gate.attest.verdict import Verdict
from gate.core.errors import GateError
from gate.formats.sigstore_bundle import signature
from gate.trust.reasons import Status
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Key, Trust
from gate.trust.words import Signer as Trusted

LINE = 48 * 1024
"""Bytes of one line: readers of lines (gh) stop at 64 KiB."""
SUFFIXES = (".vsa.sigstore.json", ".gate.sigstore.json", ".vsa.intoto.jsonl", ".vulns.sigstore.json", ".claims.jsonl")
"""What is behind an artifact's name: summary, decision, the summary's bare envelope, known vulnerabilities (which only
a whole look gives), and all bundles on a line each."""


class NotAttested(GateError):
    """Nothing can be signed about this artifact; says why."""


def attest(verdict: Verdict, signer: Signer, verifier: str) -> Mapping[str, bytes]:
    """The content of each file by its suffix; a denied or inconclusive verdict is attested as FAILED.

    Raises NotAttested when the artifact has no digest, or when more would have to be said than fits.
    """
    digest = verdict.subject.digest
    if not digest or not all(digest.values()):
        raise NotAttested("it has no digest, because a part of it was not read")
    summary = sign(statements.verification_summary(verdict, verifier), signer)
    statement = sign(statements.decision(verdict, verifier), signer)
    vsa, decision, bare, vulnerabilities, claims = SUFFIXES
    bundles = {vsa: (bundle(summary, signer), uris.VSA), decision: (bundle(statement, signer), uris.DECISION)}
    if verdict.looked_up is not None:
        known = sign(statements.vulnerabilities(verdict, verdict.looked_up), signer)
        bundles[vulnerabilities] = (bundle(known, signer), uris.VULNERABILITIES)
    for data, kind in (*bundles.values(), (line(summary), uris.VSA)):
        if len(data) > LINE:
            raise NotAttested(f"its attestation would have {len(data)} bytes, more than {LINE}")
        _check(data, kind, verdict, signer)
    lines = b"".join(data for data, _ in bundles.values())
    return {**{suffix: data for suffix, (data, _) in bundles.items()}, bare: line(summary), claims: lines}


def _check(data: bytes, kind: str, verdict: Verdict, signer: Signer) -> None:
    """GateError unless gate itself accepts this as a verdict by this key about this artifact."""
    key = Key(Trusted("self", roles=("verifier",)), signer.public, "")
    outcome = Verification(Trust("", keys=(key,)), verdict.time, "verifier").verify(
        signature(data), Artifact(verdict.subject.digest)
    )
    said = outcome.statement.predicate_type if outcome.statement else ""
    if outcome.status != Status.VERIFIED or said != kind:
        raise GateError(f"what was signed does not verify: {outcome.reason or 'another predicate'}")
