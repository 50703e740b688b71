"""Renderings of `gate verify TARGET`: every signature of an archive, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from gate.core.gap import Gap
from gate.core.report import Json
from gate.core.subject import Subject
from gate.core.text import printable
from gate.facts.signatures import Signature, SignatureCoverage
from gate.output.dump import dumps
from gate.trust.reasons import TEXT, Status
from gate.trust.signed import ABSENT, exit_code

_LISTED = 100
_SENTENCE = {
    Status.VERIFIED: "VERIFIED: {name} is signed by somebody whom the trust file trusts for models.",
    Status.INVALID: "INVALID: {name} has a signature that does not hold.",
    Status.UNTRUSTED: "UNTRUSTED: nobody whom the trust file trusts for models signed {name}.",
    Status.UNVERIFIABLE: "INCONCLUSIVE: the signatures of {name} were not fully checked; treat this as not verified.",
    ABSENT: "ABSENT: {name} is not signed.",
}
_NOBODY = "no trust file was given, so nobody is trusted: --trust FILE"


@dataclass(frozen=True, slots=True)
class SignaturesChecked:
    """One archive: its signatures, what was not looked at, and the sha256 of the trust file ("" without one).

    `grants` are the entries of the trust file that it is signed by, with their stages and environments.
    """

    subject: Subject
    status: str
    signatures: tuple[Signature, ...]
    coverage: tuple[SignatureCoverage, ...]
    grants: Json
    gaps: tuple[Gap, ...]
    trust: str

    @property
    def exit_code(self) -> int:
        """0 verified, 1 not, 3 it cannot be told."""
        return exit_code(self.status, trusting=bool(self.trust))


def text(checked: SignaturesChecked) -> str:
    """The outcome in words, then each signature, at most 100; words of gate start every line."""
    lines = [_SENTENCE[checked.status].format(name=printable(checked.subject.name))]
    if not checked.trust:
        lines.append(f"note: {_NOBODY}")
    lines += [f"  {algorithm}: {digest}" for algorithm, digest in checked.subject.digest.items()]
    for row in checked.signatures[:_LISTED]:
        lines += _signature(row)
        lines += [_coverage(one) for one in checked.coverage if (one.path, one.name) == (row.path, row.name)]
    if more := len(checked.signatures[_LISTED:]):
        lines.append(f"  and {more} more: -f json lists all of them")
    for gap in checked.gaps[:_LISTED]:
        lines.append(f"gap: {printable(': '.join(filter(None, (gap.location.path, gap.reason, gap.detail))), 1000)}")
    return "\n".join(lines) + "\n"


def _signature(row: Signature) -> Iterator[str]:
    place = f"{row.path} (a member)" if row.path else row.name
    yield f"  - {row.status}: {printable(place)}" + (f": {TEXT[row.reason]}" if row.reason else "")
    signer = f"{row.signer} ({row.issuer})" if row.issuer else row.signer
    told = (
        ("signer", signer),
        ("signed at", row.verified_time),
        ("says", row.predicate),
        ("trusted root", f"sha256:{row.root}" if row.root else ""),
    )
    for name, value in told:
        if value:
            yield f"      {name}: {printable(value, 1000)}"


def _coverage(one: SignatureCoverage) -> str:
    counts = ((one.covered, "as signed"), (one.changed, "changed"), (one.missing, "missing"), (one.added, "added"))
    said = ", ".join(
        f"{number} {word}" for number, word in (*counts, (one.ignored, "left out by the signer")) if number
    )
    return f"      files: {said or 'none'}" + ("; all of the archive" if one.whole else "")


def json(checked: SignaturesChecked) -> str:
    """`gate.signatures/v1`, on one line."""
    subject = checked.subject
    document: Mapping[str, Json] = {
        "schema": "gate.signatures/v1",
        "subject": {"name": subject.name, "kind": subject.kind, "digest": dict(subject.digest), "size": subject.size},
        "status": str(checked.status),
        "exit_code": checked.exit_code,
        "trust": {"digest": {"sha256": checked.trust}} if checked.trust else None,
        "signatures": [{**asdict(row), "message": TEXT.get(row.reason)} for row in checked.signatures],
        "coverage": [asdict(one) for one in checked.coverage],
        "grants": checked.grants,
        "gaps": [
            {"path": gap.location.path, "reason": str(gap.reason), "inspector": gap.inspector, "detail": gap.detail}
            for gap in checked.gaps
        ],
    }
    return dumps(document)


RENDERERS: Mapping[str, Callable[[SignaturesChecked], str]] = {"json": json, "text": text}
