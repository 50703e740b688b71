"""The pieces of a file that holds texts among other things: many short ones together, a long one in parts."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from gate.formats.content import Piece, Pieces
from gate.formats.personal import CELL
from gate.formats.text import OVERLAP, WINDOW, Encoding

_LATIN = Encoding("latin-1")


class Found(NamedTuple):
    """A text and the offset of its first byte, -1 where it has none of its own."""

    text: str
    start: int
    encoding: Encoding = _LATIN


class Joined:
    """Many texts, each followed by CELL."""

    __slots__ = ("_found", "_starts")

    def __init__(self, found: list[Found], starts: array[int]) -> None:
        self._found, self._starts = found, starts

    def offset(self, index: int) -> int:
        at = bisect_right(self._starts, index) - 1
        one = self._found[at]
        return one.start + one.encoding.width(one.text[: index - self._starts[at]]) if one.start >= 0 else -1

    def line_at(self, _index: int) -> int:
        return -1


def string_pieces(found: Iterable[Found], where: str = "") -> Pieces:
    """All texts in order; between two of them stands CELL, so that no value reaches from one into the next."""
    held: list[Found] = []
    starts = array("Q")
    size = 0
    for one in found:
        if len(one.text) > WINDOW:
            yield from _long(one, where)
            continue
        held.append(one)
        starts.append(size)
        size += len(one.text) + 1
        if size > WINDOW:
            yield _piece(held, starts, size, where)
            held, starts, size = [], array("Q"), 0
    if held:
        yield _piece(held, starts, size, where)


def _piece(held: list[Found], starts: array[int], size: int, where: str) -> Piece:
    return Piece(CELL.join([one.text for one in held]) + CELL, 0, size, Joined(held, starts), where)


def _long(one: Found, where: str) -> Pieces:
    for start in range(0, len(one.text), WINDOW):
        low, last = max(start - OVERLAP, 0), min(start + WINDOW, len(one.text))
        before = one.encoding.width(one.text[:low]) if one.start >= 0 else 0
        part = Found(
            one.text[low : start + WINDOW + OVERLAP], one.start + before if one.start >= 0 else -1, one.encoding
        )
        yield Piece(part.text, start - low, last - low, Joined([part], array("Q", [0])), where)
