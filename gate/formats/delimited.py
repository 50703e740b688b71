"""Tables that are text: values between delimiters (RFC 4180 and its relatives).

Read forward in batches of about a MiB, so that a table of any size and of any number of columns takes the same memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, dropwhile, zip_longest
from typing import Any, NamedTuple

from gate.core.errors import FormatError
from gate.formats.text import Encoding, Line, Text

ROWS = 3
"""Lines that are a table at least; what is shorter is text."""
_SAMPLE = 30
"""Rows that a decision is based on."""
_LINE = 2**20
"""Characters of a row: 10,000 columns take 100,000."""
_BATCH = 2**20
"""Characters of one batch."""
COLUMNS = 20_000
"""Columns of a table; what has more is text."""
_DELIMITERS = (",", "\t", ";", "|")
_BREAK = re.compile(r"\r\n|[\r\n]")
_NAME = re.compile(r"[^\W\d][\w .()/%$#:\-]{0,63}")
"""What the name of a column looks like; a first row of anything else is data."""
_NUMBER = re.compile(r"[-+]?[0-9.,]+(?:[eE][-+]?[0-9]+)?")


class Place(NamedTuple):
    """Where a row stands: its text, the offset of its first byte, its 1-based line."""

    text: str
    start: int
    line: int


@dataclass(slots=True)
class Batch:
    """Some rows: for each column that has any, its cells, and the number of the row in `places` that each stands in."""

    places: Sequence[Place]
    columns: dict[int, tuple[Sequence[str], Sequence[int]]]


@dataclass(slots=True)
class Table:
    """`names` of the columns, "" for those without; it grows while batches() goes through the rows."""

    text: Text
    delimiter: str
    names: list[str] = field(default_factory=list)
    header: bool = False

    def batches(self) -> Iterator[Batch]:
        """All rows but the header; FormatError behind the last one where the rest is no table (read that as text)."""
        start = yield from self._blocks()
        if start >= 0:
            yield from self._lines(start)

    def _blocks(self) -> Generator[Batch, None, int]:
        """Rows of one line each, a block of lines at a time; where this ends, or -1 for the end of the text."""
        width = self.text.encoding.width
        held, start, number = "", self.text.encoding.mark, 1
        for piece in chain(self.text.pieces(), [""]):
            held += piece
            if piece and len(held) < _BATCH:
                continue
            end = held.rfind("\n") + 1 if piece else len(held)
            block, held = held[:end], held[end:]
            lines = _Lines.of(block, start, number, self.text.encoding)
            rows = _plain(lines, self.delimiter) if lines is not None else None
            if lines is None or rows is None or len(held) > _LINE:
                return start
            start, number = start + width(block), number + len(lines)
            kept = [i for i, row in enumerate(rows) if row]
            if self.header and lines.number == 1:
                kept = kept[1:]
            if len(kept) < len(rows):
                lines, rows = lines.some(kept), [rows[i] for i in kept]
            if rows:
                yield _batch(lines, rows)
        return -1

    def _lines(self, start: int) -> Iterator[Batch]:
        """The rows from byte `start` on, some of which go over several lines."""
        feed = _Feed(self.text, start)
        rows = csv.reader(feed, delimiter=self.delimiter)
        places: list[Place] = []
        cells: list[list[str]] = []
        size, skip = 0, self.header and start == self.text.encoding.mark
        failed: FormatError | None = None
        while True:
            try:
                row = next(rows)
            except StopIteration:
                break
            except FormatError as error:
                failed = error
                break
            except csv.Error as error:  # a quote that is never closed: the field grows beyond any measure
                failed = FormatError(f"not a table: {error}")
                break
            place = feed.place()
            if skip or not row:
                skip = skip and not row
                continue
            places.append(place)
            cells.append(row)
            size += len(place.text)
            if size >= _BATCH:
                yield _batch(places, cells)
                places, cells, size = [], [], 0
        if places:
            yield _batch(places, cells)
        if failed is not None:
            raise failed


class _Lines(Sequence[Place]):
    """Lines that follow one another, of which some are rows; where each begins is only counted when it is asked."""

    def __init__(self, lines: list[str], start: int, number: int, end: int, encoding: Encoding) -> None:
        self.lines, self.number = lines, number
        self._start, self._end, self._encoding = start, end, encoding
        self._numbers: Sequence[int] = range(len(lines))
        self._starts: list[int] = []

    @classmethod
    def of(cls, block: str, start: int, number: int, encoding: Encoding) -> _Lines | None:
        """The lines of a block that ends with one; None where not all of them end alike, or one is too long."""
        lines = block.split("\n")
        if not lines[-1]:
            lines.pop()
        end = "\n"
        if "\r" in block:
            if not block.count("\r") == block.count("\r\n") == len(lines) == block.count("\n"):
                return None
            lines, end = [line[:-1] for line in lines], "\r\n"
        if max(map(len, lines), default=0) > _LINE:
            return None
        return cls(lines, start, number, encoding.width(end), encoding)

    def some(self, numbers: list[int]) -> _Lines:
        """The same with only these lines as rows."""
        part = _Lines(self.lines, self._start, self.number, self._end, self._encoding)
        part._numbers = numbers
        return part

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        number = self._numbers[index]
        if not self._starts:
            width, end = self._encoding.width, self._end
            self._starts = list(accumulate((width(line) + end for line in self.lines), initial=self._start))
        return Place(self.lines[number], self._starts[number], self.number + number)


def _plain(lines: _Lines, delimiter: str) -> list[list[str]] | None:
    """The rows, where each is one line."""
    try:
        rows = list(csv.reader(lines.lines, delimiter=delimiter))
        if '"' in "".join(lines.lines[-1:]) and list(csv.reader([lines.lines[-1], "x"], delimiter=delimiter))[1:] != [
            ["x"]
        ]:
            return None  # a quote is open at the end of the block
    except csv.Error:
        return None
    return rows if len(rows) == len(lines.lines) else None


def read_table(text: Text) -> Table | None:
    """The table that a text is by its first rows; None for any other text."""
    lines = _first(text)
    if len(lines) < ROWS:
        return None
    if lines[0].lstrip().startswith("{"):  # JSON, which gate.formats.json_table reads
        return None
    found = [(columns, delimiter) for delimiter in _DELIMITERS if (columns := _columns(lines, delimiter))]
    if not found:
        return None
    delimiter = max(found, key=lambda one: one[0])[1]
    first = next(csv.reader(lines, delimiter=delimiter))
    header = is_header(first)
    return Table(text, delimiter, [cell.strip() for cell in first] if header else [], header)


def _first(text: Text) -> list[str]:
    """The first lines, without reading on to the end of a long one."""
    start, ended = "", True
    for piece in text.pieces():
        start += piece
        if len(start) > _LINE or start.count("\n", 0, _LINE) > _SAMPLE:
            ended = False
            break
    lines = _BREAK.split(start[:_LINE])
    return [line for line in (lines if ended else lines[:-1])[:_SAMPLE] if line.strip()]


def _columns(lines: list[str], delimiter: str) -> int:
    """The number of columns on which nearly all lines agree, 0 where they do not."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0
    if len(widths) < ROWS:
        return 0
    width = max(set(widths), key=lambda one: (widths.count(one), one))
    return width if 1 < width <= COLUMNS and widths.count(width) * 10 >= len(widths) * 9 else 0


