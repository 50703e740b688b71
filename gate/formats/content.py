"""Content: what people can read in a member, piece by piece, whatever format it lies in.

Who searches for values (personal data, credentials) reads pieces and knows no format. A piece is decoded text: escapes
of JSON, entities of HTML and quotes of CSV no longer hide anything in it, and it can still say which bytes it was.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeAlias

from gate.core.errors import NotExamined
from gate.formats.delimited import Place, is_name
from gate.formats.personal import CELL, words_of
from gate.formats.text import Encoding, Text

_DIGITS = re.compile(r"[0-9]{4}")


class Span(NamedTuple):
    """Bytes [start, end) of the member and their 1-based line; -1 for what nobody can say."""

    start: int = -1
    end: int = -1
    line: int = -1


class Origin(Protocol):
    """Where the characters of a piece come from."""

    def offset(self, index: int) -> int:
        """The byte offset in the member of the character at `index`, -1 where it has none."""

    def line_at(self, index: int) -> int:
        """The 1-based line of the character at `index`, -1 where there are no lines."""


class Missed(NamedTuple):
    """Something that is not among the pieces: from which byte on (-1: unknown), and why."""

    start: int
    error: NotExamined


@dataclass(slots=True)
class Sheet:
    """A table while it is read: `names` and `rows` grow until its last piece went by.

    `where` is its name for people, "" for the only one of a member; `names` are what its columns are called, "" for
    those without, and may be values themselves: say column_name() instead.
    """

    where: str = ""
    names: list[str] = field(default_factory=list)
    rows: int = 0

    def column_name(self, column: int) -> str:
        """What a column may be called before people: its name, if that is one and no value, else its number."""
        name = self.names[column] if column < len(self.names) else ""
        return name if may_be_said(name) else f"column {column + 1}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Decoded text whose own part is [first, last); the characters around it belong to its neighbours.

    Whoever searches counts what begins in the own part: then every match no longer than OVERLAP is counted once.

    `where` is a place for people, like `cell 4, output`, or "". `name` is the key or the name of the column that the
    text belongs to, for matching only: it may be a value itself. `words` are the words of that name.
    `column` is the number of a column in `sheet`, or -1. Then the text is some different values of that column, each
    followed by CELL; `cells` are these values and `times` how often each stands there.
    """

    text: str
    first: int
    last: int
    origin: Origin
    where: str = ""
    name: str = ""
    words: frozenset[str] = frozenset()
    column: int = -1
    sheet: Sheet | None = None
    cells: Sequence[str] = ()
    times: Sequence[int] = ()

    def owns(self, index: int) -> bool:
        return self.first <= index < self.last

    def offset(self, index: int) -> int:
        """The byte offset in the member of the character at `index`, -1 where it has none."""
        return self.origin.offset(index)

    def line_at(self, index: int) -> int:
        """The 1-based line of the character at `index`, -1 where there are no lines."""
        return self.origin.line_at(index)

    def span(self, start: int, end: int) -> Span:
        """The bytes of text[start:end]; those of the whole row, where a value is written in another way there."""
        if isinstance(self.origin, Cells):
            return self.origin.span(start, end)
        first = self.offset(start)
        return Span(first, self.offset(end) if first >= 0 else -1, self.line_at(start))


Pieces: TypeAlias = Iterator[Piece | Missed]


@dataclass(frozen=True, slots=True)
class Content:
    """The pieces of one member, made anew each time somebody goes through them; nothing of them is kept.

    `for piece in content` raises Spent for a budget and NotExamined where the rest cannot be read. `text` is the
    member itself, where it is text as it stands.
    """

    pieces: Callable[[], Pieces]
    text: Text | None = None

    def __iter__(self) -> Pieces:
        return self.pieces()


def may_be_said(name: str) -> bool:
    """Whether a key or the name of a column can be shown to people, because it is no value."""
    return is_name(name) and not _DIGITS.search(name)


