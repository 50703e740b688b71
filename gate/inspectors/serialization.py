"""Would loading a member run code?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gate.core.errors import FormatError, NotExamined
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.core.text import printable
from gate.facts.metadata import Claimed
from gate.facts.pickles import PickleGlobal, PickleImports
from gate.formats import pickle_npy
from gate.formats.importable import Shipped, found_by, shipped
from gate.formats.model_kinds import model_kind
from gate.formats.pickle import GlobalUse, Oddity, Status, Use, Walk, looks_like_pickle, walk
from gate.formats.pickle_hdf5 import walk_attributes
from gate.formats.pickle_verdict import Judgement, Verdict
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.loading.judges import Judge, judges
from gate.loading.names import LONGEST, advisories, advisory_url, tables

LISTED = 200
"""Globals that one fact lists."""
ITEMS = 100
"""Globals of one verdict that the section lists."""
_JUDGED_AS_USES = frozenset({Oddity.COMPUTED_NAME, Oddity.EXTENSION})


def _holds_objects(head: bytes) -> bool:
    """Whether this is a .npy file that numpy would unpickle; one with a broken header counts."""
    try:
        return head.startswith(pickle_npy.MAGIC) and pickle_npy.objects_start(head) is not None
    except FormatError:
        return True


@dataclass(frozen=True, slots=True)
class _Judged:
    """A use and what is to be thought of it."""

    use: GlobalUse
    judgement: Judgement

    @property
    def weight(self) -> tuple[int, bool, int]:
        """Graver first in a maximum; a use that runs something above one that only imports; then the earlier."""
        return self.judgement.verdict, self.use.use is not Use.REF, -self.use.start

    @property
    def rule(self) -> str:
        if self.judgement.verdict is Verdict.UNVERIFIED:
            return "serialization.unverified-global"
        return f"serialization.dangerous-{'reference' if self.use.use is Use.REF else 'call'}"

    def finding(self, member: Member, attribute: str = "") -> Finding:
        """What is said of it; in an attribute of an HDF5 file, offsets are those in its value."""
        use = self.use
        known = (*advisories(use.name), *advisories(use.name, use.use))
        how = self.judgement.why
        if known:
            how += f"; published as {', '.join(known)}"
        if attribute:
            how += f"; in the attribute {printable(attribute)}"
        told = found(
            self.rule,
            member,
            at=(-1, -1) if attribute else (use.start, use.end),
            by=use.name,
            confidence=Confidence.HIGH if use.certain else Confidence.MEDIUM,
            name=use.name,
            module=use.module,
            use=use.use,
            how=how,
            trail=use.trail,
        )
        links = " ".join(map(advisory_url, known))
        return told._replace(args=(*told.args, ("advisories", links))) if links else told


class Serialization(Inspector):
    """Reads pickles, and asks the judges of gate.loading about other formats."""

    produces = (PickleGlobal, PickleImports, Claimed)

    def wants(self, member: Member) -> Need | None:
        pickled = looks_like_pickle(member.head) or _holds_objects(member.head)
        needs = [judge.need for judge in judges(member)] + [Need.STREAM] * pickled
        return max(needs, default=None)

    def inspect(self, member: Member) -> Iterator[Said]:
        if _holds_objects(member.head):
            yield from self._read(member, npy=True)
        for judge in judges(member):
            yield from _concerns(member, judge)
        if model_kind(member.head) == "hdf5":
            yield from self._attributes(member)
        if looks_like_pickle(member.head):
            yield from self._read(member, npy=False)

    def _attributes(self, member: Member) -> Iterator[Said]:
        """What PyTables would unpickle; a text with a full stop is no pickle, and nobody else would load it."""
        try:
            walks = member.read(walk_attributes)
        except NotExamined:  # the judge of the format met the same bound, and said so
            return
        for name, result in walks:
            sure = result.recognised and result.status is Status.COMPLETE
            for one in _judge(result):
                if one.judgement.verdict >= (Verdict.UNVERIFIED if sure else Verdict.DANGEROUS):
                    yield one.finding(member, name[:LONGEST])

    def _read(self, member: Member, *, npy: bool) -> Iterator[Said]:
        try:
            result = member.read(pickle_npy.walk_objects if npy else walk)
        except NotExamined as error:
            yield Gap(Location(member.path), error.reason, detail=str(error))
            return
        judged = _judge(result)
        if not result.recognised and not npy:
            # Text and weights begin with an opcode by chance: only what a loader would surely run counts.
            sure = (one for one in judged if one.judgement.verdict is Verdict.DANGEROUS and not one.use.computed)
            yield from (one.finding(member) for one in sure)
            return
        yield from _findings(member, result, judged)
        yield from _rows(member, result, judged)
        if result.status is not Status.COMPLETE:
            reason = GapReason.CORRUPT if result.status is Status.BROKEN else GapReason.BUDGET
            yield Gap(Location(member.path, result.end), reason, detail=f"the pickle was read in part: {result.detail}")

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Modules that the archive itself answers for: a look-alike of a known library makes its verdicts void."""
        modules = {module for _, module in _imported(seen)}
        files: dict[str, list[Shipped]] = {}
        for file in shipped(modules, (row.path for row in archive.inventory())) if modules else ():
            files.setdefault(file.module, []).append(file)
        told: set[tuple[str, str]] = set()
        for path, module in _imported(seen) if files else ():
            first = next(found_by(path, files.get(module, ())), None)
            if first is not None and (path, module) not in told:
                told.add((path, module))
                yield _shipped(path, first)

    def section(self, seen: Seen) -> Section:
        counts: Counter[str] = Counter()
        items: dict[str, list[Json]] = {"dangerous": [], "unverified": []}
        for row in seen.rows(PickleGlobal):
            counts[row.verdict] += 1
            listed = items.get(row.verdict)
            if listed is not None and len(listed) < ITEMS:
                listed.append({"path": row.path, "global": f"{row.module}.{row.name}", "use": row.use})
        return {
            "pickles": seen.count(PickleImports),
            "globals": {verdict.name.lower(): counts[verdict.name.lower()] for verdict in Verdict},
            **items,
            "truncated": sum(counts[name] - len(listed) for name, listed in items.items()),
        }


