"""What gate adds to presidio-analyzer; importing this imports Presidio, so only gate.adapters.presidio does it.

Presidio's own parts are extended where it offers that: an NLP engine, a context enhancer, recognizers. Each looks at a
bounded neighbourhood of a match only, so that a text may be searched in parts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import phonenumbers
import regex
from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
    predefined_recognizers,
)
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer
from spacy.lang.en.stop_words import STOP_WORDS
from tldextract import TLDExtract

from gate.formats.personal import CELL, CONTEXT, Profile, Recognizer

LANGUAGE = "xx"
"""One language for the recognizers of all countries: one pass finds them all."""
_FLAGS = regex.DOTALL | regex.MULTILINE
_SECONDS = 10.0
"""For one pattern over one part; a thousand times what it takes."""
_WORDS_BEFORE = 5
_REMEMBERED = 4096
"""Numbers whose region is remembered: neighbouring parts of a text overlap."""
_TOKEN = regex.compile(r"[^\W_]+|[^\w\s]")


class Words(NlpEngine):
    """Splits text into words and signs; knows no language and no names, and needs no model."""

    engine_name = "words"
    is_available = True

    def load(self) -> None: ...
    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        found = list(_TOKEN.finditer(text))
        tokens: Any = [match.group() for match in found]
        lemmas = [token.lower() for token in tokens]
        return NlpArtifacts([], tokens, [match.start() for match in found], lemmas, self, language, [])

    def process_batch(
        self, texts: Iterable[str], language: str, *_: object, **__: object
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:
        return word in STOP_WORDS

    def is_punct(self, word: str, language: str) -> bool:
        return len(word) == 1 and not word.isalnum()

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return [LANGUAGE]


class Near(LemmaContextAwareEnhancer):
    """Presidio's enhancer with whole words, and found by their position: the original reads all tokens for each match.

    Words of context lie before a match, in the same cell, up to CONTEXT characters away.
    """

    def __init__(self) -> None:
        super().__init__(context_matching_mode="whole_word", context_prefix_count=_WORDS_BEFORE)

    def enhance_using_context(  # the original copies every result first
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        sensitive = {one.id for one in recognizers if one.context}
        key = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
        near = [one for one in raw_results if one.recognition_metadata[key] in sensitive]
        rest = [one for one in raw_results if one.recognition_metadata[key] not in sensitive]
        return [*rest, *super().enhance_using_context(text, near, nlp_artifacts, recognizers, context)]

    def _extract_surrounding_words(self, nlp_artifacts: NlpArtifacts, word: str, start: int) -> list[str]:
        words: list[str] = []
        for i in range(bisect_left(nlp_artifacts.tokens_indices, start) - 1, -1, -1):
            if nlp_artifacts.tokens_indices[i] < start - CONTEXT or len(words) == _WORDS_BEFORE:
                break
            lemma = nlp_artifacts.lemmas[i]
            if lemma == CELL:
                break
            if lemma not in STOP_WORDS and lemma[0].isalnum():
                words.append(lemma)
        return words


class Overlapping:
    """A compiled pattern that is tried at every character, so that no match depends on one before it.

    Presidio logs a pattern that timed out and goes on; here it is remembered.
    """

    timed_out = 0

    def __init__(self, pattern: str) -> None:
        self._pattern = regex.compile(pattern, _FLAGS)

    def finditer(self, text: str, timeout: float = _SECONDS) -> Iterator[Any]:
        try:
            yield from self._pattern.finditer(text, overlapped=True, timeout=_SECONDS)
        except TimeoutError:
            Overlapping.timed_out += 1
            raise


class _Once:
    """Remembers its last answer: a part is first asked for matches at all, then given to the engine."""

    tried = passed = 0
    """Matches whose check digits were computed, and those that had the right ones."""
    parsed = 0
    """Matches that libphonenumber parsed: a thousand times as much work."""
    _text = ""
    _results: list[RecognizerResult] = []  # noqa: RUF012  # replaced, never changed

    def matches(self, text: str) -> list[RecognizerResult]:
        if text is not self._text:
            self._results = self.look(text)
            self._text = text
        return self._results

    def skip(self, text: str) -> None:
        """Answer nothing for this text: the engine asks by entity, and several recognizers find phone numbers."""
        self._text, self._results = text, []

    def look(self, text: str) -> list[RecognizerResult]:
        raise NotImplementedError


class _Patterns(_Once):
    """Before a class of Presidio: its check of a match with patterns of ours."""

    keeps = False

    def look(self, text: str) -> list[RecognizerResult]:
        return PatternRecognizer.analyze(self, text, [])  # type: ignore[arg-type]  # not Iban's: it reads groups

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        return list(self.matches(text))

    def validate_result(self, pattern_text: str) -> bool | None:
        good = super().validate_result(pattern_text)  # type: ignore[misc]  # a mixin
        self.tried += 1
        self.passed += good is None or bool(good)
        return None if good is None or (good and self.keeps) else bool(good)


class _Email(EmailRecognizer):
    """With the list of public suffixes that tldextract ships: the original fetches and caches one."""

    _suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        return bool(self._suffixes(pattern_text).fqdn)


class _Phone(_Once, PhoneRecognizer):
    """Gives libphonenumber one piece of text at a time that is shaped like a number, and takes it whole or not."""

    def __init__(self, row: Recognizer) -> None:
        super().__init__(
            context=list(row.context),
            supported_language=LANGUAGE,
            supported_entity=row.entity,
            supported_regions=row.regions,
            name=row.name,
        )
        self.context = list(row.context)
        self.SCORE = row.score
        self._region = lru_cache(_REMEMBERED)(self._find)
        self._shapes = [Overlapping(pattern) for pattern in row.patterns]

    def look(self, text: str) -> list[RecognizerResult]:
        before = self._region.cache_info().misses
        found = [
            self._get_recognizer_result(match, text, region, None)
            for shape in self._shapes
            for match in shape.finditer(text)
            if (region := self._region(match.group()))
        ]
        self.parsed += self._region.cache_info().misses - before
        return EntityRecognizer.remove_duplicates(found)

    def _find(self, value: str) -> str | None:
        """Where this is a number, all of it."""
        for region in self.supported_regions:
            for match in phonenumbers.PhoneNumberMatcher(value, region, self.leniency or 1, max_tries=1):
                if match.start <= 1 and match.end == len(value):
                    return str(region)
        return None

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        return list(self.matches(text))

    def _get_recognizer_result(self, match: Any, text: str, region: str, nlp_artifacts: Any) -> RecognizerResult:
        span = _Span(match.start(), match.end())
        result: RecognizerResult = super()._get_recognizer_result(span, text, region, None)  # type: ignore[no-untyped-call]
        return result


class _Span:
    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end


def _recognizer(row: Recognizer) -> EntityRecognizer:
    base: type[EntityRecognizer] = getattr(predefined_recognizers, row.presidio) if row.presidio else PatternRecognizer
    if issubclass(base, PhoneRecognizer):
        return _Phone(row)
    base = _Email if base is EmailRecognizer else base
    made: Any = type(base.__name__, (_Patterns, base), {"keeps": row.checked == "keeps"})(
        supported_entity=row.entity,
        supported_language=LANGUAGE,
        patterns=[Pattern(row.name, pattern, row.score) for pattern in row.patterns],
        name=row.name,
    )
    made.context = list(row.context)
    made.global_regex_flags = _FLAGS
    for pattern in made.patterns:
        pattern.compiled_regex, pattern.compiled_with_flags = Overlapping(pattern.regex), _FLAGS
    recognizer: EntityRecognizer = made
    return recognizer


def engine(profile: Profile) -> AnalyzerEngine:
    """An AnalyzerEngine with the recognizers of a profile, without threshold: what counts is for the caller to say."""
    registry = RecognizerRegistry([_recognizer(row) for row in profile.rows], _FLAGS, [LANGUAGE])
    return AnalyzerEngine(
        registry=registry, nlp_engine=Words(), supported_languages=[LANGUAGE], context_aware_enhancer=Near()
    )
