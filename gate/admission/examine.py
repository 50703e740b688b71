"""Attestations, verified one by one: which of them count, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gate.admission.predicates import NO_VERDICTS, READERS
from gate.core.admission import Asked, Examined, Given
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.sigstore_bundle import Signed, Unlogged, signatures
from gate.trust.reasons import MALFORMED, TEXT, WRONG_SUBJECT, Status
from gate.trust.verify import Artifact, Outcome, Verification
from gate.trust.words import ANY, Signer, Trust

BYTES = 2**22
"""Of one file: gate writes less than 100 KiB, so these are thousands of bundles at 3 KiB."""
MOST = 1000
"""Attestations in all files together."""
_UNSEEN = frozenset({GapReason.TOO_LARGE, GapReason.TOO_DEEP, GapReason.TOO_MANY, GapReason.BUDGET})
"""Reasons for which something that may count was not looked at."""


def examine(files: Iterable[Given], verification: Verification, artifact: Artifact, asked: Asked) -> Iterator[Examined]:
    """Every attestation in its place, at most MOST; the one that is left out is said as too-large."""
    number = 0
    for file in files:
        for place, signed in _each(file):
            number += 1
            if number > MOST:
                yield Examined(place, "too-large", f"there are more than {MOST} attestations")
                return
            yield signed if isinstance(signed, Examined) else _one(place, signed, verification, artifact, asked)


def _each(file: Given) -> Iterator[tuple[str, Signed | Examined]]:
    if file.data is None:
        yield file.name, Examined(file.name, "unreadable", file.trouble)
        return
    if len(file.data) > BYTES:
        yield file.name, Examined(file.name, "too-large", f"it has more than {BYTES} bytes")
        return
    for number, signed in enumerate(signatures(file.data, lines=file.lines), 1):
        place = f"{file.name}:{number}" if file.lines else file.name
        yield place, _unread(place, signed) if isinstance(signed, NotExamined) else signed


def _unread(place: str, error: NotExamined) -> Examined:
    if isinstance(error, Unlogged):
        return Examined(place, "invalid-signature", str(error))
    if error.reason in _UNSEEN:
        return Examined(place, "too-large", str(error))
    return Examined(place, "malformed" if isinstance(error, FormatError) else "unsupported", str(error))


def _one(place: str, signed: Signed, verification: Verification, artifact: Artifact, asked: Asked) -> Examined:
    outcome = verification.verify(signed, artifact)
    if outcome.status != Status.VERIFIED:
        return Examined(place, _state(outcome), (outcome.detail or TEXT[outcome.reason]) + _by(outcome), outcome.signer)
    names = ", ".join(signer.name for signer in outcome.signers)
    kind = outcome.statement.predicate_type if outcome.statement else ""
    if kind in NO_VERDICTS and outcome.statement is not None:
        return Examined(place, "no-verdict", "it is genuine, and says nothing about fitness", names, kind)
    reader = READERS.get(kind)
    if outcome.statement is None or reader is None:
        return Examined(place, "unknown-predicate", "it is genuine, but no verdict", names, kind)
    try:
        said = reader(outcome.statement.predicate, outcome.times, asked.now)
    except FormatError as error:
        return Examined(place, "malformed-statement", str(error), names, kind)
    return Examined(place, *_entitled(outcome.signers, said.verifier, verification.trust, asked), names, kind, said)


def _by(outcome: Outcome) -> str:
    """Who it was, as a proven certificate says it: what the trust file would have to name."""
    return f": {outcome.signer}, for whom {outcome.issuer} vouches" if outcome.issuer else ""


def _state(outcome: Outcome) -> str:
    if outcome.reason == WRONG_SUBJECT:
        return "wrong-subject"
    if outcome.status == Status.INVALID:
        return "malformed" if outcome.reason == MALFORMED else "invalid-signature"
    if outcome.status == Status.UNTRUSTED:
        return "untrusted-signer"
    return "too-large" if outcome.gap in _UNSEEN else "unsupported"


def _entitled(signers: Iterable[Signer], verifier: str, trust: Trust | None, asked: Asked) -> tuple[str, str]:
    """State and detail: one and the same signer must be one of this verifier, for this stage and this environment.

    https://slsa.dev/spec/v1.1/verification_summary: consumers accept pairs of a signer and a verifier id.
    """
    pairs = {(name, row.id) for row in (trust.verifiers if trust else ()) for name in row.signers}
    paired = [signer for signer in signers if (signer.name, verifier) in pairs]
    if not paired:
        return "verifier-mismatch", "the trust file does not let its signer decide under this verifier id"
    for signer in paired:
        if {ANY, asked.stage} & set(signer.stages) and {ANY, asked.environment} & set(signer.environments):
            return "ok", ""
    return "signer-scope", "its signer may not decide for this stage and environment"
