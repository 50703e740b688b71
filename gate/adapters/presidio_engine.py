"""Presidio's own parts as gate runs them; importing this imports Presidio, so only its sibling modules do.

An NlpEngine that splits words and needs no model, a registry from Presidio's own YAML, and recognizers of gate's that
the YAML can name beside Presidio's: class names are what its loader looks up.

https://microsoft.github.io/presidio/analyzer/recognizer_registry_provider/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import phonenumbers
import regex
import tldextract.tldextract
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, PhoneRecognizer, SpacyRecognizer
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider
from spacy.lang.en.stop_words import STOP_WORDS

from gate.adapters.presidio_context import WORD
from gate.core.errors import UsageError

LANGUAGE = "xx"
"""One language for the recognizers of all countries: one pass finds them all."""
_REMEMBERED = 4096
"""Numbers whose parse is remembered."""
_TOKEN = regex.compile(rf"{WORD}|[^\w\s]|_")
_WORD = regex.compile(WORD)

tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
"""The list of public suffixes that tldextract ships: by itself it fetches one, and keeps it in somebody's home."""


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
        return _WORD.match(word) is None

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return [LANGUAGE]


class CardRangesRecognizer(CreditCardRecognizer):
    """Ranges that Presidio's pattern leaves out: Mastercard's 2221-2720, and numbers of 18 and 19 digits.

    ISO/IEC 7812-1:2017 allows 19. The check is Presidio's (Luhn).
    """

    PATTERNS = [  # noqa: RUF012  # as the base class has it
        Pattern(
            "2-series", r"\b2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)(?:\d{12}|[- ]\d{4}[- ]\d{4}[- ]\d{4})\b", 0.3
        ),
        Pattern("18 and 19 digits", r"\b(?:4\d{3}|62\d\d|65\d\d)(?:\d{14,15}|(?:[- ]\d{4}){3}[- ]\d{2,3})\b", 0.3),
    ]


class WorldPhoneRecognizer(PhoneRecognizer):
    """PhoneRecognizer with more regions than Presidio's eight, for numbers that are written without their country."""

    DEFAULT_SUPPORTED_REGIONS = (  # type: ignore[assignment]  # a tuple of any length will do
        *PhoneRecognizer.DEFAULT_SUPPORTED_REGIONS,
        *("AR", "AT", "AU", "BE", "BG", "CH", "CN", "CZ", "DK", "ES", "FI", "GR", "HR", "HU", "IE", "IT", "JP", "KR"),
        *("MX", "NL", "NO", "NZ", "PL", "PT", "RO", "SE", "SG", "SI", "SK", "TR", "ZA"),
    )

    def __init__(
        self, context: list[str] | None = None, supported_language: str = "en", name: str | None = None
    ) -> None:
        super().__init__(
            context=context,
            supported_language=supported_language,
            supported_regions=self.DEFAULT_SUPPORTED_REGIONS,
            name=name,
        )


class _Parsed(PatternRecognizer):
    """A pattern for telephone numbers whose matches libphonenumber must take whole."""

    SHAPE = ""
    SCORE = 0.0
    CONTEXT: list[str] = []  # noqa: RUF012

    def __init__(
        self,
        context: list[str] | None = None,
        supported_language: str = "en",
        supported_entity: str = "PHONE_NUMBER",
        name: str | None = None,
    ) -> None:
        super().__init__(
            supported_entity=supported_entity,
            name=name,  # type: ignore[arg-type]  # None is its default
            supported_language=supported_language,
            patterns=[Pattern(type(self).__name__, self.SHAPE, self.SCORE)],
            context=context or self.CONTEXT,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """None leaves the score: a number that exists need not be one."""
        return None if _is_number(pattern_text) else False


@lru_cache(_REMEMBERED)
def _is_number(value: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(value, "US")))
    except phonenumbers.NumberParseException:
        return False


class InternationalPhoneRecognizer(_Parsed):
    """+49 30 23125 000: ITU-T E.164, at most 15 digits, in the numbering plan of whatever country."""

    SHAPE = r"(?<![\w+])\+[1-9](?:(?:[ \-/]|\.| ?\(0?|\) ?)?[0-9]){7,14}(?!\w)"
    SCORE = 0.7


class NanpPhoneRecognizer(_Parsed):
    """(212) 555-0188: as the North American numbering plan writes them."""

    SHAPE = r"(?<![\w)])(?:1[ -])?(?:\([2-9][0-9][0-9]\) ?|[2-9][0-9][0-9]-)[2-9][0-9][0-9]-[0-9]{4}(?!\w)"
    SCORE = 0.6


def recognizers(configuration: Mapping[str, Any]) -> list[EntityRecognizer]:
    """The recognizers of a registry's YAML, all in one language, without those that need a language model.

    Raises UsageError for a registry that Presidio does not take.
    """
    try:
        made = RecognizerRegistryProvider(registry_configuration=dict(configuration)).create_recognizer_registry()
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(f"Presidio does not take this registry: {type(error).__name__}") from None
    found = [one for one in made.recognizers if not isinstance(one, SpacyRecognizer)]
    for one in found:
        one.supported_language = LANGUAGE
    return found


def enhancer() -> LemmaContextAwareEnhancer:
    """Presidio's own, with whole words: "ip" is no word for an address in "description"."""
    return LemmaContextAwareEnhancer(context_matching_mode="whole_word")


def engine(found: list[EntityRecognizer], enhancer: LemmaContextAwareEnhancer | None = None) -> AnalyzerEngine:
    """Plain Presidio over these recognizers: what everything else here is measured by."""
    return AnalyzerEngine(
        registry=RecognizerRegistry(found, supported_languages=[LANGUAGE]),
        nlp_engine=Words(),
        supported_languages=[LANGUAGE],
        context_aware_enhancer=enhancer or LemmaContextAwareEnhancer(),
    )
