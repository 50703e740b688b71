"""Inputs and outputs as lines `name?: dtype[shape]`, and what of a change breaks who relies on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LINE = re.compile(
    r"(?:(?P<name>.*?)(?P<optional>\?)?: )?(?P<dtype>[^\[\]]*|.*?)(?:\[(?P<shape>[^\[\]]*)\])?(?P<also>\?)?", re.DOTALL
)
_WIDER = frozenset({("integer", "long"), ("float", "double"), ("int32", "int64"), ("float32", "float64")})
"""What a column takes that is sent as the first and declared as the second: MLflow casts without loss."""


@dataclass(frozen=True, slots=True)
class Line:
    """One port as it stands in the record; `shape` None where nothing is said of it."""

    text: str
    name: str
    dtype: str
    shape: tuple[str, ...] | None
    optional: bool


@dataclass(frozen=True, slots=True)
class PortChange:
    """How one port differs, by a word of the table `ports`."""

    word: str
    before: str
    after: str

    @property
    def what(self) -> str:
        """added, removed or changed."""
        return {"added": "added", "added-optional": "added", "removed": "removed"}.get(self.word, "changed")


def line(text: str) -> Line:
    """A line of the record."""
    match = _LINE.fullmatch(text)
    assert match is not None  # every part may be missing
    shape = match["shape"]
    dims = None if shape is None else tuple(part.strip() for part in shape.split(",")) if shape else ()
    return Line(text, match["name"] or "", match["dtype"], dims, bool(match["optional"] or match["also"]))


def compare_ports(side: str, old: Sequence[str], new: Sequence[str]) -> Iterator[PortChange]:
    """What differs between the ports of one side: inputs, outputs or params."""
    before, after = [line(text) for text in old], [line(text) for text in new]
    if all(one.name for one in (*before, *after)) and _unique(before) and _unique(after):
        yield from _by_name(side, before, after)
    else:
        yield from _by_place(side, before, after)


def _unique(ports: Sequence[Line]) -> bool:
    return len({one.name for one in ports}) == len(ports)


def _by_name(side: str, old: Sequence[Line], new: Sequence[Line]) -> Iterator[PortChange]:
    before, after = ({one.name: one for one in ports} for ports in (old, new))
    for name, one in before.items():
        if name in after:
            yield from _changed(side, one, after[name])
        else:
            yield PortChange("removed", one.text, "")
    for name, one in after.items():
        if name not in before:
            yield PortChange("added-optional" if one.optional else "added", "", one.text)
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield PortChange("reordered", ", ".join(before), ", ".join(after))


def _by_place(side: str, old: Sequence[Line], new: Sequence[Line]) -> Iterator[PortChange]:
    """Ports without names are told apart by their order alone."""
    texts = [one.text for one in old], [one.text for one in new]
    if texts[0] != texts[1] and sorted(texts[0]) == sorted(texts[1]):
        yield PortChange("order", "; ".join(texts[0]), "; ".join(texts[1]))
        return
    for one, other in zip(old, new, strict=False):
        if one.name != other.name:
            yield PortChange("removed", one.text, other.text)
        else:
            yield from _changed(side, one, other)
    for one in old[len(new) :]:
        yield PortChange("removed", one.text, "")
    for one in new[len(old) :]:
        yield PortChange("added-optional" if one.optional else "added", "", one.text)


def _changed(side: str, old: Line, new: Line) -> Iterator[PortChange]:
    if old.text == new.text:
        return
    words = set()
    if old.dtype != new.dtype:
        wider = side == "inputs" and (old.dtype, new.dtype) in _WIDER and old.shape is None is new.shape
        words.add("wider" if wider else "dtype")
    if old.optional != new.optional:
        words.add("optional" if new.optional else "required")
    if old.shape != new.shape:
        words |= set(_shape(old.shape, new.shape))
    for word in sorted(words):
        yield PortChange(word, old.text, new.text)


def _shape(old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Iterator[str]:
    if old is None or new is None:
        yield "wider" if new is None else "narrower"
    elif len(old) != len(new):
        yield "shape"
    else:
        for a, b in zip(old, new, strict=True):
            if a != b:
                yield _dim(a, b)


def _dim(old: str, new: str) -> str:
    """A size is a number; -1 and names stand for any."""
    if old.isdecimal() and new.isdecimal():
        return "shape"
    if old.isdecimal():
        return "wider"
    return "narrower" if new.isdecimal() else "symbol"
