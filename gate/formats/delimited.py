"""Tables that are text: values between delimiters (RFC 4180 and its relatives).

Read forward in batches of about a MiB, so that a table of any size and of any number of columns takes the same memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from gate.core.errors import FormatError
from gate.formats.text import Line, Text

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

    places: list[Place]
    columns: dict[int, tuple[list[str], list[int] | range]]


@dataclass(slots=True)
class Table:
    """`names` of the columns, "" for those without; it grows while batches() goes through the rows."""

    text: Text
    delimiter: str
    names: list[str] = field(default_factory=list)
    header: bool = False

    def batches(self) -> Iterator[Batch]:
        """All rows but the header; FormatError behind the last one where the rest is no table (read that as text)."""
        feed = _Feed(self.text)
        rows = csv.reader(feed, delimiter=self.delimiter)
        places: list[Place] = []
        cells: list[list[str]] = []
        size, skip = 0, self.header
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


def _batch(places: list[Place], cells: list[list[str]]) -> Batch:
    rows = range(len(places))
    return Batch(places, {i: (list(column), rows) for i, column in enumerate(zip_longest(*cells, fillvalue=""))})


class _Feed:
    """The lines of a text for csv.reader, which joins those that a quoted field spans; remembers where a row began."""

    def __init__(self, text: Text) -> None:
        self._lines = text.lines(_LINE)
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
