"""Which versions a record affects, as intervals in the order of PEP 440.

What the events of a range mean: OSV schema, section "Evaluation", https://ossf.github.io/osv-schema/#evaluation
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from packaging.ranges import VersionRange
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

_LONGEST = 200
"""Characters of a version; the longest of the index has about 60."""
_TRIED = 20
"""Stretches between intervals that are tried, from the highest down."""
_ENDS = frozenset({"fixed", "last_affected"})


@dataclass(frozen=True, slots=True)
class Interval:
    """The versions from `lower` (None: from the first) to `upper` (None: to the last).

    `upper` belongs to it when it is `inclusive`. Not `precise`: an event of the range was no version and was dropped,
    so that the true interval may be smaller.
    """

    lower: Version | None
    upper: Version | None
    inclusive: bool = False
    precise: bool = True

    def holds(self, version: Version) -> bool:
        """Whether a version lies inside; a pre-release of the version that fixed it still does."""
        if version.local is None:  # what compare() comes to then, ten million times in an import
            return (self.lower is None or self.lower <= version) and (
                self.upper is None or version < self.upper or (self.inclusive and version == self.upper)
            )
        if self.lower is not None and compare(version, self.lower) < 0:
            return False
        if self.upper is None:
            return True
        order = compare(version, self.upper)
        return order < 0 or (order == 0 and self.inclusive)


@lru_cache(maxsize=65536)
def parsed(text: str) -> Version | None:
    """The version that a text spells, None when it is none of PEP 440."""
    try:
        return Version(text) if len(text) <= _LONGEST else None
    except InvalidVersion:
        return None


def compare(version: Version, bound: Version) -> int:
    """Less than, equal to or greater than 0, as a version is to the bound of an advisory.

    A local label (torch 1.12.1+cu113) names a build of the public version, and advisories are about those; it counts
    only where the bound has one itself.
    """
    if bound.local is None and version.local is not None:
        version = _public(version)
    return (version > bound) - (version < bound)


def same(version: Version, listed: Version) -> bool:
    """Whether a version is one that a record lists by name."""
    return compare(version, listed) == 0


def intervals(events: Iterable[tuple[str, str]]) -> tuple[Interval, ...]:
    """The intervals of one range: pairs of what happens (introduced, fixed, last_affected, limit) and a version.

    Where one ends and another begins at the same version, that version is affected. Without any version that was
    introduced it begins at the first, for then that event was not readable.
    """
    pairs = [(kind, text) for kind, text in events if not (kind == "limit" and text == "*")]
    known = [(kind, version) for kind, text in pairs if (version := _bound(kind, text)) is not None]
    first = any(kind == "introduced" and text == "0" for kind, text in pairs)
    precise = len(known) + sum(kind == "introduced" and text == "0" for kind, text in pairs) == len(pairs)
    if not first and not any(kind == "introduced" for kind, _ in known):
        first, precise = True, False
    limits = [version for kind, version in known if kind == "limit"]
    found = _walk(known, first)
    if limits:
        found = [cut for interval in found if (cut := _below(interval, max(limits))) is not None]
    return tuple(found if precise else [replace(interval, precise=False) for interval in found])


def certain(spans: Iterable[Interval], listed: Iterable[Version]) -> VersionRange:
    """Versions that are affected without doubt, as a set."""
    sure = [_between(interval, widest=False) for interval in spans if interval.precise]
    return union([*sure, *map(_alone, listed)])


def possible(spans: Iterable[Interval], listed: Iterable[Version]) -> VersionRange:
    """Versions that may be affected, as a set: all that are certain() and those of intervals that are not precise."""
    return union([*(_between(interval, widest=True) for interval in spans), *map(_alone, listed)])


def allowed(specifiers: SpecifierSet) -> VersionRange:
    """The versions that a requirement allows, pre-releases among them; ValueError for one with `===`."""
    if any(specifier.operator == "===" for specifier in specifiers):
        raise ValueError("=== compares texts, not versions")
    return EVERY & _set(str(specifiers))


@lru_cache(maxsize=16384)
def up_to(version: Version) -> VersionRange:
    """A version and all before it."""
    return EVERY & _set(f"<={_public(version)}")


def safe(specifiers: SpecifierSet, affected: VersionRange, spans: Iterable[Interval]) -> str:
    """The narrowest change of a requirement that leaves only versions outside of `affected`, "" where there is none.

    It begins where one interval of `spans` ends and goes on for ever, or to where the next one begins; of several such
    stretches the highest is proposed, because it is maintained. VersionRange.to_specifier_set() would name bounds that
    nobody writes (1.5.dev0), or none at all where more than one stretch is safe.
    """
    spans = tuple(spans)
    starts = sorted({one.upper for one in spans if one.upper is not None and not one.inclusive and one.precise})
    stops = sorted({one.lower for one in spans if one.lower is not None}, reverse=True)
    rest = [str(one) for one in specifiers if one.operator not in (">=", ">")]
    floor = [str(one) for one in specifiers if one.operator in (">=", ">")]
    for stop in (None, *stops[:_TRIED]):
        below = [start for start in starts if stop is None or start < stop]
        begins = [*floor] if not below else [f">={below[-1].public}"]
        ends = [f"<{stop.public}"] if stop is not None else []
        for begin in (floor, begins, [*floor, *begins]):
            text = ",".join([*begin, *ends, *rest])
            left = EVERY & _set(text)
            if not left.is_empty and left.is_disjoint(affected) and left.is_subset(allowed(specifiers)):
                return str(SpecifierSet(text))
    return ""


def _set(text: str) -> VersionRange:
    return SpecifierSet(text).to_range()


EVERY = _set(">=0.dev0")
"""Every version; unlike VersionRange.full() it does not hold texts that are none."""


def _between(interval: Interval, *, widest: bool) -> VersionRange:
    """An interval as a set; a bound with a local label falls between two sets, so `widest` takes the larger one."""
    found = EVERY
    if interval.lower is not None:
        exact = interval.lower.local is None
        found = _from(interval.lower) if exact or widest else EVERY - up_to(interval.lower)
    if interval.upper is not None:
        through = interval.inclusive if interval.upper.local is None else widest
        found &= up_to(interval.upper) if through else EVERY - _from(interval.upper)
    return found


@lru_cache(maxsize=16384)
def _from(version: Version) -> VersionRange:
    return EVERY & _set(f">={_public(version)}")


def _alone(version: Version) -> VersionRange:
    return VersionRange.singleton(version) if version.local is not None else _set(f"=={version}")


def union(parts: list[VersionRange]) -> VersionRange:
    """Their union; pairwise, for one after the other costs the square of their number."""
    while len(parts) > 1:
        pairs = [one | other for one, other in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0] if parts else VersionRange.empty()


def _public(version: Version) -> Version:
    return version if version.local is None else Version(version.public)


def _bound(kind: str, text: str) -> Version | None:
    """The version of an event; "0" of introduced is not one, it stands before all."""
    return None if kind == "introduced" and text == "0" else parsed(text)


def _walk(events: list[tuple[str, Version]], inside: bool) -> list[Interval]:
    """`inside`: whether the range begins at the first version."""
    at: dict[Version, set[str]] = {}
    for kind, version in events:
        at.setdefault(version, set()).add(kind)
    found: list[Interval] = []
    lower: Version | None = None
    for version in sorted(at):
        begins, ends, inclusive = "introduced" in at[version], at[version] & _ENDS, "fixed" not in at[version]
        if inside and ends:
            found.append(Interval(lower, version, inclusive))
            inside, lower = begins, version
        elif begins and ends and inclusive:
            found.append(Interval(version, version, inclusive=True))
        elif begins and not ends and not inside:
            inside, lower = True, version
    return [*found, Interval(lower, None)] if inside else found


def _below(interval: Interval, limit: Version) -> Interval | None:
    """The part of an interval before `limit`, which no commit or version at or behind it belongs to."""
    if interval.lower is not None and interval.lower >= limit:
        return None
    if interval.upper is not None and interval.upper < limit:
        return interval
    return replace(interval, upper=limit, inclusive=False)
