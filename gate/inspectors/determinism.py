"""Could this model be made again: are its code, data, parameters, environment and seeds known?

What it was made of is said by a gate-model.yaml; the id of the run that it declares is computed again. The source that
the archive brings along as its own (not packages that are installed in it) is read for random numbers without a seed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.facts.dependencies import Package
from gate.facts.determinism import PartsKnown, RandomUse, Run, RunNamed
from gate.facts.metadata import Claimed
from gate.formats.random_use import BYTES, FLAG, SEED, STEADY, UNSEEDED, USE, read_random_use
from gate.formats.relative import relative
from gate.formats.requirement import Requirement
from gate.formats.requirements import read_requirements
from gate.formats.run_parts import RunParts, lock_digest, read_run_parts, run_id
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found

_OWN = re.compile(r"(?:.*/)?gate-model\.ya?ml(?:#[0-9]+)?")
_OTHERS = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|[^/]+\.whl!)/")
"""Folders of packages: what they do with random numbers is decided by who calls them."""
_SEEDS = "seed."
_LISTED = 100


class Determinism(Inspector):
    """Reads each file by itself; seeds anywhere count for uses everywhere."""

    consumes = (Claimed, Package)
    produces = (RandomUse, RunNamed, Run, PartsKnown)

    def wants(self, member: Member) -> Need | None:
        if member.path.endswith(".py") and member.size <= BYTES and not _OTHERS.search(member.path):
            return Need.STREAM
        return Need.STREAM if _OWN.fullmatch(member.path) else None

    def inspect(self, member: Member) -> Iterator[Said]:
        if _OWN.fullmatch(member.path):
            parts = member.read(read_run_parts)
            data = tuple(f"{name}={digest}" for name, digest in parts.data)
            ids = (parts.run_id, int(parts.other), parts.code, data)
            yield RunNamed(member.path, *ids, parts.params, parts.env, parts.lock, parts.seeds)
        else:
            for sign in member.read(read_random_use).signs:
                yield RandomUse(member.path, sign.line, sign.kind, sign.name)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Compute the ids again, then weigh what the source does against the seeds that are known."""
        seeds = 0
        for row in seen.rows(RunNamed):
            seeds += row.seeds
            yield from _run(row, archive)
        seeds += sum(row.key.startswith(_SEEDS) for row in seen.rows(Claimed))
        yield PartsKnown("", _known(seen.rows(Claimed)), *_lists(seen.rows(Package), archive))
        yield from _signs(seen, seeds)

    def section(self, seen: Seen) -> Section:
        counts = Counter(row.kind for row in seen.rows(RandomUse))
        runs = list(seen.rows(Run))
        known = next(seen.rows(PartsKnown), PartsKnown("", (), 0, 0))
        seeds = sum(row.seeds for row in runs) + sum(row.key.startswith(_SEEDS) for row in seen.rows(Claimed))
        states = {row.state for row in runs}
        hashed = bool(known.lists) and known.lists == known.hashed
        missing = _missing(runs, known, hashed)
        recorded = bool(seeds or counts[SEED])
        return {
            "run_id": next((state for state in _WORST if state in states), "absent"),
            "missing": missing if recorded else [*missing, "seed"],
            "seeds_recorded": recorded,
            "env_hashed": all(row.hashed for row in runs) if runs else hashed,
            "data_identified": "data" not in missing,
            "data_strong": bool(runs) and all(row.strong for row in runs),
            "random_uses": counts[USE],
            "unseeded": counts[UNSEEDED],
            "flags_off": counts[FLAG],
            "flags_on": counts[STEADY],
            "reproducible": not missing and recorded and "mismatch" not in states,
        }


inspector = Determinism()
_WORST = ("mismatch", "unverifiable", "match")
_PARTS = ("code", "data", "env", "params")
_TRAINING = frozenset({"catboost", "dvc", "dvc-params", "gate-model", "kitfile", "lightgbm"})
"""Sources whose parameters are those of a training; a configuration has those of the architecture."""
_DIGEST = re.compile(r"[a-z0-9-]+:[0-9A-Fa-f]{32,128}(?:\.dir)?")
_READ = 8
"""Lists of requirements that are read a second time."""


