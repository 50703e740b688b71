"""Members that differ, each told as a change of what it is; documents whose fields were compared say so themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gate.compare.found import Found
from gate.compare.members import Members, Pair
from gate.compare.table import Kind
from gate.core.gap import Gap
from gate.core.report import Listed
from gate.records.structure import CONFIGURATIONS, STRUCTURED, stem


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of members besides their digests, all by path.

    `read`: documents whose fields were compared, `differ` those of them in which one differs; `structured`: models
    whose structure both archives have; `sources`: which format was read; `gaps`: what was not
    examined, of both; `name` is what the file is called that the member "" is.
    """

    read: frozenset[str]
    differ: frozenset[str]
    structured: frozenset[str]
    sources: Mapping[str, str]
    gaps: Mapping[str, Gap]
    name: str = ""


@dataclass(slots=True)
class _Models:
    """Whole models that went and came, by their format."""

    gone: dict[str, list[Pair]] = field(default_factory=dict)
    come: dict[str, list[Pair]] = field(default_factory=dict)


def compare_files(members: Members, known: Known, found: Found) -> None:
    """Adds a change, or a reason why there is none, for every member that differs."""
    models = _Models()
    for pair in members:
        if pair.path in members.containers and (pair.path in members.inside or pair.what != "changed"):
            continue  # its members tell
        if pair.unread:
            _unread(pair, known, found)
            continue
        row = pair.new or pair.old
        assert row is not None
        kind = found.table.member(pair.path or known.name, row.media_type, known.sources.get(pair.path, ""))
        if pair.path in members.containers:
            _told(pair, "packaging", found)
        elif pair.what == "moved":
            found.change("packaging", "moved", pair.path, before=pair.moved or "", after=pair.path)
        else:
            _member(pair, kind, known, found, models)
    _replaced(models, found)


def _member(pair: Pair, kind: Kind, known: Known, found: Found, models: _Models) -> None:
    if pair.path in known.gaps:
        gap = known.gaps[pair.path]
        found.miss(pair.path, str(gap.reason), f"it differs, and was not examined: {gap.detail}")
    if known.sources.get(pair.path) in CONFIGURATIONS and pair.what == "changed" and pair.path not in known.structured:
        found.miss(pair.path, "no-structure", "it differs, and not all of its fields were read in both archives")
    if pair.path in known.read and kind.aspect not in ("weights", "native"):
        if pair.path not in known.differ:
            _told(pair, "metadata" if pair.what == "changed" else kind.aspect, found)
        return
    _told(pair, kind.aspect, found)
    if kind.aspect == "unknown":
        found.miss(pair.path, "unknown-kind", "it differs, and nobody here knows what kind of file it is")
    elif kind.opaque and pair.what == "changed":
        found.miss(pair.path, "opaque", f"{kind.opaque} differs: whether their names and shapes do is not read")
    elif kind.pairs and pair.what != "changed":
        side = models.come if pair.old is None else models.gone
        side.setdefault(kind.form or known.sources.get(pair.path) or _suffix(pair.path), []).append(pair)
    elif (kind.form or known.sources.get(pair.path)) in STRUCTURED and stem(pair.path) not in known.structured:
        found.miss(pair.path, "no-structure", "its weights differ, and its structure was not read in both archives")


def _replaced(models: _Models, found: Found) -> None:
    """Models that went while others came: of one format they are one and the same, otherwise nobody can tell."""
    for form, pairs in models.come.items():
        others = models.gone.get(form, [])
        gone, come = ({stem(pair.path) for pair in rows} for rows in (others, pairs))
        if (others and (gone == come or len(gone) == len(come) == 1)) or not models.gone:
            continue
        before = ", ".join(sorted({pair.path for rows in models.gone.values() for pair in rows})[:4])
        found.miss(pairs[0].path, "another-format", f"it stands where {before} was, so their tensors were not compared")


def _unread(pair: Pair, known: Known, found: Found) -> None:
    why = known.gaps.get(pair.path)
    reason = "unread" if why is None else str(why.reason)
    detail = "it was not read to its end" if why is None else f"it was not read: {why.detail}"
    found.miss(pair.path, reason, f"in one of the two {detail}" if pair.old and pair.new else detail)


def _told(pair: Pair, aspect: str, found: Found) -> None:
    found.change(aspect, pair.what, pair.path, before=_shown(pair.old), after=_shown(pair.new))


def _shown(row: Listed | None) -> str:
    return "" if row is None else f"{row.size:,} bytes, sha256:{row.sha256[:16]}"


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()
