"""Records that are aliases of each other, told as one advisory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from packaging.version import Version

from gate.advisories.interval import compare
from gate.advisories.layout import Entry
from gate.advisories.record import SEVERITIES
from gate.advisories.union import joined
from gate.core.advisory import Advisory, Certainty

_PREFERRED = ("MAL-", "CVE-", "GHSA-", "PYSEC-")
"""Of all names of a group the one of malware first, then the CVE: it is the only one that all sources know, so that a
waiver written for it still holds when a further data base writes about the same thing."""
_NUMBERS = re.compile(r"(\d+)")

Group = tuple[Entry, ...]


def groups(entries: Iterable[Entry]) -> Iterator[Group]:
    """Entries that share an id or alias, directly or through others; in the order of the ids in them."""
    known = sorted(entries, key=lambda entry: preference(entry.id))
    one = joined((entry.id, *entry.aliases) for entry in known)
    found: dict[str, list[Entry]] = {}
    for entry in known:
        found.setdefault(one[entry.id], []).append(entry)
    return (tuple(group) for group in found.values())


def advisory(group: Group, certainty: Certainty, fixed_in: Iterable[Version]) -> Advisory:
    """One group in one value: the worst severity, the first summary."""
    names = sorted({name for entry in group for name in (entry.id, *entry.aliases)}, key=preference)
    return Advisory(
        id=names[0],
        aliases=tuple(names[1:]),
        summary=next((entry.summary for entry in group if entry.summary), ""),
        severity=min((entry.severity for entry in group), key=SEVERITIES.index),
        malicious=any(entry.malicious for entry in group),
        fixed_in=tuple(map(str, fixed_in)),
        certainty=certainty,
    )


def fixes(group: Group) -> list[Version]:
    """The versions that repair it, ascending; one that another record of the group still names is none."""
    candidates = sorted({version for entry in group for version in entry.fixes})
    return [version for version in candidates if not any(affects(entry, version) for entry in group)]


def affects(entry: Entry, version: Version) -> Certainty | None:
    """Whether a version is affected: an interval or the list says so (the schema joins them by OR)."""
    held = [interval.precise for interval in entry.intervals if interval.holds(version)]
    if any(held) or any(compare(version, listed) == 0 for listed in entry.listed):
        return Certainty.CERTAIN
    return Certainty.POSSIBLE if held else None


def in_order(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Malware first, then by severity, then by id."""
    return tuple(
        sorted(advisories, key=lambda one: (not one.malicious, SEVERITIES.index(one.severity), preference(one.id)))
    )


def preference(name: str) -> tuple[int, list[tuple[int, str]], str]:
    """The order of names: by data base, then with numbers in their order."""
    rank = next((i for i, prefix in enumerate(_PREFERRED) if name.startswith(prefix)), len(_PREFERRED))
    parts = _NUMBERS.split(name)
    return rank, [(int(part), "") if part.isdigit() else (-1, part) for part in parts], name
