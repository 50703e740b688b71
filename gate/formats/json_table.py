r"""Tables that are JSON: objects one after the other (https://jsonlines.org, over several lines too), or in an array.

The array may be the whole document, or the first in objects around it: {"version": "1.1", "data": [{...}, {...}]}.
Read forward, an object at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gate.core.errors import FormatError
from gate.formats.delimited import COLUMNS, ROWS, Batch, Place, is_name
from gate.formats.text import Text

_HEAD = 2**16
"""Characters in which the first objects must begin."""
_OBJECT = 2**24
"""Characters of one object."""
_BATCH = 2**20
"""Characters of one batch."""
_DEPTH = 8
"""Levels of an object that become columns of their own; what lies deeper counts for the last of them."""
_STRING = r'"(?:[^"\\]|\\.)*+"'
_BEFORE = re.compile(
    rf"\s*+(?:\{{\s*+(?:{_STRING}\s*+:\s*+(?:{_STRING}|[-+.\w]++)\s*+,\s*+)*+{_STRING}\s*+:\s*+)*\[\s*+(?=\{{)",
    re.DOTALL,
)
_BETWEEN = re.compile(r"[\s,]*+")


@dataclass(slots=True)
class JsonTable:
    """`names` of the columns: the keys on the way to a value, joined by dots; they grow while batches() goes on.

    The objects begin behind `before` characters.
    """

    text: Text
    before: int
    names: list[str] = field(default_factory=list)

    def batches(self) -> Iterator[Batch]:
        """All objects, up to the first thing that is none; FormatError behind the last one where no JSON follows."""
        known: dict[str, int] = {}
        places: list[Place] = []
        columns: dict[int, tuple[list[str], list[int] | range]] = {}
        size = 0
        failed: FormatError | None = None
        objects = self.objects()
        while True:
            try:
                place, value = next(objects)
            except StopIteration:
                break
            except FormatError as error:
                failed = error
                break
            for name, cell in _flat(value):
                if name not in known:
                    known[name] = len(known)
                    self.names.append(name)
                    if len(known) > COLUMNS:
                        raise FormatError("not a table: too many names")
                cells, rows = columns.setdefault(known[name], ([], []))
                cells.append(cell)
                assert isinstance(rows, list)
                rows.append(len(places))
            places.append(place)
            size += len(place.text)
            if size >= _BATCH:
                yield Batch(places, columns)
                places, columns, size = [], {}, 0
        if places:
            yield Batch(places, columns)
        if failed is not None:
            raise failed

    def objects(self) -> Iterator[tuple[Place, Pairs]]:
        """Every object and its place, as batches() goes through them."""
        return iter(_Objects(self.text, self.before))


def read_json_table(text: Text) -> JsonTable | None:
    """The table that a text is by its first objects; None for any other text."""
    start = ""
    for piece in text.pieces():
        start += piece
        if len(start) > _HEAD:
            break
    if not start.lstrip().startswith(("{", "[")):
        return None
    match = _BEFORE.match(start[:_HEAD])
    table = JsonTable(text, match.end() if match else 0)
    objects = table.objects()
    try:
        _, first = next(objects)
        if not is_cell(first):
            for _ in range(ROWS - 1):
                next(objects)
    except (StopIteration, FormatError):
        return None
    return table


def is_cell(value: Pairs) -> bool:
    """Whether an object is a cell of a notebook: even a single one is worth a reader of its own."""
    keys = {key for key, _ in value}
    return "cell_type" in keys and ("source" in keys or "input" in keys)


class Pairs(list[tuple[str, object]]):
    """An object with every value of a name that stands twice."""


_DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=str, parse_float=str, parse_constant=str)


class _Objects:
    """Objects with their places, between commas or white space."""

    def __init__(self, text: Text, before: int) -> None:
        self._pieces = text.pieces()
        self._width = text.encoding.width
        self._held, self._at = "", 0
        self._start, self._line = text.encoding.mark, 1
        self._fill(before)
        self._skip(before)

    def __iter__(self) -> Iterator[tuple[Place, Pairs]]:
        while True:
            self._skip_between()
            if not self._held.startswith("{", self._at):
                return
            value, end = self._decode()
            start, line = self._start, self._line
            yield Place(self._skip(end - self._at), start, line), value

    def _decode(self) -> tuple[Pairs, int]:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError:
                raise FormatError("not a table: an object is too deep") from None
            except ValueError:
                have = len(self._held) - self._at
                if have > _OBJECT or not self._fill(2 * have):
                    raise FormatError("not a table: no JSON") from None
            else:
                return value, end

    def _skip_between(self) -> None:
        while True:
            match = _BETWEEN.match(self._held, self._at)
            self._skip(match.end() - self._at if match else 0)
            if self._at < len(self._held) or not self._fill(1):
                return

    def _skip(self, n: int) -> str:
        text = self._held[self._at : self._at + n]
        self._start += self._width(text)
        self._line += text.count("\n")
        self._at += n
        return text

    def _fill(self, wanted: int) -> bool:
        """More characters, until there are as many as wanted; whether there were any."""
        parts = [self._held[self._at :]]
        size = before = len(parts[0])
        while size < wanted and (piece := next(self._pieces, "")):
            parts.append(piece)
            size += len(piece)
        self._held, self._at = "".join(parts), 0
        return size > before


def _flat(value: Pairs) -> Iterator[tuple[str, str]]:
    """Names joined by dots and the strings and numbers below them; the names too, which may be data themselves."""
    stack: list[tuple[str, int, object]] = [("", 0, value)]
    while stack:
        name, depth, item = stack.pop()
        if isinstance(item, Pairs):
            for key, below in reversed(item):
                inner = depth < _DEPTH and is_name(key)
                if not inner:
                    yield name, key
                stack.append((f"{name}.{key}".lstrip(".") if inner else name, depth + 1, below))
        elif isinstance(item, list):
            stack += [(name, depth + 1, below) for below in reversed(item)]
        elif isinstance(item, str) and item:
            yield name, item