def _concerns(member: Member, judge: Judge) -> Iterator[Said]:
    try:
        for concern in judge.concerns(member):
            rule, by, how, at, line = concern
            yield found(f"serialization.{rule}", member, at=at, line=line, by=by, how=how)
    except NotExamined as error:
        yield Gap(Location(member.path), error.reason, detail=str(error))


def _imported(seen: Seen) -> Iterator[tuple[str, str]]:
    """Pickle and top-level module, sorted; TorchScript's own names are no modules, and what is dangerous was said."""
    for row in seen.rows(PickleGlobal):
        if row.verdict != "dangerous" and not row.module.startswith("__"):
            yield row.path, row.module.partition(".")[0]


def _shipped(pickle: str, file: Shipped) -> Finding:
    """A copy with a `.dist-info` is no look-alike by accident, yet nobody vouches for either: ADR 26."""
    if not tables().known(file.module):
        rule = "serialization.own-module"
    else:
        rule = f"serialization.{'vendored' if file.installed else 'shadowed'}-module"
    return found(rule, pickle, by=file.module, module=file.module, file=file.path)


def _judge(result: Walk) -> list[_Judged]:
    """The gravest use of each global, in the order of the bytes; doubtful ones only where they are dangerous."""
    vouched = tables()
    worst: dict[str, _Judged] = {}
    for use in result.uses:
        one = _Judged(use, vouched.judge(use))
        if not use.certain and one.judgement.verdict is not Verdict.DANGEROUS:
            continue
        known = worst.get(use.name)
        if known is None or one.weight > known.weight:
            worst[use.name] = one
    return sorted(worst.values(), key=lambda one: (one.use.start, one.use.name))


def _findings(member: Member, result: Walk, judged: list[_Judged]) -> Iterator[Finding]:
    yield from (one.finding(member) for one in judged if one.judgement.verdict >= Verdict.UNVERIFIED)
    for oddity, start in result.anomalies:
        if oddity in _JUDGED_AS_USES:
            continue
        rule = "serialization.trailing-data" if oddity is Oddity.TRAILING else "serialization.anomaly"
        yield found(rule, member, at=(start, start + 1), by=oddity.name.lower(), what=oddity)


def _rows(member: Member, result: Walk, judged: list[_Judged]) -> Iterator[PickleGlobal | PickleImports | Claimed]:
    for one in judged:
        use = one.use
        verdict = one.judgement.verdict.name.lower()
        yield PickleGlobal(member.path, use.start, use.module, use.qualname, use.use, verdict)
    for library, version, key, start, end in result.versions:
        yield Claimed(member.path, f"framework.{library}", (version,), "pickle", key, 0, -1, start, end)
    names = sorted({one.use.name for one in judged})
    yield PickleImports(member.path, result.protocol, len(names), tuple(names[:LISTED]))


inspector = Serialization()
