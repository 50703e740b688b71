"""Who signed this archive, and do the signatures hold?"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from itertools import islice
from typing import NamedTuple

import yaml

from gate import resources
from gate.archive.source import Source, blocks, whole
from gate.core.attachment import Attachment
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.core.text import printable
from gate.declared.signed_model import compared
from gate.facts.signatures import Granted, Signature, SignatureCoverage, SignatureFile
from gate.formats.sigstore_bundle import SIGNATURE, Bundle, Detached, Signed, detached, signatures
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.trust.reasons import MALFORMED, TEXT, VERDICT, WRONG_SUBJECT, Status
from gate.trust.verify import WHY, Artifact, Outcome, Verification, claimed, is_model_signing, needs
from gate.trust.words import ANY

BESIDE = (".sigstore.json", ".sigstore", ".sig", ".bundle", ".intoto.jsonl", ".claims.jsonl")
"""What a file beside the archive is called after its name; each line of a .jsonl is a signature."""
_INSIDE = re.compile(r"(?P<about>.+)(?P<suffix>\.sigstore\.json|\.sigstore|\.sig)(?:#[0-9]+)?", re.DOTALL)
_BUNDLE = (b'"mediaType"', b'"verificationMaterial"', b'"dsseEnvelope"', b'"payloadType"')
_MEMBERS = 1000
"""Signatures inside of an archive that are verified, some milliseconds each."""
_MESSAGE = 256 * 2**20
"""Bytes of an archive that are held at once for a key that signs whole messages (Ed25519)."""
_LISTED = 50
_MODEL = Artifact({}, model=True)


class _At(NamedTuple):
    """Where a signature is: the member that holds it ("" beside the archive), its name, and what it is called after."""

    path: str
    name: str
    about: str = ""


class SignatureInspector(Inspector):
    """Verifies what lies beside the archive or was given with it; signatures of single members count for these only."""

    produces = (Signature, SignatureFile, Granted, SignatureCoverage)

    def wants(self, member: Member) -> Need | None:
        return Need.HEAD if _INSIDE.fullmatch(member.path) else None

    def inspect(self, member: Member) -> Iterator[Said]:
        """What makes a file a signature is its content; a .sig may be anything."""
        name = _INSIDE.fullmatch(member.path)
        assert name is not None
        is_bundle = member.head.lstrip().startswith(b"{") and any(word in member.head for word in _BUNDLE)
        bare = name["suffix"] == ".sig" and not is_bundle
        if not bare or (member.size <= SIGNATURE and _plausible(member.head)):
            yield SignatureFile(member.path, name["about"], bare)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        verification = Verification(self.inputs.trust, self.inputs.effective_time)
        yield from self._beside(verification, archive)
        yield from self._inside(verification, seen, archive)

    def section(self, seen: Seen) -> Section:
        """Only signatures of the whole archive count; those of its members are told apart."""
        counts, inside = Counter[str](), Counter[str]()
        roots: set[str] = set()
        for row in seen.rows(Signature):
            (inside if row.path else counts)[row.status] += 1
            roots.update({row.root} - {""})
        grants = list(
            islice(dict.fromkeys(replace(row, path="") for row in seen.rows(Granted) if not row.path), _LISTED)
        )
        stages = sorted({stage for grant in grants for stage in grant.stages})
        return {
            "trust": self.inputs.trust is not None,
            "signatures": counts.total(),
            **{status.value: counts[status] for status in Status},
            "member_signatures": inside.total(),
            "member_verified": inside[Status.VERIFIED],
            "signers": sorted({grant.signer for grant in grants}),
            "stages": [ANY] if ANY in stages else stages,
            "grants": [_grant(grant) for grant in grants],
            "root": min(roots, default=None),
        }

    # -- of the archive ------------------------------------------------------------------------------------------

    def _beside(self, verification: Verification, archive: Archive) -> Iterator[Said]:
        limit = archive.budget.limits.signature_bytes
        files: dict[Attachment, None] = {}
        for suffix in BESIDE:
            for item in archive.beside((suffix,), limit):
                if isinstance(item, Gap):
                    yield item
                    yield _unread("", archive.root.name + suffix, item.reason)
                elif suffix != ".bundle" or item.data.lstrip().startswith(b"{"):  # git and others have bundles, too
                    files[item] = None
        files.update(dict.fromkeys(self.inputs.signatures))
        artifact: Artifact | None = Artifact(dict(archive.subject().digest)) if files else None
        for file in files:
            if len(file.data) > limit:
                yield Gap(Location(), GapReason.TOO_LARGE, detail=f"{file.name} has more than {limit} bytes")
                yield _unread("", file.name, GapReason.TOO_LARGE)
                continue
            for name, signed in _each(file):
                archive.budget.tick()
                artifact = self._more(artifact, signed, archive, "")
                yield from self._judge(verification, archive, _At("", name), signed, artifact)

    def _more(
        self, artifact: Artifact | None, signed: Signed | NotExamined, archive: Archive, path: str
    ) -> Artifact | None:
        """The artifact with what keys of the trust file need besides sha256, where this signature may be by one."""
        by_key = isinstance(signed, Detached) or (isinstance(signed, Bundle) and not signed.certificate)
        if artifact is None or not by_key or (archive.root.folder and not path):
            return artifact
        wanted = needs(self.inputs.trust) - artifact.digests.keys() - ({""} if artifact.message is not None else set())
        if not wanted:
            return artifact
        with suppress(NotExamined):  # without them the signature is unverifiable, which says so
            source = archive.open(path)
            hashes = {name: _hash(source, name) for name in sorted(wanted - {""})}
            message = whole(source, _MESSAGE) if "" in wanted else artifact.message
            return Artifact({**artifact.digests, **hashes}, message)
        return artifact

    # -- of members ----------------------------------------------------------------------------------------------

    def _inside(self, verification: Verification, seen: Seen, archive: Archive) -> Iterator[Said]:
        files = list(islice(seen.rows(SignatureFile), _MEMBERS))
        if (more := seen.count(SignatureFile) - len(files)) > 0:
            yield Gap(Location(), GapReason.TOO_MANY, detail=f"{more} signatures of members were not verified")
        wanted = {file.about for file in files}
        rows = (row for row in archive.inventory() if row.path in wanted) if files else ()
        digests = {row.path: Artifact({"sha256": row.sha256} if row.sha256 else {}) for row in rows}
        for file in files:
            archive.budget.tick()
            if file.bare and file.about not in digests:
                continue  # neither what it holds nor what lies beside it makes it a signature
            try:
                data = whole(archive.open(file.path), archive.budget.limits.signature_bytes)
            except (NotExamined, OSError) as error:
                reason = error.reason if isinstance(error, NotExamined) else GapReason.UNREADABLE
                yield Gap(Location(file.path), reason, detail="the signature could not be read")
                yield _unread(file.path, file.path, reason)
                continue
            for name, signed in _each(Attachment(file.path.rpartition("/")[2], data)):
                about = self._more(digests.get(file.about), signed, archive, file.about)
                at = _At(file.path, name, file.about)
                yield from self._judge(verification, archive, at, signed, about)

    # -- one signature -------------------------------------------------------------------------------------------

    def _judge(
        self,
        verification: Verification,
        archive: Archive,
        at: _At,
        signed: Signed | NotExamined,
        artifact: Artifact | None,
    ) -> Iterator[Said]:
        path, name = at.path, at.name
        if not isinstance(signed, NotExamined) and is_model_signing(signed):
            outcome, coverage = compared(verification.verify(signed, _MODEL), archive, at.path, name, at.about)
            if coverage is not None:
                yield coverage
        else:
            outcome = _outcome(verification, signed, artifact)
        statement = outcome.statement
        yield Signature(
            path,
            printable(name),
            _format(signed),
            outcome.status.value,
            outcome.reason,
            printable(outcome.signer),
            printable(outcome.issuer),
            min(outcome.times, default=""),
            len(statement.subjects) if statement else 0,
            printable(statement.predicate_type) if statement else "",
            outcome.root,
        )
        for who in outcome.signers:
            yield Granted(path, who.name, who.stages, who.environments)
        if outcome.gap is not None:
            yield Gap(Location(path), outcome.gap, detail=f"{name}: {outcome.detail or TEXT[outcome.reason]}")
        rule = self._rule(outcome, path)
        if rule:
            problem = ": ".join(filter(None, (TEXT[outcome.reason], outcome.detail)))
            signer = outcome.signer or "somebody unknown"
            yield found(rule, path, by=f"{name} {outcome.reason}", signature=name, signer=signer, problem=problem)

    def _rule(self, outcome: Outcome, path: str) -> str:
        """Nobody has to trust who signed a member, and nobody is trusted where no trust file says so."""
        if outcome.status is Status.INVALID:
            code = outcome.reason if outcome.reason in (MALFORMED, WRONG_SUBJECT) else "invalid"
            return f"signature.{code}"
        listed = outcome.status is Status.UNTRUSTED and outcome.reason != VERDICT
        return "signature.untrusted" if listed and self.inputs.trust is not None and not path else ""


inspector = SignatureInspector()


def _each(file: Attachment) -> Iterator[tuple[str, Signed | NotExamined]]:
    lines = file.name.endswith(".jsonl")
    for number, signed in enumerate(signatures(file.data, lines=lines), 1):
        yield f"{file.name}:{number}" if lines else file.name, signed


def _outcome(verification: Verification, signed: Signed | NotExamined, artifact: Artifact | None) -> Outcome:
    if isinstance(signed, FormatError):
        return Outcome(Status.INVALID, MALFORMED, detail=str(signed))
    if isinstance(signed, NotExamined):
        return Outcome(Status.UNVERIFIABLE, WHY.get(signed.reason, "failed"), gap=signed.reason, detail=str(signed))
    if artifact is None:
        return Outcome(Status.UNVERIFIABLE, "no-artifact", gap=GapReason.UNAVAILABLE)
    outcome = verification.verify(signed, artifact)
    forged = outcome.status is Status.INVALID and outcome.reason != WRONG_SUBJECT
    if not forged and _is_verdict(claimed(signed)):
        # What only claims to be a verdict does not count either, so nobody has to know who made it.
        return replace(outcome, status=Status.UNTRUSTED, reason=VERDICT, signers=(), gap=None)
    return outcome


@cache
def _verdicts() -> tuple[str, ...]:
    return tuple(yaml.safe_load(resources.data("signature/verdicts.yaml").read_bytes()))


def _is_verdict(predicate_type: str) -> bool:
    return any(fnmatchcase(predicate_type, pattern) for pattern in _verdicts())


def _unread(path: str, name: str, reason: GapReason) -> Signature:
    why, status = WHY.get(reason, "failed"), Status.UNVERIFIABLE.value
    return Signature(path, printable(name), "unknown", status, why, "", "", "", 0, "", "")


def _plausible(data: bytes) -> bool:
    """Whether these bytes could be a signature of any kind."""
    try:
        detached(data)
    except FormatError:
        return False
    except NotExamined:
        return True
    return True


def _format(signed: Signed | NotExamined) -> str:
    if isinstance(signed, NotExamined):
        return "unknown"
    if isinstance(signed, Bundle):
        return "certificate" if signed.certificate else "key"
    return "detached" if isinstance(signed, Detached) else "envelope"


def _hash(source: Source, name: str) -> str:
    digest = hashlib.new(name)
    for block in blocks(source):
        digest.update(block)
    return digest.hexdigest()


def _grant(grant: Granted) -> Json:
    return {"signer": grant.signer, "stages": list(grant.stages), "environments": list(grant.environments)}