# -- origins ----------------------------------------------------------------------------------------------------------


class Nowhere:
    """Text without a place of its own: it was compressed, encoded, or put together."""

    __slots__ = ()

    def offset(self, _index: int) -> int:
        return -1

    def line_at(self, _index: int) -> int:
        return -1


NOWHERE = Nowhere()


@dataclass(frozen=True, slots=True)
class At:
    """Text that stands in one place: all of it has the offset of its first byte."""

    start: int
    line: int = -1

    def offset(self, _index: int) -> int:
        return self.start

    def line_at(self, _index: int) -> int:
        return self.line


@dataclass(frozen=True, slots=True)
class Replaced:
    """Text in which some spans were replaced: character cuts[i] and those behind it began at shifts[i] further on."""

    before: Origin
    cuts: Sequence[int]
    shifts: Sequence[int]

    def _index(self, index: int) -> int:
        at = bisect_right(self.cuts, index) - 1
        return index + (self.shifts[at] if at >= 0 else 0)

    def offset(self, index: int) -> int:
        return self.before.offset(self._index(index))

    def line_at(self, index: int) -> int:
        return self.before.line_at(self._index(index))


class Cells:
    """Values of a column, each in its row; `rows` is the number of the row in `places` in which each stands first."""

    __slots__ = ("_cells", "_encoding", "_places", "_rows", "_starts")

    def __init__(self, cells: Sequence[str], rows: Sequence[int], places: Sequence[Place], encoding: Encoding) -> None:
        self._cells, self._rows, self._places, self._encoding = cells, rows, places, encoding
        self._starts: list[int] = []

    def span(self, start: int, end: int) -> Span:
        """The value in its row, or the row where it is written in another way there."""
        place, value = self._look(start, end)
        index = place.text.find(value) if value else -1
        before, shown = (place.text[:index], value) if index >= 0 else ("", place.text)
        first = place.start + self._encoding.width(before)
        return Span(first, first + self._encoding.width(shown), place.line + before.count("\n"))

    def offset(self, index: int) -> int:
        return self.span(index, index + 1).start

    def line_at(self, index: int) -> int:
        return self.span(index, index + 1).line

    def _look(self, start: int, end: int) -> tuple[Place, str]:
        starts = self._starts = self._starts or [0, *accumulate(len(cell) + 1 for cell in self._cells)]
        cell = min(bisect_right(starts, start) - 1, len(self._cells) - 1)
        value = self._cells[cell][start - starts[cell] : end - starts[cell]]
        return self._places[self._rows[cell]], value


# -- columns ----------------------------------------------------------------------------------------------------------


def column_piece(
    sheet: Sheet, column: int, cells: Sequence[str], rows: Sequence[int], places: Sequence[Place], encoding: Encoding
) -> Piece:
    """Some cells of a column, in the rows `places[rows[i]]`, each different value once."""
    times = Counter(cells)
    values, counts = tuple(times), tuple(times.values())
    if len(values) < len(cells):
        first = dict(zip(reversed(cells), reversed(rows), strict=True))
        rows = [first[value] for value in values]
    return values_piece(sheet, column, values, counts, Cells(values, rows, places, encoding))


def values_piece(
    sheet: Sheet, column: int, values: Sequence[str], counts: Sequence[int], origin: Origin = NOWHERE
) -> Piece:
    """Different values of a column and how often each stands there; without an `origin` nobody knows where."""
    text = CELL.join(values) + CELL
    if text.count(CELL) != len(values):
        text = CELL.join(value.replace(CELL, " ") for value in values) + CELL
    name = sheet.names[column] if 0 <= column < len(sheet.names) else ""
    said = sheet.column_name(column) if column >= 0 else ""
    where = ", ".join(part for part in (sheet.where, said) if part)
    words = words_of(name) if name else frozenset()
    return Piece(text, 0, len(text), origin, where, name, words, column, sheet, values, counts)