def _known(claims: Iterable[Claimed]) -> tuple[str, ...]:
    """Which parts of a run documents name that are no gate-model.yaml: they identify them, and no id follows."""
    found = set()
    for row in claims:
        family = row.key.partition(".")[0]
        if family == "commit":
            found.add("code")
        elif family == "data" and any(map(_DIGEST.fullmatch, row.values)):
            found.add("data")
        elif family == "param" and row.source in _TRAINING:
            found.add("params")
    return tuple(sorted(found))


def _lists(packages: Iterable[Package], archive: Archive) -> tuple[int, int]:
    """How many lists of requirements there are, and how many have a hash for each package; not those of packages."""
    paths = sorted({row.path for row in packages if row.origin == "requirements" and not _OTHERS.search(row.path)})
    hashed = 0
    for path in paths[:_READ]:
        try:
            source = archive.open(path)
            hashed += _hashed(source)
        except (NotExamined, OSError):
            continue  # whoever read it first said so
    return len(paths), hashed


def _hashed(source: Source) -> bool:
    asked = [item for item in read_requirements(source) if isinstance(item, Requirement)]
    return bool(asked) and all(item.hashes for item in asked)


def _missing(runs: list[Run], known: PartsKnown, hashed: bool) -> list[str]:
    """The parts that nobody names: of the runs, or, where none is described, of all documents together."""
    if runs:
        return sorted({name for row in runs for name in row.missing})
    parts = {*known.parts, *(("env",) if hashed else ())}
    return [name for name in _PARTS if name not in parts]


def _run(row: RunNamed, archive: Archive) -> Iterator[Said]:
    data = tuple((item.rpartition("=")[0], item.rpartition("=")[2]) for item in row.data)
    parts = RunParts(row.run_id, bool(row.other), row.code, data, row.params, row.env, row.lock, row.seeds)
    env, hashed = parts.env, False
    if parts.lock:
        try:
            env, hashed = _lock(row.path, parts, archive)
        except NotExamined as error:
            yield Gap(Location(row.path), error.reason, detail=f"the list that locks the environment: {error}")
            env = ""
    missing = parts.missing(env)
    computed = "" if missing else run_id(parts, env)
    state = "absent" if not (parts.run_id or parts.other) else "unverifiable"
    if parts.run_id and computed:
        state = "match" if computed == parts.run_id else "mismatch"
    yield Run(row.path, state, parts.run_id, computed, missing, parts.seeds, int(hashed), int(parts.strong))
    if state == "mismatch":
        yield found("determinism.run-id-mismatch", row.path, declared=parts.run_id, computed=computed)


def _lock(path: str, parts: RunParts, archive: Archive) -> tuple[str, bool]:
    """The digest of the list that locks the environment, and whether all of it has hashes.

    Where a digest is stated as well, both must be the same, or there is none; so it is for a list that is not there.
    """
    up = 1 if "/MAR-INF/" in f"/{path}" else 0
    place = relative(path, parts.lock.encode(), up)
    if place is None:
        raise FormatError("the list that locks the environment lies outside of the archive")
    if archive.rows.find(place) is None:
        return "", False
    try:
        source = archive.open(place)
    except OSError as error:
        raise NotExamined(GapReason.UNREADABLE, f"{error.strerror}") from error
    digest = lock_digest(whole(source, source.limits.requirements_bytes))
    return (digest if parts.env in ("", digest) else ""), _hashed(source)


def _signs(seen: Seen, seeds: int) -> Iterator[Finding]:
    """The first of each kind and name, and how many there are; uses count only where nobody seeds anything."""
    first: dict[tuple[str, str], RandomUse] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for row in seen.rows(RandomUse):
        seeds += row.kind == SEED
        key = (row.kind, "" if row.kind == USE else row.name)
        counts[key] += 1
        first.setdefault(key, row)
    for (kind, name), row in sorted(first.items())[:_LISTED]:
        rule = {USE: "no-seed", UNSEEDED: "unseeded-generator", FLAG: "flag-off"}.get(kind)
        if rule and not (kind == USE and seeds):
            yield found(
                f"determinism.{rule}", row.path, line=row.line, by=name, name=row.name, count=counts[kind, name]
            )
