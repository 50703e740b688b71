"""Renderings of `gate verify`: for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gate.core.report import Json
from gate.core.text import printable
from gate.output.dump import dumps
from gate.trust.bundle import sentence
from gate.trust.reasons import Status
from gate.trust.verify import Outcome

EXIT = {Status.VERIFIED: 0, Status.INVALID: 1, Status.UNTRUSTED: 1, Status.UNVERIFIABLE: 3}
"""The exit code of each status of one bundle."""
_WORDS = {
    Status.VERIFIED: "VERIFIED: the bundle is a signature of this artifact by the signer that was asked for.",
    Status.INVALID: "NOT VERIFIED: {why}.",
    Status.UNTRUSTED: "NOT VERIFIED: {why}.",
    Status.UNVERIFIABLE: "INCONCLUSIVE: {why}; treat this as not verified.",
}


@dataclass(frozen=True, slots=True)
class BundleChecked:
    """One bundle: `bundle` is the sha256 of its file, `digests` those of the artifact by algorithm, in hex."""

    name: str
    bundle: str
    digests: Mapping[str, str]
    outcome: Outcome

    @property
    def exit_code(self) -> int:
        """0 verified, 1 not verified, 3 could not be told."""
        return EXIT[self.outcome.status]


def text(checked: BundleChecked) -> str:
    """The outcome in words, then what is proven."""
    outcome = checked.outcome
    lines = [_WORDS[outcome.status].format(why=printable(sentence(outcome), 1000)), *_proven(checked)]
    return "\n".join(lines) + "\n"


def _proven(checked: BundleChecked) -> Iterator[str]:
    outcome = checked.outcome
    statement = outcome.statement
    rows = (
        ("bundle", f"{checked.name} (sha256:{checked.bundle})"),
        ("artifact", f"sha256:{checked.digests['sha256']}"),
        ("signer", outcome.signer),
        ("issuer", outcome.issuer),
        ("signed at", ", ".join(outcome.times)),
        ("says", statement.predicate_type if statement else ""),
        ("trusted root", f"sha256:{outcome.root}" if outcome.root else ""),
    )
    for name, value in rows:
        if value:
            yield f"  {name}: {printable(value, 1000)}"


def json(checked: BundleChecked) -> str:
    """`gate.bundle/v1`, on one line."""
    outcome = checked.outcome
    statement = outcome.statement
    document: Mapping[str, Json] = {
        "schema": "gate.bundle/v1",
        "status": outcome.status.value,
        "exit_code": checked.exit_code,
        "reason": outcome.reason or None,
        "message": sentence(outcome) or None,
        "bundle": {"name": checked.name, "digest": {"sha256": checked.bundle}},
        "subject": {"digest": dict(checked.digests)},
        "signer": outcome.signer or None,
        "issuer": outcome.issuer or None,
        "times": list(outcome.times),
        "predicate_type": statement.predicate_type if statement else None,
        "trusted_root": {"sha256": outcome.root} if outcome.root else None,
    }
    return dumps(document)


RENDERERS: Mapping[str, Callable[[BundleChecked], str]] = {"json": json, "text": text}
