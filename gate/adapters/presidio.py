"""Personal values in a text, recognised by presidio-analyzer without a language model, network or cache.

https://microsoft.github.io/presidio/analyzer/
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gate.adapters.private_files import PrivateFiles
from gate.core.errors import MissingExtra, NotExamined
from gate.core.gap import GapReason
from gate.formats.personal import CELL, Asked, Profile, profile
from gate.formats.personal_choice import SHIPPED, Choice

if TYPE_CHECKING:
    from gate.adapters.presidio_sieve import Found, Question

REACH = 2048
"""Characters around a sign, as the @ of an address, in which a value is searched that has no bound by itself."""
_PARTS = ("presidio_analyzer", "spacy", "tldextract", "phonenumbers", "regex")
_LOGGERS = ("presidio-analyzer", "decision_process", "tldextract", "phonenumbers")
"""They quote what they read, and the root logger would print it."""


class Hit(NamedTuple):
    """A personal value at text[start:end]; `row` is the number of the row in the profile that takes it.

    `strong` is false for a match that does not count by itself.
    """

    start: int
    end: int
    row: int
    strong: bool
    score: float


class Analyzer:
    """Presidio's findings over one profile, and which of them count.

    Raises MissingExtra when presidio-analyzer is not installed, NotExamined when it cannot be started, UsageError for a
    registry that Presidio does not take.
    """

    def __init__(self, profile: Profile, kept: PrivateFiles | None = None) -> None:
        self.profile = profile
        with _started():
            from gate.adapters import presidio_engine, presidio_sieve

            recognizers: list[Any] = presidio_engine.recognizers(profile.configuration)
            self._question = presidio_sieve.Question
            self._rows = [_rows_of(profile, one.name, one.supported_entities[0]) for one in recognizers]
            only = {i: tuple(profile.rows[row].wanted for row in rows) for i, rows in enumerate(self._rows)}
            self._sieve = presidio_sieve.Sieve(recognizers, presidio_engine.enhancer(), only=only, kept=kept)
        self._of = {row: number for number, rows in enumerate(self._rows) for row in rows}

    def search(
        self, text: str, asked: Asked, first: int = 0, last: int = sys.maxsize, tick: Callable[[], None] = lambda: None
    ) -> Iterator[Hit]:
        """The values that begin in text[first:last], in order.

        Then NotExamined: `timed-out` when a pattern took too long, `too-large` when a value was too long to see whole.
        """
        question = self._ask(text, asked, tick)
        found = self._sieve.scan(text, question)
        hits = sorted(filter(None, (self._judge(text, one, asked) for one in found)))
        longest = max((hit.end - hit.start for hit in hits), default=0)
        for i, hit in enumerate(hits):
            if first <= hit.start < last and hit.row not in asked.done and not _overshadowed(hits, i, longest):
                yield hit
        if question.late:
            asked.done.update(row for one in question.late for row in self._rows[one])
            raise NotExamined(GapReason.TIMED_OUT, "a pattern for personal data took too long")
        if any(first <= start < last for start, _ in question.cut):
            raise NotExamined(GapReason.TOO_LARGE, f"a run of more than {REACH} characters was searched in part")

    def _ask(self, text: str, asked: Asked, tick: Callable[[], None]) -> Question:
        def checked(recognizer: int, start: int, end: int, good: bool) -> None:
            for number in self._rows[recognizer]:
                if self.profile.rows[number].span(text, start, end) is not None:
                    asked.tried[number] += 1
                    asked.passed[number] += good

        def parsed(recognizer: int, count: int) -> None:
            for number in self._rows[recognizer]:
                asked.parsed[number] += count

        return self._question(
            context=asked.words,
            silent=_Silent(self._rows, asked),
            shy=frozenset(number for number in range(len(self._rows)) if self._is_shy(number, asked)),
            barrier=CELL,
            reach=REACH,
            tick=tick,
            checked=checked,
            parsed=parsed,
        )

    def _is_shy(self, recognizer: int, asked: Asked) -> bool:
        """Whether its findings count only where a word speaks for them."""
        rows = ((number, self.profile.rows[number]) for number in self._rows[recognizer])
        return all(row.spoken and not asked.weak(number, row) for number, row in rows)

    def _judge(self, text: str, found: Found, asked: Asked) -> Hit | None:
        """The first row that takes a finding."""
        weak: Hit | None = None
        for number in self._rows[found.recognizer]:
            row = self.profile.rows[number]
            span = row.span(text, found.start, found.end) if number in asked.rows else None
            if span is None:
                continue
            strong = row.counts(found.score, found.spoken)
            hit = Hit(*span, number, strong, row.weight(found.score))
            if strong:
                return hit
            if asked.weak(number, row):
                weak = weak or hit
        return weak


class _Silent:
    """The recognizers of which no row is asked any more."""

    def __init__(self, rows: list[tuple[int, ...]], asked: Asked) -> None:
        self._rows, self._asked = rows, asked

    def __contains__(self, recognizer: object) -> bool:
        assert isinstance(recognizer, int)
        asked = self._asked
        return all(number in asked.done or number not in asked.rows for number in self._rows[recognizer])


def _rows_of(profile: Profile, name: str, entity: str) -> tuple[int, ...]:
    """The rows that judge the findings of a recognizer."""
    return tuple(i for i, row in enumerate(profile.rows) if name in row.recognizers and row.entity in ("", entity))


def _overshadowed(hits: list[Hit], i: int, longest: int) -> bool:
    """Whether a match with a higher score shares characters with this one; one that begins first, of equals."""
    hit = hits[i]
    for step in (-1, 1):
        j = i + step
        while (
            0 <= j < len(hits) and (step < 0 or hits[j].start < hit.end) and abs(hits[j].start - hit.start) <= longest
        ):
            other = hits[j]
            if other.end > hit.start and other.start < hit.end and other.score > hit.score:
                return True
            j += step
    return False


@contextmanager
def _started() -> Iterator[None]:
    """Imports without their side effects: a log handler, warnings, and spaCy, which exits when a model is missing."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    handlers = [list(logger.handlers) for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] in _PARTS:
            raise MissingExtra("presidio-analyzer", "scan") from error
        raise NotExamined(GapReason.UNAVAILABLE, "presidio-analyzer cannot be imported") from error
    except (SystemExit, OSError, ValueError, TypeError, AttributeError) as error:
        raise NotExamined(GapReason.UNAVAILABLE, f"presidio-analyzer does not start: {type(error).__name__}") from None
    finally:
        for logger, kept in zip(loggers, handlers, strict=True):
            logger.handlers[:] = kept
            logger.setLevel(logging.CRITICAL + 1)


@cache
def analyzer(choice: Choice = SHIPPED) -> Analyzer:
    """What the user chose, or the shipped profile; built once in a process, after a second or two."""
    return Analyzer(profile(choice), PrivateFiles(choice.kept) if choice.kept else None)


def search(text: str, asked: Asked, first: int, last: int, tick: Callable[[], None]) -> Iterator[Hit]:
    """The values that begin in text[first:last]; Presidio starts when something can be there.

    `tick` is called every few thousand characters. Raises what it raises, and as Analyzer and Analyzer.search do.
    """
    if profile(asked.choice).possible(text, asked):
        yield from analyzer(asked.choice).search(text, asked, first, last, tick)
