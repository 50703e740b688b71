"""Goes through a member's text, or the columns of its table, and counts the personal values in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from gate.adapters.presidio import Hit, search
from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined, Spent
from gate.core.gap import GapReason
from gate.formats.delimited import Batch, Place, Table, read_table
from gate.formats.personal import CELL, SMALL, Asked, mask, profile, words_of
from gate.formats.personal_choice import SHIPPED, Choice
from gate.formats.text import Text, read_text

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
_NUMBERS = re.compile(rf"(?:[-+]?[0-9]{{0,6}}(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?{CELL})*+")
"""Cells that are numbers, none of them long enough to name a person; digits behind a decimal point are no number."""


@dataclass(slots=True)
class Count:
    """Values of one entity in one column (-1: the text as a whole)."""

    rule: str
    entity: str
    column: int
    count: int = 0
    complete: bool = True
    cells: int = 0
    """Cells of the column that were not empty, up to where counting stopped."""
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
    """What one member holds; `rows` is 0 and `names` empty for a text that is no table."""

    counts: list[Count]
    rows: int = 0
    names: list[str] = field(default_factory=list)
    gaps: list[tuple[int, NotExamined]] = field(default_factory=list)
    """Where in the bytes something was not searched, and why."""


def read_personal(source: Source, choice: Choice = SHIPPED) -> Personal:
    """The personal data of a text of any size, with gaps for what was not searched; FormatError for what is no text."""
    text = read_text(source)
    if source.size <= SMALL and not profile(choice).possible(text.whole(SMALL)):
        return Personal([])
    table = read_table(text)
    if table is not None:
        try:
            return _Counter(text, choice).table(table)
        except FormatError:
            pass  # it only began like a table
    return _Counter(text, choice).text()


class _Counter:
    def __init__(self, text: Text, choice: Choice) -> None:
        self._text, self._choice = text, choice
        self._rows = profile(choice).rows
        self._strong: dict[tuple[int, str], Count] = {}
        self._weak: dict[tuple[int, str], Count] = {}
        self._limit = text.source.limits.personal_bytes
        self._gaps: list[tuple[int, NotExamined]] = []
        self._asked: dict[int, Asked] = {}
        self._cells: dict[int, int] = {}

    # -- text ---------------------------------------------------------------------------------------------------------

    def text(self) -> Personal:
        asked = self._ask(-1, "")
        at = 0
        try:
            for window in self._text.windows():
                at = window.offset(window.first)
                self._spend(at)
                for hit in self._search(window.text, asked, at, window.first, window.last):
                    count = self._count(hit, -1, window.text[hit.start : hit.end])
                    if count is not None and count.start < 0:
                        count.start, count.end = window.offset(hit.start), window.offset(hit.end)
                        count.line = window.line_at(hit.start)
        except NotExamined as error:
            self._gaps.append((at, error))
        return Personal(self._conclude(), gaps=self._gaps)

    # -- tables -------------------------------------------------------------------------------------------------------

    def table(self, table: Table) -> Personal:
        rows, at = 0, 0
        try:
            for batch in table.batches():
                at = batch.places[0].start
                self._spend(at)
                for column in batch.columns:
                    self._column(table, batch, column)
                rows += len(batch.places)
            self._cell_texts(table.names, -1, "", [Place("", 0, 1)] * len(table.names), range(len(table.names)))
        except FormatError:
            raise
        except NotExamined as error:
            self._gaps.append((at, error))
        return Personal(self._conclude(), rows, table.names, self._gaps)

    def _column(self, table: Table, batch: Batch, column: int) -> None:
        cells, rows = batch.columns[column]
        name = table.names[column] if column < len(table.names) else ""
        self._cell_texts(cells, column, name, batch.places, rows)
        self._cells[column] = self._cells.get(column, 0) + len(cells) - cells.count("")

    def _cell_texts(
        self, cells: list[str], column: int, name: str, places: list[Place], rows: list[int] | range
    ) -> None:
        self._text.source.tick()
        if not cells or max(map(len, cells)) < SHORTEST:
            return
        text = CELL.join(cells) + CELL
        if _NUMBERS.fullmatch(text):
            return
        if text.count(CELL) != len(cells):
            text = CELL.join(cell.replace(CELL, " ") for cell in cells) + CELL
        starts: list[int] = []
        for hit in self._search(text, self._ask(column, name), places[0].start, 0, len(text)):
            value = text[hit.start : hit.end]
            count = self._count(hit, column, value)
            if count is None or (count.start >= 0 and count.complete):
                continue
            starts = starts or list(accumulate((len(cell) + 1 for cell in cells), initial=0))
            cell = bisect_right(starts, hit.start) - 1
            if count.start < 0:
                self._place(count, places[rows[cell]], value)
            if not count.complete:
                filled = cell + 1 - cells[: cell + 1].count("")
                count.cells = self._cells.get(column, 0) + filled

    def _place(self, count: Count, place: Place, value: str) -> None:
        """The value in its row; the row where it is written in another way there."""
        width = self._text.encoding.width
        index = place.text.find(value)
        before, shown = (place.text[:index], value) if index >= 0 else ("", place.text)
        count.start = place.start + width(before)
        count.end = count.start + width(shown)
        count.line = place.line + before.count("\n")

    def _conclude(self) -> list[Count]:
        """Weak matches count where they are too many for chance."""
        for key, weak in self._weak.items():
            weak.cells = weak.cells or self._cells.get(key[0], 0)
            if weak.share >= BY_CHANCE:
                strong = self._strong.setdefault(key, weak)
                if strong is not weak:
                    strong.count += weak.count
                    strong.complete = strong.complete and weak.complete
        for count in self._strong.values():
            count.cells = count.cells or self._cells.get(count.column, 0)
            asked = self._asked[count.column]
            rows = [i for i, row in enumerate(self._rows) if row.entity == count.entity]
            tried, passed = (sum(counts[row] for row in rows) for counts in (asked.tried, asked.passed))
            count.by_chance = tried >= CHECKED and 100 * passed < RIGHT * tried
        return list(self._strong.values())

    # -- both ---------------------------------------------------------------------------------------------------------

    def _ask(self, column: int, name: str) -> Asked:
        """Everything, until there is enough of it."""
        known = self._asked.get(column)
        if known is None:
            known = Asked(
                tuple(range(len(self._rows))), words_of(name) if name else frozenset(), column >= 0, choice=self._choice
            )
            self._asked[column] = known
        return known

    def _search(self, text: str, asked: Asked, at: int, first: int, last: int) -> Iterator[Hit]:
        self._text.source.tick()
        try:
            yield from search(text, asked, first, last, lambda: self._watch(asked, at))
        except NotExamined as error:
            if isinstance(error, Spent) or error.reason not in (GapReason.TIMED_OUT, GapReason.TOO_LARGE):
                raise
            self._gaps.append((at, error))

    def _watch(self, asked: Asked, at: int) -> None:
        """Called between the parts of a search."""
        self._text.source.tick()
        self._give_up(asked, at)

    def _give_up(self, asked: Asked, at: int) -> None:
        """Stop asking for what only costs: look-alikes that a slow library turns down, one after the other."""
        for row, name in enumerate(self._rows):
            if row not in asked.done and (asked.parsed[row] > PARSED or asked.tried[row] > TRIED):
                asked.done.add(row)
                detail = f"{name.entity}: given up after too many look-alikes"
                self._gaps.append((at, NotExamined(GapReason.BUDGET, detail)))

    def _count(self, hit: Hit, column: int, value: str) -> Count | None:
        """The count that this value adds to; None where there is enough of it."""
        recognizer = self._rows[hit.row]
        key, counts = (column, recognizer.entity), self._strong if hit.strong else self._weak
        count = counts.get(key)
        if count is None:
            count = counts[key] = Count(recognizer.rule, recognizer.entity, column, sample=mask(value))
        if not count.complete:
            return None
        count.count += 1
        count.distinct.add(hash(value))
        if count.count >= CAP:
            self._enough(count, hit.strong)
        return count

    def _enough(self, count: Count, strong: bool) -> None:
        count.complete = False
        asked = self._asked[count.column]
        same = {i for i, one in enumerate(self._rows) if one.entity == count.entity}
        (asked.done if strong else asked.chance).update(same)

    def _spend(self, at: int) -> None:
        if at >= self._limit:
            detail = f"text beyond {self._limit} bytes was not searched for personal data"
            raise NotExamined(GapReason.BUDGET, detail)
