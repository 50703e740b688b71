"""Architectures: the tensors, operators and fields that two models are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from gate.compare.found import Found
from gate.compare.paths import below
from gate.compare.table import NONE
from gate.facts.structure import ModelStructure

_Key: TypeAlias = tuple[str, str, str]
"""Path, form, what."""
By: TypeAlias = Mapping[_Key, ModelStructure]


def by_key(rows: Iterable[ModelStructure], folder: str) -> dict[_Key, ModelStructure]:
    """Structures by their path below a folder, form and what they list."""
    return {(below(row.path, folder), row.form, row.what): row for row in rows}


def paired(old: By, new: By) -> list[tuple[_Key, ModelStructure, ModelStructure]]:
    """Structures of the same path; where one of a form went and one came, these two: the file has another name."""
    pairs = [(key, old[key], new[key]) for key in sorted(old.keys() & new.keys())]
    for form, what in sorted({key[1:] for key in old.keys() ^ new.keys()}):
        gone = [key for key in old.keys() - new.keys() if key[1:] == (form, what)]
        come = [key for key in new.keys() - old.keys() if key[1:] == (form, what)]
        if len(gone) == len(come) == 1:
            pairs.append((come[0], old[gone[0]], new[come[0]]))
    return pairs


def compare_parts(pairs: Iterable[tuple[_Key, ModelStructure, ModelStructure]], found: Found) -> set[str]:
    """Adds what differs between pairs; returns the paths where something did."""
    places: set[str] = set()
    for (path, form, what), old, new in pairs:
        if old.digest == new.digest:
            continue
        places.add(path)
        if what == "tensors":
            _tensors(path, old, new, found)
        else:
            _fields(path, form, old, new, found)
    return places


def _tensors(path: str, old: ModelStructure, new: ModelStructure, found: Found) -> None:
    """Other names or shapes are another architecture; other types alone are the same one in another precision."""
    aspect = "weights" if old.shape == new.shape else "architecture"
    gone, come = _only(old, new), _only(new, old)
    if not gone and not come:  # behind the lines that are listed, or a number in a name
        found.change(aspect, "changed", path, field="tensors", before=_count(old), after=_count(new))
        return
    renamed = dict(line.split(": ", 1) for line in come)
    for line in gone:
        name, _, value = line.partition(": ")
        after = renamed.pop(name, "")
        found.change(aspect, "changed" if after else "removed", path, field=name, before=value, after=after)
    for name, value in renamed.items():
        found.change(aspect, "added", path, field=name, after=value)


def _fields(path: str, form: str, old: ModelStructure, new: ModelStructure, found: Found) -> None:
    before, after = _pairs(old), _pairs(new)
    differ = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    for name in differ:
        aspect = found.table.field(form, path, name)
        if aspect != NONE:
            a, b = before.get(name, ""), after.get(name, "")
            what = "changed" if name in before and name in after else "added" if name in after else "removed"
            found.change(aspect, what, path, field=name, before=a, after=b)
    if max(old.total - len(old.lines), new.total - len(new.lines)) > 0 and not differ:
        aspect = found.table.field(form, path, "")
        found.change(aspect, "changed", path, field=old.what, before=_count(old), after=_count(new))


def _pairs(row: ModelStructure) -> dict[str, str]:
    """Names and values; an operator that is listed twice has both."""
    pairs: dict[str, str] = {}
    for text in row.lines:
        name, _, value = text.partition(": ")
        pairs[name] = f"{pairs[name]}, {value}" if name in pairs else value
    return pairs


def _only(one: ModelStructure, other: ModelStructure) -> list[str]:
    return sorted(set(one.lines) - set(other.lines))


def _count(row: ModelStructure) -> str:
    return f"{row.parts} {row.what}, sha256:{row.digest[:16]}"
