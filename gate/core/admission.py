"""Words of admission: what is asked before a deployment, what each attestation says, and the answer."""

from __future__ import annotations

from dataclasses import dataclass

from gate.core.decision import Outcome, PolicyUsed, Reason


@dataclass(frozen=True, slots=True)
class Asked:
    """The deployment that is asked for.

    `algorithm` is sha256 or dirHash, `digest` is lower-case hex. `now` is RFC 3339 in UTC with a trailing Z. `max_age`
    is in seconds, None for what the policy data says. With `policies` (sha256 in hex) a verdict must rest on one of
    them.
    """

    algorithm: str
    digest: str
    stage: str
    environment: str
    now: str
    max_age: int | None = None
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """One file of attestations; `data` is None where it could not be read, and `trouble` says why.

    `lines` says that it holds one attestation a line.
    """

    name: str
    data: bytes | None
    lines: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a genuine statement about this artifact says; nothing here is from a statement that was not verified.

    `kind` is summary (SLSA's) or decision (gate's own). Of `stage` and `environment` there are two each: the field of
    gate's own, and what `resource` names. Times are as they were written. In seconds: `age`, since the earliest of its
    times; `ahead`, until the latest of them; `ends_in`, until its end (None without one); all may be negative. `timed`
    says whose word they are: verified or self-declared.
    """

    kind: str
    passed: bool
    verdict: str
    verifier: str
    stage: str
    environment: str
    resource: str
    resource_stage: str
    resource_environment: str
    time: str
    timed: str
    age: int
    ahead: int
    not_after: str
    ends_in: int | None
    policy: str


@dataclass(frozen=True, slots=True)
class Examined:
    """One attestation: where it stands, and what became of it.

    `state` is ok, or why it counts as nothing: wrong-subject, invalid-signature, untrusted-signer, signer-scope,
    verifier-mismatch, unknown-predicate, malformed-statement, malformed, unsupported, or why it was not looked at:
    too-large, unreadable. Of no-verdict, which says nothing about fitness, policy is not told. `said` is None unless
    the statement was genuine and could be read.
    """

    place: str
    state: str
    detail: str = ""
    signer: str = ""
    predicate_type: str = ""
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer of the policy, and every attestation that was given."""

    asked: Asked
    outcome: Outcome
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    waived: tuple[Reason, ...]
    attestations: tuple[Examined, ...]
    trust: str
    policy: PolicyUsed
