"""Symbol versions: `GLIBC_2.14` is the library's promise since its version 2.14."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_NODE = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z][A-Za-z0-9]*)*)_([0-9]+(?:\.[0-9]+)*)", re.ASCII)
_DIGITS = 9
"""Digits of one part of a version; a date has eight."""


class Node(NamedTuple):
    """A symbol version: the family that it counts in, and its number."""

    family: str
    number: tuple[int, ...]


def node(text: str) -> Node | None:
    """A numbered symbol version; None for names that do not count, as GLIBC_PRIVATE."""
    found = _NODE.fullmatch(text)
    number = None if found is None else numbers(found[2])
    return None if found is None or number is None else Node(found[1], number)


def numbers(text: str) -> tuple[int, ...] | None:
    """A dotted version as integers, without zeros at its end: 2.30 is above 2.4; None for anything else."""
    parts = text.split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) <= _DIGITS for part in parts):
        return None
    values = [int(part) for part in parts]
    while len(values) > 1 and not values[-1]:
        values.pop()
    return tuple(values)


def highest(texts: Iterable[str], families: tuple[str, ...]) -> tuple[str, ...]:
    """The highest of each family, in the order of `families`, as it was written."""
    top: dict[str, tuple[tuple[int, ...], str]] = {}
    for text in texts:
        found = node(text)
        if found is not None and found.family in families:
            top[found.family] = max(top.get(found.family, ((), "")), (found.number, text))
    return tuple(top[family][1] for family in families if family in top)