def is_header(row: list[str]) -> bool:
    """Whether these are names: words, all different, none a number; what may be a person's data is no name."""
    names = [cell.strip() for cell in row]
    return len(set(names)) == len(names) and all(
        not name or (_NAME.fullmatch(name) and not _NUMBER.fullmatch(name)) for name in names
    )


def is_name(text: str) -> bool:
    """Whether this can be shown as the name of a column."""
    return _NAME.fullmatch(text) is not None


def _batch(places: Sequence[Place], cells: list[list[str]]) -> Batch:
    rows = range(len(places))
    even = len(set(map(len, cells))) == 1
    columns = zip(*cells, strict=True) if even else zip_longest(*cells, fillvalue="")
    return Batch(places, {i: (column, rows) for i, column in enumerate(columns)})


class _Feed:
    """The lines of a text for csv.reader, which joins those that a quoted field spans; remembers where a row began."""

    def __init__(self, text: Text, start: int) -> None:
        self._lines = dropwhile(lambda line: line.start < start, text.lines(_LINE))
        self._row: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if line.cut:
            raise FormatError("not a table: a line is too long")
        self._row.append(line)
        return f"{line.text}\n"

    def place(self) -> Place:
        """Of the row that was read last."""
        lines, self._row = self._row, []
        text = lines[0].text if len(lines) == 1 else "\n".join(line.text for line in lines)
        return Place(text, lines[0].start, lines[0].number)
