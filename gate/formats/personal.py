"""Where in a text personal values can be: cheap conditions that hold wherever a recognizer could match."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import yaml

from gate.resources import data

WIDTH = 256
"""Characters of the longest match of any pattern; rules/data/pii/README.md promises it."""
SHORT = 64
"""The same for recognizers that name a `within`."""
AROUND = 8
"""Characters that a pattern looks at before and behind its match."""
CONTEXT = 128
"""Characters before a match in which a word speaks for it."""
MARGIN = 2 * WIDTH + CONTEXT + AROUND
"""Characters around a part that matter for what begins in it: a match that overlaps it, and the context of that."""
JOINED = 1024
"""Characters of neighbouring candidates that are taken for one."""
SMALL = 4096
"""Characters of a text in which one look for each recognizer costs less than what it may save."""
PART = 8192
"""Characters of one part; the cost of a search grows faster than the text."""
CELL = "\x1e"
"""Stands between the cells of a column that are searched together (RECORD SEPARATOR)."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Recognizer:
    """One row of rules/data/pii/recognizers.yaml; README.md there says what each field means."""

    name: str
    entity: str
    rule: str
    patterns: tuple[str, ...]
    candidates: re.Pattern[str]
    score: float
    threshold: float
    presidio: str = ""
    within: re.Pattern[str] | None = None
    context: tuple[str, ...] = ()
    checked: str = "raises"
    columns: bool = False
    regions: tuple[str, ...] = ()
    ignore: re.Pattern[str] | None = None

    @property
    def needs_context(self) -> bool:
        """Whether no match counts without a word that speaks for it."""
        return self.checked == "keeps" and self.score < self.threshold


class Candidate(NamedTuple):
    """Characters [start, end), and WIDTH before them, in which matches of recognizer number `row` may begin."""

    start: int
    end: int
    row: int


class Part(NamedTuple):
    """A piece of a text to be searched: matches that start in [first, last) are its own; rows of the recognizers."""

    first: int
    last: int
    rows: frozenset[int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a text: recognizers by their number; words that speak for every match.

    In a `column` matches below the threshold are wanted too, where the recognizer says so. Whoever asks may add to
    `done` while the answers come: recognizers that were asked enough; to `chance`: whose weak matches were.
    """

    rows: tuple[int, ...]
    words: frozenset[str] = frozenset()
    column: bool = False
    done: set[int] = field(default_factory=set)
    chance: set[int] = field(default_factory=set)
    tried: Counter[int] = field(default_factory=Counter)
    """Matches of each recognizer whose check digits were computed, right or wrong."""
    passed: Counter[int] = field(default_factory=Counter)
    parsed: Counter[int] = field(default_factory=Counter)
    """Matches that a slow library was asked about."""

    def weak(self, row: int, recognizer: Recognizer) -> bool:
        """Whether matches of this recognizer below its threshold are wanted."""
        return self.column and recognizer.columns and row not in self.chance


@dataclass(frozen=True, slots=True)
class Profile:
    """All recognizers of one table."""

    rows: tuple[Recognizer, ...]

    def possible(self, text: str) -> bool:
        """Whether anything could be found in this text, read as a table or not; what is escaped in JSON can be all."""
        return "\\" in text or any(recognizer.candidates.search(text) for recognizer in self.rows)

    def parts(self, text: str, asked: Asked, first: int = 0, last: int = sys.maxsize) -> Iterator[Part]:
        """The pieces of text[first:last] that are worth searching, in order, disjoint.

        A match that counts and begins in [first, last) begins in a piece that names its recognizer.
        """
        last = min(last, len(text))
        found = sorted(self._candidates(text, max(first - MARGIN, 0), min(last + MARGIN, len(text)), asked))
        starts = [candidate.start for candidate in found]
        i = 0
        while i < len(found):
            low = max(found[i].start - WIDTH, first)
            high = min(found[i].end + 1, last)
            i += 1
            while i < len(found) and found[i].start - WIDTH < high + MARGIN and high - low < PART:
                high = min(max(high, found[i].end + 1), last)
                i += 1
            first = max(first, high)
            if low < high:
                near = found[bisect_left(starts, low - MARGIN - JOINED) : bisect_right(starts, high + MARGIN)]
                yield Part(low, high, frozenset(candidate.row for candidate in near))

    def _candidates(self, text: str, start: int, end: int, asked: Asked) -> Iterator[Candidate]:
        lower, small = "", end - start <= SMALL
        spans: dict[re.Pattern[str] | None, list[tuple[int, int]]] = {None: [(start, end)]}
        for row in asked.rows:
            recognizer = self.rows[row]
            if row in asked.done or (small and recognizer.candidates.search(text, start, end) is None):
                continue
            if recognizer.within is not None and recognizer.within not in spans:
                spans[recognizer.within] = _near(recognizer.within, text, start, end)
            finditer = recognizer.candidates.finditer
            spoken = not recognizer.needs_context or asked.weak(row, recognizer)
            if spoken or asked.words & frozenset(recognizer.context):
                for low, high in spans[recognizer.within]:
                    yield from _joined((match.span() for match in finditer(text, low, high)), row)
                continue
            lower = lower or text.replace("\u0130", "I").lower()  # the only letter that is two in lower case
            words = [word for word in recognizer.context if spans[recognizer.within] and word in lower]
            for low, high in spans[recognizer.within] if words else ():
                if not _spoken(lower, words, low, high):
                    continue
                found = (match.span() for match in finditer(text, low, high))
                yield from _joined((span for span in found if _spoken(lower, words, *span)), row)


def _joined(spans: Iterator[tuple[int, int]], row: int) -> Iterator[Candidate]:
    """Neighbours as one, up to JOINED characters: a column of numbers has one in each cell."""
    low = high = -1
    for a, b in spans:
        if low >= 0 and a - high < WIDTH and b - low < JOINED:
            high = b
        else:
            if low >= 0:
                yield Candidate(low, high, row)
            low, high = a, b
    if low >= 0:
        yield Candidate(low, high, row)


def _spoken(lower: str, words: list[str], start: int, end: int) -> bool:
    """Whether one of the words is where the context of a match can be that shares characters with [start, end)."""
    start = max(start - WIDTH - CONTEXT, 0)
    return any(lower.find(word, start, end) >= 0 for word in words)


def _near(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where a match of anything that holds a match of `pattern` can lie, in order and disjoint."""
    spans: list[tuple[int, int]] = []
    low = high = start
    for match in pattern.finditer(text, start, end):
        a, b = match.span()
        if a - SHORT > high:
            if high > low:
                spans.append((low, high))
            low = a - SHORT
        high = min(b + SHORT, end)
    return [*spans, (low, high)] if high > low else spans


def words_of(name: str) -> frozenset[str]:
    """What the name of a column says: customerPhone_no -> customer, phone, no, and customerphone."""
    parts = _WORD.findall(name[:200])
    pieces = [piece for part in parts for piece in _CAMEL.split(part)]
    return frozenset(word.lower() for word in (*parts, *pieces, "".join(parts)))


def mask(value: str) -> str:
    """The first two characters of a value of 8 or more, nothing of a shorter one, and never its length."""
    return f"{value[:2]}******" if len(value) >= 8 else "********"


@cache
def profile() -> Profile:
    """The shipped recognizers."""
    rows = yaml.load(data("pii/recognizers.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    return Profile(tuple(_recognizer(row) for row in rows))


def _recognizer(row: dict[str, Any]) -> Recognizer:
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for key in ("candidates", "ignore", "within"):
        if key in known:
            known[key] = re.compile(known[key])
    return Recognizer(**known)
