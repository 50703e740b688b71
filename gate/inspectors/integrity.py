"""Are all members there, are they what the archive itself declares, and does anything of the model lie elsewhere?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.core.row import Note
from gate.declared.compare import Comparison, Problem
from gate.declared.expected import Answer, answer
from gate.declared.looks import Look, looks
from gate.declared.pointing import leading_out
from gate.facts.digests import Closed, Declared, DeclaredFolder, TensorBytes, TensorTotal
from gate.facts.references import ExternalReference, Pointer
from gate.formats import checksums, dvc, hashing, safetensors
from gate.formats.file_claims import Claim, Elsewhere
from gate.formats.lfs import pointer
from gate.formats.relative import relative
from gate.formats.shown import shown
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found

_ALGORITHMS = 16
"""Algorithms that are told apart in one list; the rest is counted together."""
_CHECKED = frozenset(("bentoml", "hugging-face", "hugging-face-code", "modelkit"))
"""Kinds of addresses that have a syntax of their own, without room for a password."""
_ADDRESS = re.compile(r"[\w./:@-]{1,300}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Compared(Note):
    """How the declarations of the whole archive (path "") came out."""

    matched: int
    mismatched: int
    missing: int
    unread: int


@dataclass(frozen=True, slots=True)
class Expected(Note):
    """Whether the archive (path "") has the digest that it was expected to have."""

    matches: int


class Integrity(Inspector):
    """Collects what members declare about others, and compares it with the inventory once all of them were read."""

    produces = (
        Declared,
        DeclaredFolder,
        Closed,
        TensorBytes,
        TensorTotal,
        Pointer,
        ExternalReference,
        Compared,
        Expected,
    )

    def wants(self, member: Member) -> Need | None:
        if _may_be_safetensors(member):
            return Need.STREAM
        found = looks(member)
        return max(look.need for look in found) if found else None

    def inspect(self, member: Member) -> Iterator[Said]:
        for look in looks(member):
            yield from _declarations(member, look)
        if _may_be_safetensors(member):
            yield from _safetensors(member)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        if self.inputs.expected is not None:
            yield from _expected(answer(self.inputs.expected, archive))
        comparison = Comparison(seen, archive)
        for item in comparison.problems():
            yield item if isinstance(item, Gap) else _told(item)
        for reference in leading_out(seen, archive):
            yield from _reference(reference)
        counts = comparison.counts
        yield Compared("", counts["matched"], counts["mismatched"], counts["missing"], counts["unread"])

    def section(self, seen: Seen) -> Section:
        compared = next(seen.rows(Compared), Compared("", 0, 0, 0, 0))
        expected = next(seen.rows(Expected), None)
        return {
            "declared": seen.count(Declared),
            "matched": compared.matched,
            "mismatched": compared.mismatched,
            "missing": compared.missing,
            "unread": compared.unread,
            "outside": seen.found("integrity.path-outside"),
            "unlisted": seen.found("integrity.unlisted-member"),
            "external": seen.count(ExternalReference),
            "unpinned": seen.found("integrity.unpinned-reference"),
            "expected": None if expected is None else expected.matches == 1,
        }


inspector = Integrity()


# -- what a member declares -------------------------------------------------------------------------------------------


def _declarations(member: Member, look: Look) -> Iterator[Said]:
    """What one member says about others; digests that nobody can compare are counted by their algorithm."""
    unread, first, others = 0, 0, Counter[str]()
    for item in look.read(member):
        if isinstance(item, Claim):
            digits = hashing.length(item.algorithm.removesuffix(dvc.FOLDER))
            if item.algorithm and not digits:
                others[item.algorithm if len(others) < _ALGORITHMS else "other"] += 1
            elif digits != len(item.hex):
                unread, first = unread + 1, first or item.line
            yield from _claim(member, item, look.up)
        elif isinstance(item, Elsewhere):
            yield _pointer(member, item, look.up)
        elif isinstance(item, checksums.Unread):
            unread, first = unread + 1, first or item.line
        else:
            yield item
    if unread:
        where = f", first line {first}" if first > 0 else ""
        yield _gap(member, GapReason.CORRUPT, f"{unread} lines are no digests of files{where}")
    for algorithm, count in sorted(others.items()):
        yield _gap(member, GapReason.UNSUPPORTED, f"{count} {algorithm} digests were not compared")


def _claim(member: Member, claim: Claim, up: int) -> Iterator[Declared | DeclaredFolder | Finding]:
    """A claim with a digest that cannot be compared still says that the file is there."""
    path = relative(member.path, claim.name, up)
    comparable = claim.hex and hashing.length(claim.algorithm) == len(claim.hex)
    algorithm, digits = (claim.algorithm, claim.hex) if comparable else ("", "")
    if path is None:
        if claim.sure:
            name = claim.name.decode("utf-8", "replace")
            yield found("integrity.path-outside", member, line=claim.line, by=name, declared=name)
    elif claim.hex and claim.algorithm.endswith(dvc.FOLDER):
        yield DeclaredFolder(path, claim.algorithm.removesuffix(dvc.FOLDER), claim.hex, member.path)
    elif path != member.path:  # a list cannot hold its own digest
        yield Declared(path, algorithm, digits, claim.size, member.path, int(claim.sure))


def _pointer(member: Member, item: Elsewhere, up: int) -> Pointer:
    inside = relative(member.path, item.name, up) or "" if item.name else ""
    if item.kind in ("dvc", "shard", "git-lfs"):
        target = inside
    elif item.kind in _CHECKED and _ADDRESS.fullmatch(item.target):
        target = item.target
    else:  # a path of another machine names its users
        target = shown(item.target) if item.kind != "path" else "…"
    return Pointer(member.path, item.kind, target, item.digest, item.size, inside)


def _gap(member: Member, reason: GapReason, detail: str) -> Gap:
    return Gap(Location(member.path), reason, detail=detail)


# -- safetensors ------------------------------------------------------------------------------------------------------


def _may_be_safetensors(member: Member) -> bool:
    if member.path.endswith(".safetensors"):
        return not (member.head.startswith(b"version ") and pointer(member.head))
    if member.head[8:9] != b"{":  # nearly every other file
        return False
    size = int.from_bytes(member.head[:8], "little")
    return safetensors.begins(member.head) and (member.size < 0 or size <= member.size - 8)


def _safetensors(member: Member) -> Iterator[Said]:
    if not safetensors.begins(member.head):
        yield _layout(member, ("it does not begin with the length of a JSON header",))
        return
    file = member.read(safetensors.read_safetensors)
    if file.problems and (file.tensors or member.path.endswith(".safetensors")):
        yield _layout(member, file.problems)
    if file.tensors or not file.problems:
        yield TensorBytes(member.path, sum(max(tensor.end - tensor.start, 0) for tensor in file.tensors))
    if file.unknown and file.tensors:
        unknown = ", ".join(file.unknown[:5])
        yield _gap(member, GapReason.UNSUPPORTED, f"tensors of unknown size: dtype {unknown}")


def _layout(member: Member, problems: tuple[str, ...]) -> Finding:
    return found("integrity.safetensors-layout", member, problem=problems[0], problems=len(problems))


# -- what does not hold -----------------------------------------------------------------------------------------------


def _told(problem: Problem) -> Finding:
    path, by = problem.path, problem.by
    declared_in = "its name" if by == path else by
    algorithm, declared, actual = problem.algorithm, problem.declared, problem.actual
    match problem.kind:
        case "missing":
            return found("integrity.missing-member", path, by=by, declared_in=declared_in)
        case "unlisted":
            return found("integrity.unlisted-member", path, by=by, declared_in=declared_in)
        case "weak":
            return found("integrity.weak-digest", path, by=algorithm, algorithm=algorithm, members=declared)
        case "total":
            return found("integrity.index-total", path, declared=declared, actual=actual)
        case "size":
            return found(
                "integrity.size-mismatch", path, by=by, declared_in=declared_in, declared=declared, actual=actual
            )
    return found(
        "integrity.digest-mismatch",
        path,
        by=by,
        declared_in=declared_in,
        algorithm=algorithm,
        declared=declared,
        actual=actual,
    )


def _expected(result: Answer) -> Iterator[Said]:
    if result.actual is None:
        detail = f"the digest could not be compared with the expected one: {result.detail}"
        yield Gap(Location(), GapReason.UNREADABLE, detail=detail)
        return
    yield Expected("", int(result.actual == result.hex))
    if result.actual != result.hex:
        name, expected, actual = result.algorithm, result.hex, result.actual
        yield found("integrity.unexpected-digest", "", by=name, algorithm=name, expected=expected, actual=actual)


_NOT_HERE = {
    "git-lfs": "a git LFS pointer: the {size} bytes that it stands for are not here; run git lfs pull",
    "dvc": "kept by DVC, and not here: {target}; run dvc pull",
    "shard": "the index names {target}, which is not here",
    "tensors": "the model reads tensors from {target}, which is not here",
    "hugging-face": "weights are fetched from the Hugging Face Hub: {target}",
    "hugging-face-code": "code is fetched from the Hugging Face Hub: {target}",
    "bentoml": "comes from a store of BentoML: {target}",
    "modelkit": "comes from a registry: {target}",
    "path": "is read from a path of the machine that loads it",
    "url": "is fetched from {target}",
}
"""What is told of each kind of reference."""


def _reference(pointer: Pointer) -> Iterator[Said]:
    path, what, target = pointer.path, pointer.what, pointer.target
    yield ExternalReference(path, what, target, pointer.digest, pointer.size)
    detail = _NOT_HERE[what].format(target=target, size=pointer.size)
    yield Gap(Location(path), GapReason.NOT_FETCHED, detail=detail)
    if not pointer.digest and what not in ("shard", "tensors"):  # that those are missing is a finding of its own
        yield found("integrity.unpinned-reference", path, by=f"{what} {target}", what=what, target=target)
