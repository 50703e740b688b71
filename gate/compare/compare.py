"""Two snapshots -> what changed, which step of the version that needs, and whether the versions made it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from gate.compare.facts import compare_facts, gaps_by_path, read_paths, sources_by_path
from gate.compare.files import Known, compare_files
from gate.compare.found import Found
from gate.compare.members import compare_members
from gate.compare.parts import by_key, compare_parts, paired
from gate.compare.paths import tops
from gate.compare.record import compare_records
from gate.compare.snapshot import Snapshot
from gate.compare.table import table
from gate.compare.verdict import findings, made
from gate.compare.versions import initial
from gate.core.comparison import Comparison
from gate.facts.metadata import MetadataValue
from gate.facts.structure import ModelStructure
from gate.records.structure import CONFIGURATIONS, STRUCTURES


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """What differs. The same bytes are equal whatever was read of them; a gap counts where it may hide a change."""
    rows = table()
    found = Found(rows)
    equal = _same_bytes(old, new)
    if not equal:
        _differences(old, new, found)
    required = found.required
    allowed = rows.initial[required] if initial(old.side.version, new.side.version) else required
    steps = made(old.side, new.side)
    if steps.bump is None and required:
        found.miss("", "version", f"the versions: {steps.why}")
    return Comparison(
        old.side,
        new.side,
        equal,
        found.changes,
        found.totals,
        required,
        allowed,
        steps,
        () if equal else tuple(findings(old.side, new.side, required, allowed, steps)),
        found.uncompared,
        found.missed,
    )


def _same_bytes(old: Snapshot, new: Snapshot) -> bool:
    first, second = old.side.subject.digest, new.side.subject.digest
    shared = first.keys() & second.keys()
    return bool(shared) and all(first[name] == second[name] for name in shared)


def _differences(old: Snapshot, new: Snapshot, found: Found) -> None:
    before, after = old.members, new.members
    folders = tops(before, after)
    members = None
    if before is not None and after is not None:
        members = compare_members(before, after, folders)
        if not members.pairs.count:  # nothing that was or was not read of them can differ
            _packaging(old, new, found)
            return
        _size(old, new, found)
        same = (old.paths(folders[0]) | new.paths(folders[1])).difference(pair.path for pair in members)
        old, new = old.without(same, folders[0]), new.without(same, folders[1])
    else:
        _size(old, new, found)
    for snapshot in (old, new):
        for one in snapshot.lacks:
            found.miss(one.path, one.reason, f"{snapshot.side.subject.name}: {one.detail}")
    read, differ, structured = _parts(old, new, folders, found)
    told = frozenset(path for path, form in read if form in CONFIGURATIONS)  # the record adds nothing
    differ |= compare_records(old.of(MetadataValue), new.of(MetadataValue), folders, found, told)
    differ |= compare_facts(old, new, folders, found)
    both = tuple(zip((old, new), folders, strict=True))
    gaps = dict(chain.from_iterable(gaps_by_path(one, folder, found) for one, folder in both))
    documents = {path for path, _ in read}.union(*(read_paths(one, folder) for one, folder in both))
    if members is not None:
        sources = sources_by_path(old, folders[0]) | sources_by_path(new, folders[1])
        compare_files(
            members,
            Known(frozenset(documents), frozenset(differ), structured, sources, gaps, new.side.subject.name),
            found,
        )


def _parts(
    old: Snapshot, new: Snapshot, folders: tuple[str, str], found: Found
) -> tuple[set[tuple[str, str]], set[str], frozenset[str]]:
    """Compares structures: what was compared (path and form), where one differs, and which paths have one in both."""
    before, after = (by_key(one.of(ModelStructure), folder) for one, folder in zip((old, new), folders, strict=True))
    if max(len(before), len(after)) >= STRUCTURES:
        found.miss("", "too-many", f"of structures {STRUCTURES} are published, there may be more")
    pairs = paired(before, after)
    read = {(path, form) for (path, form, _), _, _ in pairs}
    return read, compare_parts(pairs, found), frozenset(path for path, _ in read)


def _packaging(old: Snapshot, new: Snapshot, found: Found) -> None:
    """The members are the same; digests of one kind that are not say that they are packed in another way."""
    before, after = old.side.subject, new.side.subject
    for name in sorted(before.digest.keys() & after.digest.keys()):
        digests = (f"{name}:{one.digest[name][:16]}" for one in (before, after))
        found.change("packaging", "changed", "", field="digest", before=next(digests), after=next(digests))


def _size(old: Snapshot, new: Snapshot, found: Found) -> None:
    numbers = {
        "bytes": (old.side.bytes, new.side.bytes),
        "members": (old.side.members, new.side.members),
        "parameters": (_parameters(old.of(MetadataValue)), _parameters(new.of(MetadataValue))),
    }
    for name, (before, after) in numbers.items():
        if before != after and before is not None and after is not None:
            found.change("size", "changed", "", field=name, before=f"{before:,}", after=f"{after:,}")


def _parameters(rows: Iterable[MetadataValue]) -> int | None:
    """Elements of all tensors that headers count, None where none does."""
    numbers = [row.values[0] for row in rows if row.key == "tensors.parameters" and row.values]
    decimal = all(one.isdecimal() and len(one) <= 20 for one in numbers)
    return sum(map(int, numbers)) if numbers and decimal else None
