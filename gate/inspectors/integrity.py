"""Are all members there, and are they what the archive itself declares?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from gate.archive.inventory import InventoryRow
from gate.archive.source import Source
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.core.row import Note
from gate.facts.digests import Declared
from gate.facts.spill import Spill
from gate.formats import checksums, safetensors
from gate.formats.manifests import Named, read_mlmodel, read_shards, read_torchserve
from gate.formats.relative import name_of, relative
from gate.formats.text import detect, read_text
from gate.formats.wheel_record import PATH as RECORD
from gate.formats.wheel_record import recorded
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found

_FIRST_LINES = 4096
_SURE = re.compile(r"sha256sums?|\.sha256\Z", re.IGNORECASE)
_ALGORITHMS = 16
"""Algorithms that are told apart in one list; the rest is counted together."""


@dataclass(frozen=True, slots=True)
class Compared(Note):
    """How the declarations of the whole archive (path "") came out."""

    matched: int
    mismatched: int
    missing: int
    unread: int


Look: TypeAlias = Callable[[Member], Iterator[Said]]


class Integrity(Inspector):
    """Collects what members declare about others, and compares it with the inventory once all of them were read."""

    produces = (Declared, Compared)

    def wants(self, member: Member) -> Need | None:
        return Need.STREAM if _look(member) is not None else None

    def inspect(self, member: Member) -> Iterator[Said]:
        look = _look(member)
        return iter(()) if look is None else look(member)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Both sides are sorted by path: one merge, no table in memory.

        A member that could not be read is neither missing nor different: it is a gap already. Where a container holds
        a name twice, which is a finding of the walker, the first of them is compared.
        """
        counts: Counter[str] = Counter()
        absent: Spill[tuple[str, str]] = Spill()
        members = _Cursor(archive.inventory())
        for declared in seen.rows(Declared):
            row = members.find(declared.path)
            if row is None and not declared.sha256:
                absent.add((f"{declared.path}/", declared.by))
                continue
            problem = _compare(declared, row)
            counts[_outcome(problem, row)] += 1
            if problem is not None:
                yield problem
        members = _Cursor(archive.inventory() if absent.count else iter(()))
        for folder, by in absent:
            if members.below(folder):
                counts["matched"] += 1
            else:
                counts["missing"] += 1
                yield found("integrity.missing-member", folder[:-1], by=by, declared_in=by)
        yield Compared("", counts["matched"], counts["mismatched"], counts["missing"], counts["unread"])

    def section(self, seen: Seen) -> Section:
        compared = next(seen.rows(Compared), Compared("", 0, 0, 0, 0))
        return {
            "declared": seen.count(Declared),
            "matched": compared.matched,
            "mismatched": compared.mismatched,
            "missing": compared.missing,
            "unread": compared.unread,
            "outside": seen.found("integrity.path-outside"),
        }


inspector = Integrity()


# -- what a member is -------------------------------------------------------------------------------------------------


def _look(member: Member) -> Look | None:
    """How to look at a member: its name says what it may be, its first bytes whether it is."""
    path = re.sub(r"#[0-9]+\Z", "", member.path)  # the second entry of a name is as good as the first
    name = path.rpartition("/")[2]
    if _is_list(name, member.head):
        return _digest_list
    if RECORD.fullmatch(path):
        return _record
    if name == "MANIFEST.json" and path.endswith("MAR-INF/MANIFEST.json"):
        return _torchserve
    if name == "MLmodel" and b"flavors" in member.head:
        return _mlmodel
    if name.endswith(".index.json") and (name.endswith(".safetensors.index.json") or b'"weight_map"' in member.head):
        return _shards
    if name.endswith(".safetensors") or _is_safetensors(member):
        return _safetensors
    return None


def _is_list(name: str, head: bytes) -> bool:
    """Most names need a first line that is a digest; what says SHA256SUMS and has none is a damaged list."""
    if checksums.named(name) is None:
        return False
    encoding = detect(head)
    if encoding is None or _SURE.search(name):
        return _SURE.search(name) is not None
    return checksums.begins(head[encoding.mark : _FIRST_LINES].decode(encoding.codec, "replace"))


def _is_safetensors(member: Member) -> bool:
    size = int.from_bytes(member.head[:8], "little")
    return safetensors.begins(member.head) and (member.size < 0 or size <= member.size - 8)


# -- what a member declares -------------------------------------------------------------------------------------------


