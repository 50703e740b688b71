"""Goes through the pieces of a member, text or columns of tables, and counts the personal values in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from gate.adapters.contents import read_content
from gate.adapters.presidio import Hit, search
from gate.archive.source import Source
from gate.core.errors import NotExamined, Spent
from gate.core.gap import GapReason
from gate.formats.allowed import Allowed
from gate.formats.content import Content, Missed, Piece, Sheet
from gate.formats.personal import CELL, SMALL, Asked, mask, profile
from gate.formats.personal_choice import SHIPPED, Choice

CAP = 1000
"""Values of one entity in one column or text that are counted; beyond them it is "1000 or more"."""
PARSED = 5000
"""Look-alikes of telephone numbers in one column or text that are parsed, at up to a millisecond each."""
TRIED = 200_000
"""Look-alikes of other numbers whose check digits are computed."""
CHECKED = 5
RIGHT = 30
"""Of so many numbers of one shape at least, so many percent have the right check digit where they are what they seem:
of serial numbers one in ten has, or in a hundred."""
SHORTEST = 6
"""Characters of the shortest value that any recognizer finds: a@b.co."""
BY_CHANCE = 30
"""Percent of a column's cells up to which numbers with the right check digit are taken for chance."""
_NUMBERS = re.compile(
    rf"""(?:(?:[-+]?[0-9]{{0,6}}(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?
    | [0-9]{{4}}-[01][0-9]-[0-3][0-9](?:[T\ ][0-9:]{{5,8}}(?:\.[0-9]{{1,9}})?(?:Z|[+-][0-9:]{{4,6}})?)?
    | [Tt]rue | [Ff]alse){CELL})*+""",
    re.VERBOSE,
)
"""Cells that are numbers, none of them long enough to name a person, or points in time, or truths; digits behind a
decimal point are no number."""
_HIDING = re.compile(r"[&<]|\"cell_type\"")
"""What a small text has in which a value can be written over several places."""
_TIMES = re.compile(rf"(?:(?:1[0-9]{{9}}(?:[0-9]{{3}}|[0-9]{{6}}|[0-9]{{9}})?)?{CELL})*+")
"""Cells that are seconds since 1970, or parts of them, from 2001 to 2033: unless its name says otherwise, such a column
is of times."""


