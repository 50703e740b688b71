"""What the records of two archives say: values of the same key about the same model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from gate.compare.found import Found
from gate.compare.paths import below
from gate.compare.ports import compare_ports
from gate.compare.table import NONE, PORTS
from gate.facts.metadata import MetadataValue
from gate.formats.claims import VALUES

_Key: TypeAlias = tuple[str, str]
_ByPath: TypeAlias = dict[str, tuple[str, ...]]
_UNREADABLE = ("unreadable",)


def compare_records(
    old: Iterable[MetadataValue],
    new: Iterable[MetadataValue],
    tops: tuple[str, str],
    found: Found,
    told: frozenset[str],
) -> set[str]:
    """Adds what differs; of members in `told` all fields are compared elsewhere. Returns where differences stand."""
    before, after = _grouped(old, tops[0], told), _grouped(new, tops[1], told)
    places: set[str] = set()
    _completed(before, after)
    for key in sorted(before.keys() | after.keys()):
        aspect = found.table.key(key[1])
        a, b = before.get(key, {}), after.get(key, {})
        if aspect == PORTS:
            places |= _ports(key, a, b, found)
        elif aspect != NONE and _values(a) != _values(b):
            path = next(iter(sorted(b) or sorted(a)))
            places |= a.keys() | b.keys()
            what = "changed" if a and b else "added" if b else "removed"
            found.change(aspect, what, path, field=key[1], before=_values(a), after=_values(b))
    return places


def _grouped(rows: Iterable[MetadataValue], folder: str, told: frozenset[str]) -> dict[_Key, _ByPath]:
    """Values by what they are about and their key, then by member; where sources disagree, the word that counts."""
    grouped: dict[_Key, _ByPath] = defaultdict(dict)
    for row in rows:
        path = below(row.path, folder)
        if row.chosen and path not in told:
            values = grouped[below(row.about, folder), row.key]
            values[path] = tuple(dict.fromkeys(values.get(path, ()) + row.values))
    return grouped


def _completed(before: dict[_Key, _ByPath], after: dict[_Key, _ByPath]) -> None:
    """A document that states outputs and no inputs has none: the same document in the other archive may have some."""
    stating = [{path for key, by in side.items() if _is_ports(key) for path in by} for side in (before, after)]
    both = stating[0] & stating[1]
    for key in [key for key in before.keys() | after.keys() if _is_ports(key)]:
        for side, other in ((before, after), (after, before)):
            for path in both & other.get(key, {}).keys():
                side.setdefault(key, {}).setdefault(path, ())


def _is_ports(key: _Key) -> bool:
    return key[1].startswith("io.")


def _values(said: _ByPath) -> str:
    return ", ".join(sorted({value for values in said.values() for value in values}))


def _ports(key: _Key, before: _ByPath, after: _ByPath, found: Found) -> set[str]:
    """Inputs, outputs or parameters of each document that states them in both archives."""
    side = key[1].partition(".")[2]
    both = [(path, path) for path in sorted(before.keys() & after.keys())]
    gone, come = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    if len(gone) == len(come) == 1:  # the one document of it has another name or format
        both.append((gone.pop(), come.pop()))
    places: set[str] = set()
    for first, second in both:
        a, b = before[first], after[second]
        if max(len(a), len(b)) >= VALUES or _UNREADABLE in (a, b) or any(text.endswith("…") for text in a + b):
            places |= {first, second}
            found.miss(second, "too-many", f"of {key[1]} {VALUES} are read, each up to some length, or none could be")
            continue
        for one in compare_ports(side, a, b):
            places |= {first, second}
            bump = found.table.ports[side][one.word]
            found.change("io", one.what, second, field=key[1], before=one.before, after=one.after, bump=bump)
    for path, which in (*((path, "old") for path in gone), *((path, "new") for path in come)):
        places.add(path)
        found.miss(path, "one-sided", f"only the {which} archive states {key[1]} here")
    return places