def _digest_list(member: Member) -> Iterator[Said]:
    name = name_of(member.path)
    text = name.decode("utf-8", "replace")
    unread, first, others = 0, 0, Counter[str]()
    for item in checksums.digests(member.read(read_text), checksums.named(text) or ""):
        file = b"" if isinstance(item, checksums.Unread) else item.name or checksums.beside(name)
        if isinstance(item, checksums.Unread) or not file:
            unread, first = unread + 1, first or item.line
        elif item.algorithm != "sha256":
            others[item.algorithm if len(others) < _ALGORITHMS else "other"] += 1
        else:
            yield from _declare(member, file, item.hex, line=item.line)
    if unread:
        yield _gap(member, GapReason.CORRUPT, f"{unread} lines are no digests of files, first line {first}")
    yield from _unsupported(member, others)


def _record(member: Member) -> Iterator[Said]:
    """A wheel, or what pip left behind when it installed one: scripts outside of the folder are normal there."""
    text = member.read(read_text)
    installed = any(row.name.endswith(b".dist-info/INSTALLER") for row in recorded(text))
    others: Counter[str] = Counter()
    for row in recorded(text):
        if row.algorithm == "sha256":
            if not installed or relative(member.path, row.name, up=1) is not None:
                yield from _declare(member, row.name, row.hex, row.size, up=1)
        elif row.algorithm:
            others[row.algorithm if len(others) < _ALGORITHMS else "other"] += 1
    yield from _unsupported(member, others)


def _torchserve(member: Member) -> Iterator[Said]:
    return _named(member, read_torchserve, up=1)


def _mlmodel(member: Member) -> Iterator[Said]:
    return _named(member, read_mlmodel)


def _shards(member: Member) -> Iterator[Said]:
    return _named(member, read_shards)


def _named(member: Member, reader: Callable[[Source], tuple[Named, ...]], up: int = 0) -> Iterator[Said]:
    for named in member.read(reader):
        yield from _declare(member, named.name.encode(), up=up)


def _declare(
    member: Member, name: bytes, sha256: str = "", size: int = -1, *, up: int = 0, line: int = -1
) -> Iterator[Declared | Finding]:
    path = relative(member.path, name, up)
    if path is None:
        shown = name.decode("utf-8", "replace")
        yield found("integrity.path-outside", member, line=line, by=shown, declared=shown)
    elif path != member.path:  # a list cannot hold its own digest
        yield Declared(path, sha256, size, member.path)


def _unsupported(member: Member, algorithms: Counter[str]) -> Iterator[Gap]:
    for algorithm, count in sorted(algorithms.items()):
        yield _gap(member, GapReason.UNSUPPORTED, f"{count} {algorithm} digests were not compared; only sha256 is")


def _gap(member: Member, reason: GapReason, detail: str) -> Gap:
    return Gap(Location(member.path), reason, detail=detail)


def _safetensors(member: Member) -> Iterator[Said]:
    if not safetensors.begins(member.head):
        yield _layout(member, ("it does not begin with the length of a JSON header",))
        return
    file = member.read(safetensors.read_safetensors)
    if file.problems and (file.tensors or member.path.endswith(".safetensors")):
        yield _layout(member, file.problems)
    if file.unknown and file.tensors:
        yield _gap(member, GapReason.UNSUPPORTED, f"tensors of unknown size: dtype {', '.join(file.unknown[:5])}")


def _layout(member: Member, problems: tuple[str, ...]) -> Finding:
    return found("integrity.safetensors-layout", member, problem=problems[0], problems=len(problems))


# -- comparing --------------------------------------------------------------------------------------------------------


def _compare(declared: Declared, row: InventoryRow | None) -> Finding | None:
    path, by = declared.path, declared.by
    if row is None:
        return found("integrity.missing-member", path, by=by, declared_in=by)
    if not row.sha256:
        return None
    if declared.sha256 and declared.sha256 != row.sha256:
        return found(
            "integrity.digest-mismatch", path, by=by, declared_in=by, declared=declared.sha256, actual=row.sha256
        )
    if declared.size >= 0 and declared.size != row.size:
        return found("integrity.size-mismatch", path, by=by, declared_in=by, declared=declared.size, actual=row.size)
    return None


def _outcome(problem: Finding | None, row: InventoryRow | None) -> str:
    if row is None:
        return "missing"
    if problem is not None:
        return "mismatched"
    return "matched" if row.sha256 else "unread"


class _Cursor:
    """Moves forward over rows that are sorted by path."""

    def __init__(self, rows: Iterator[InventoryRow]) -> None:
        self._rows = rows
        self._row = next(rows, None)

    def find(self, path: str) -> InventoryRow | None:
        """The row of this path, which is not before any that was asked for earlier."""
        while self._row is not None and self._row.path < path:
            self._row = next(self._rows, None)
        return self._row if self._row is not None and self._row.path == path else None

    def below(self, prefix: str) -> bool:
        """Whether a path begins so; prefixes come in order too."""
        self.find(prefix)
        return self._row is not None and self._row.path.startswith(prefix)