@dataclass(slots=True)
class Count:
    """Values of one entity in one column (-1: everything that is no table)."""

    rule: str
    entity: str
    column: int
    sheet: Sheet | None = None
    where: str = ""
    """Of the first one, for people."""
    count: int = 0
    complete: bool = True
    cells: int = 0
    """Cells of the column that were not empty; where counting stopped so many that the share is that of all of them, if
    the values not seen are like those seen."""
    start: int = -1
    end: int = -1
    line: int = -1
    sample: str = ""
    by_chance: bool = False
    """Whether most numbers of this shape have wrong check digits."""
    distinct: set[int] = field(default_factory=set)

    @property
    def share(self) -> int:
        """Percent of the cells."""
        return min(100 * self.count // self.cells, 100) if self.cells else 0


@dataclass(slots=True)
class Personal:
    """What one member holds: values, tables, and where in the bytes (-1: unknown) something was not searched."""

    counts: list[Count]
    sheets: list[Sheet] = field(default_factory=list)
    gaps: list[tuple[int, NotExamined]] = field(default_factory=list)
    allowed: Counter[str] = field(default_factory=Counter)
    """Values that were not counted because somebody allowed them, by entity."""


def read_personal(source: Source, choice: Choice = SHIPPED, allowed: Allowed | None = None) -> Personal:
    """The personal data of a member, with gaps for what was not searched; FormatError for what holds no text."""
    content = read_content(source)
    if source.size <= SMALL and content.text is not None:
        text = content.text.whole(SMALL)
        if _HIDING.search(text) is None and not profile(choice).possible(text):
            return Personal([])
    return _Counter(source, choice, allowed).count(content)


@dataclass(slots=True)
class _Column:
    """What was asked of one column, or of all that is no table, and how many cells went by."""

    sheet: Sheet | None
    column: int
    asked: Asked
    cells: int = 0
    strong: dict[str, Count] = field(default_factory=dict)
    weak: dict[str, Count] = field(default_factory=dict)


class _Counter:
    def __init__(self, source: Source, choice: Choice, allowed: Allowed | None) -> None:
        self._source, self._choice, self._allowed = source, choice, allowed
        self._passed: Counter[str] = Counter()
        known = profile(choice)
        self._rows = known.rows
        self._speaking = frozenset(word for words in known.context.values() for word in words)
        self._limit = source.limits.personal_bytes
        self._searched = 0
        self._gaps: list[tuple[int, NotExamined]] = []
        self._sheets: list[Sheet] = []
        self._columns: dict[tuple[int, int], _Column] = {}

    def count(self, content: Content) -> Personal:
        """Everything, until there is enough of it."""
        at = 0 if content.text is not None else -1
        try:
            for piece in content:
                if isinstance(piece, Missed):
                    self._gaps.append(piece)
                    continue
                at = piece.offset(piece.first) if piece.last > piece.first else at
                self._spend(piece, at)
                if piece.cells:
                    self._cells(piece, at)
                else:
                    self._text(piece, at)
        except NotExamined as error:
            self._gaps.append((at, error))
        counts = [count for column in self._columns.values() for count in self._conclude(column)]
        return Personal(counts, self._sheets, self._gaps, self._passed)

    def _text(self, piece: Piece, at: int) -> None:
        column = self._column(piece)
        for hit in self._search(piece, column, at):
            count = self._count(hit, column, piece, 1)
            if count is not None and not count.sample:
                self._place(count, hit, piece)

    # -- tables -------------------------------------------------------------------------------------------------------

    def _cells(self, piece: Piece, at: int) -> None:
        self._source.tick()
        column, cells, times = self._column(piece), piece.cells, piece.times
        before, column.cells = column.cells, column.cells + _filled(cells, times, len(cells))
        if max(map(len, cells)) < SHORTEST or _NUMBERS.fullmatch(piece.text):
            return
        if _TIMES.fullmatch(piece.text) and not piece.words & self._speaking:
            return
        starts: list[int] = []
        values: Counter[str] = Counter()
        for hit in self._search(piece, column, at):
            starts = starts or list(accumulate((len(cell) + 1 for cell in cells), initial=0))
            cell = bisect_right(starts, hit.start) - 1
            count = self._count(hit, column, piece, times[cell])
            values[self._rows[hit.row].entity] += 1
            if count is None or (count.sample and count.complete):
                continue
            if not count.sample:
                self._place(count, hit, piece)
            if not count.complete:
                rest = column.cells - before - _filled(cells, times, cell + 1)
                seen = count.count * (cell + 1)
                count.cells = max(column.cells * seen // (seen + values[count.entity] * rest), 1)

    def _conclude(self, column: _Column) -> list[Count]:
        """Weak matches count where they are too many for chance."""
        for entity, weak in column.weak.items():
            weak.cells = weak.cells or column.cells
            if weak.share >= BY_CHANCE:
                strong = column.strong.setdefault(entity, weak)
                if strong is not weak:
                    strong.count += weak.count
                    strong.complete = strong.complete and weak.complete
        asked = column.asked
        for count in column.strong.values():
            count.cells = count.cells or column.cells
            rows = [i for i, row in enumerate(self._rows) if row.entity == count.entity]
            tried, passed = (sum(counts[row] for row in rows) for counts in (asked.tried, asked.passed))
            count.by_chance = tried >= CHECKED and 100 * passed < RIGHT * tried
        return list(column.strong.values())

    # -- both ---------------------------------------------------------------------------------------------------------

    def _column(self, piece: Piece) -> _Column:
        sheet = piece.sheet if piece.column >= 0 else None
        if sheet is not None and (not self._sheets or self._sheets[-1] is not sheet):
            self._sheets.append(sheet)
        key = (id(sheet) if sheet is not None else 0, piece.column)
        known = self._columns.get(key)
        if known is None:
            asked = Asked(tuple(range(len(self._rows))), column=piece.column >= 0, choice=self._choice)
            known = self._columns[key] = _Column(sheet, piece.column, asked)
        return known

    def _search(self, piece: Piece, column: _Column, at: int) -> Iterator[Hit]:
        self._source.tick()
        asked = replace(column.asked, words=piece.words) if piece.words else column.asked
        try:
            yield from search(piece.text, asked, piece.first, piece.last, lambda: self._watch(asked, at))
        except NotExamined as error:
            if isinstance(error, Spent) or error.reason not in (GapReason.TIMED_OUT, GapReason.TOO_LARGE):
                raise
            self._gaps.append((at, error))

    def _watch(self, asked: Asked, at: int) -> None:
        """Called between the parts of a search."""
        self._source.tick()
        self._give_up(asked, at)

    def _give_up(self, asked: Asked, at: int) -> None:
        """Stop asking for what only costs: look-alikes that a slow library turns down, one after the other."""
        for row, name in enumerate(self._rows):
            if row not in asked.done and (asked.parsed[row] > PARSED or asked.tried[row] > TRIED):
                asked.done.add(row)
                detail = f"{name.entity}: given up after too many look-alikes"
                self._gaps.append((at, NotExamined(GapReason.BUDGET, detail)))

    def _count(self, hit: Hit, column: _Column, piece: Piece, times: int) -> Count | None:
        """The count that this value adds to; None where there is enough of it."""
        recognizer = self._rows[hit.row]
        value = piece.text[hit.start : hit.end]
        if self._allowed is not None and self._allowed.holds(value, recognizer.rule):
            self._passed[recognizer.entity] += times
            return None
        counts = column.strong if hit.strong else column.weak
        count = counts.get(recognizer.entity)
        if count is None:
            count = Count(recognizer.rule, recognizer.entity, column.column, column.sheet, piece.where)
            counts[recognizer.entity] = count
        if not count.complete:
            return None
        count.count += times
        count.distinct.add(hash(value))
        if count.count >= CAP:
            self._enough(count, column.asked, hit.strong)
        return count

    def _place(self, count: Count, hit: Hit, piece: Piece) -> None:
        count.sample = mask(piece.text[hit.start : hit.end])
        count.start, count.end, count.line = piece.span(hit.start, hit.end)

    def _enough(self, count: Count, asked: Asked, strong: bool) -> None:
        count.complete = False
        same = {i for i, one in enumerate(self._rows) if one.entity == count.entity}
        (asked.done if strong else asked.chance).update(same)

    def _spend(self, piece: Piece, at: int) -> None:
        if max(self._searched, at) >= self._limit:
            detail = f"text beyond {self._limit} bytes was not searched for personal data"
            raise NotExamined(GapReason.BUDGET, detail)
        self._searched += piece.last - piece.first


def _filled(cells: Sequence[str], times: Sequence[int], end: int) -> int:
    """How many of the first cells are not empty."""
    return sum(times[:end]) - sum(times[i] for i in range(end) if not cells[i]) if "" in cells else sum(times[:end])
