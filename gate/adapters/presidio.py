"""Personal values in a text, recognised by presidio-analyzer without a language model, network or cache.

https://microsoft.github.io/presidio/analyzer/
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gate.core.errors import MissingExtra, NotExamined
from gate.core.gap import GapReason
from gate.formats.personal import MARGIN, Asked, Part, Profile, profile

if TYPE_CHECKING:
    from presidio_analyzer import RecognizerResult

_PARTS = ("presidio_analyzer", "spacy", "tldextract", "phonenumbers", "regex")
_LOGGERS = ("presidio-analyzer", "decision_process", "tldextract", "phonenumbers")
"""They quote what they read, and the root logger would print it."""


class Hit(NamedTuple):
    """A personal value at text[start:end]; `row` is its recognizer's number in the profile.

    `strong` is false for a match that scores less than its recognizer's threshold.
    """

    start: int
    end: int
    row: int
    strong: bool
    score: float


class Analyzer:
    """Presidio's AnalyzerEngine over one profile, asked only about the parts of a text where something can be.

    search() over Profile.parts() gives what whole() gives: patterns are short, and a match is judged by its
    surroundings only.
    Raises MissingExtra when presidio-analyzer is not installed, NotExamined when it cannot be started.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        with _started():
            from gate.adapters import presidio_engine

            self._engine = presidio_engine.engine(profile)
            self._watch = presidio_engine.Overlapping
            self._language = presidio_engine.LANGUAGE
        self._rows = {row.name: i for i, row in enumerate(profile.rows)}
        self._recognizers: list[Any] = list(self._engine.registry.recognizers)

    def search(
        self, text: str, asked: Asked, parts: Iterable[Part], tick: Callable[[], None] = lambda: None
    ) -> Iterator[Hit]:
        """The values that begin in these parts, in order; NotExamined `timed-out` when a pattern took too long."""
        for part in parts:
            tick()
            start = max(part.first - MARGIN, 0)
            piece = text[start : part.last + MARGIN]
            for hit in self._look(piece, part.rows - asked.done, asked):
                if part.first <= start + hit.start < part.last:
                    yield hit._replace(start=start + hit.start, end=start + hit.end)

    def whole(self, text: str, asked: Asked) -> list[Hit]:
        """The same without looking first where something can be: slow, for tests."""
        return self._look(text, asked.rows, asked)

    def _look(self, text: str, rows: Iterable[int], asked: Asked) -> list[Hit]:
        before = self._watch.timed_out
        likely = {row for row in rows if self._matches(row, text, asked)}
        entities = {self.profile.rows[row].entity for row in likely}
        for row, recognizer in enumerate(self.profile.rows):
            if recognizer.entity in entities and row not in likely:
                self._recognizers[row].skip(text)
        results: list[RecognizerResult] = []
        if entities:
            results = self._engine.analyze(
                text, self._language, entities=sorted(entities), context=sorted(asked.words) or None
            )
        if self._watch.timed_out != before:
            raise NotExamined(GapReason.TIMED_OUT, "a pattern for personal data took too long")
        return self._judge(text, results, asked)

    def _matches(self, row: int, text: str, asked: Asked) -> bool:
        one = self._recognizers[row]
        tried, passed, parsed = one.tried, one.passed, one.parsed
        matches = bool(one.matches(text))
        asked.tried[row] += one.tried - tried
        asked.passed[row] += one.passed - passed
        asked.parsed[row] += one.parsed - parsed
        return matches

    def _judge(self, text: str, results: list[RecognizerResult], asked: Asked) -> list[Hit]:
        """What counts of these results: above the threshold, not ignored, not part of something better known."""
        hits: list[Hit] = []
        for result in results:
            row = self._rows[result.recognition_metadata[result.RECOGNIZER_NAME_KEY]]
            recognizer = self.profile.rows[row]
            strong = result.score >= recognizer.threshold
            ignore = recognizer.ignore
            if (
                row in asked.rows
                and (strong or asked.weak(row, recognizer))
                and not (ignore and ignore.fullmatch(text, result.start, result.end))
            ):
                hits.append(Hit(result.start, result.end, row, strong, result.score))
        hits.sort()
        return [hit for i, hit in enumerate(hits) if not _overshadowed(hits, i)]


def _overshadowed(hits: list[Hit], i: int) -> bool:
    """Whether a match with a higher score shares characters with this one; one that begins first, of equals."""
    hit = hits[i]
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(hits) and (step < 0 or hits[j].start < hit.end) and abs(hits[j].start - hit.start) <= MARGIN:
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
def analyzer() -> Analyzer:
    """The shipped profile; built once in a process, after a second or two."""
    return Analyzer(profile())


def search(text: str, asked: Asked, first: int, last: int, tick: Callable[[], None]) -> Iterator[Hit]:
    """The values of the shipped profile that begin in text[first:last]; Presidio starts when something can be there.

    `tick` is called every few thousand characters. Raises what it raises, and as Analyzer and Analyzer.search do.
    """
    parts = list(profile().parts(text, asked, first, last))
    if parts:
        yield from analyzer().search(text, asked, parts, tick)
