"""Telephone numbers as Presidio's PhoneRecognizer finds them; libphonenumber is asked only what can have an answer.

A number that libphonenumber takes for valid has digits that one of the patterns of its country matches, after its
international or national prefix; that is asked first, from libphonenumber's own tables, and is a thousand times faster.

https://github.com/daviddrysdale/python-phonenumbers
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

import phonenumbers
import regex
from phonenumbers import PhoneMetadata, phonenumbermatcher, phonenumberutil
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from gate.adapters.patterns import Expression
from gate.formats.personal_factors import factor

_FINDER: Any = phonenumbermatcher._PATTERN
_PUNCTUATION: str = phonenumberutil._VALID_PUNCTUATION
_DESCRIPTIONS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan"),
    "voicemail",
)
_STRIPPED = 3
"""National prefixes that parse() may take off, one behind the other: it does so twice."""
_GROUPS = 8
"""Groups of digits of a candidate of which each run is looked at."""
_TRIES = 2**31
"""libphonenumber gives up after 65,535 candidates, and says nothing."""
_REFUSED = 32
"""Look-alikes that need no parse and cost as much as one."""
_IN_VAIN = 6
"""What a parse counts that found nothing, or one of many in a row: look-alikes are given up sooner than numbers."""
_WHOLE = 20
"""Characters of a candidate that its pattern takes whole: it counts blocks and digits, up to 20."""
_REMEMBERED = 2**16
_VALID = 1
"""The leniency of Presidio: https://github.com/google/libphonenumber, Leniency.VALID."""
_PLAIN = re.compile(f"[0-9{_PUNCTUATION.replace('x', '').replace('~', '')}]+")
"""Neither a country code nor an extension, which x and ~ begin."""
_DIGITS = re.compile("[0-9]+")


class Phone(NamedTuple):
    """A number at text[start:end]."""

    start: int
    end: int
    parsed: int
    """Candidates that libphonenumber parsed since the one before; `start` is -1 where none of them is a number."""


class Region:
    """What digits can be a valid number where numbers are dialled from this region."""

    def __init__(self, region: str) -> None:
        plan = _metadata(region)
        self._code = str(plan.country_code)
        shared = [_metadata(one) for one in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[plan.country_code]]
        kinds = [kind for one in shared for name in _DESCRIPTIONS if (kind := getattr(one, name)) is not None]
        patterns = dict.fromkeys(kind.national_number_pattern for kind in kinds if kind.national_number_pattern)
        self._national = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
        self._lengths = frozenset(length for one in shared for length in one.general_desc.possible_length)
        self.shortest = min(self._lengths)
        self._idd = re.compile(plan.international_prefix or "(?!)")
        self._prefix = re.compile(plan.national_prefix_for_parsing or "(?!)")
        self._transforms = bool(plan.national_prefix_transform_rule)

    def possible(self, digits: str) -> bool:
        """False only where no parse of these digits can be valid."""
        if self._idd.match(digits):
            return True
        bases = [digits, digits[len(self._code) :]] if digits.startswith(self._code) else [digits]
        return any(self._national_number(base) for base in bases)

    def _national_number(self, digits: str) -> bool:
        for _ in range(_STRIPPED):
            if len(digits) in self._lengths and self._national.fullmatch(digits):
                return True
            match = self._prefix.match(digits)
            if match is None or not match.end():
                return False
            if self._transforms and match.lastindex:
                return True
            digits = digits[match.end() :]
        return False


def _metadata(region: str) -> Any:
    return PhoneMetadata.metadata_for_region(region)


_region = cache(Region)


@lru_cache(_REMEMBERED)
def _regions(digits: str, regions: tuple[str, ...]) -> frozenset[str]:
    """Where these digits can be a number."""
    return frozenset(region for region in regions if _region(region).possible(digits))


def _possible(text: str, regions: tuple[str, ...]) -> frozenset[str]:
    """Where something in this piece of text can be a number; all, where that is not easily said."""
    found: frozenset[str] = frozenset()
    for match in _FINDER.finditer(text):
        candidate = match.group()
        groups = _DIGITS.findall(candidate)
        if not candidate.isascii() or not _PLAIN.fullmatch(candidate) or len(groups) > _GROUPS:
            return frozenset(regions)
        for first in range(len(groups)):
            digits = ""
            for group in groups[first:]:
                digits += group
                found |= _regions(digits, regions)
        if len(found) == len(regions):
            break
    return found


class _Matcher(phonenumbers.PhoneNumberMatcher):
    """Does not parse digits that cannot be a number of its region."""

    parsed = _refused = 0

    def _parse_and_verify(self, candidate: str, offset: int) -> Any:
        plain = self.leniency == _VALID and candidate.isascii() and _PLAIN.fullmatch(candidate)
        if plain and not _region(self.preferred_region).possible("".join(_DIGITS.findall(candidate))):
            self._refused += 1
            self.parsed += self._refused % _REFUSED == 0
            return None
        self.parsed += 1
        return super()._parse_and_verify(candidate, offset)


class Phones:
    """The PhoneRecognizers of a registry: one expression that says where to look, and the search there."""

    def __init__(self, found: Iterable[PhoneRecognizer]) -> None:
        known = factor(_FINDER.pattern, re.IGNORECASE)
        assert known is not None
        inside = "".join(f"\\x{code:02x}" for code in sorted({*known.alphabet, ord(":")}) if code < 128)
        self._outside = regex.compile(rf"[^{inside}\x80-\U0010ffff]")
        self._outside_before = regex.compile(rf"(?r)[^{inside}\x80-\U0010ffff]")
        self._shortest = min((_region(region).shortest for one in found for region in one.supported_regions), default=2)

    @property
    def expression(self) -> Expression:
        """Where a run of enough digits begins: between two of them are at most four signs."""
        signs = "".join(f"\\x{ord(c):02x}" for c in sorted(set(_PUNCTUATION.replace("\\", ""))) if ord(c) < 128)
        signs += r"\x80-\xb1\xb3-\xff"
        digit = r"[0-9\xb2]"
        before = rf"(?:\A|[^0-9\xb2{signs}]|[{signs}]{{5}})[{signs}]{{0,4}}"
        return Expression(rf"{before}{digit}(?:[{signs}]{{0,4}}{digit}){{{max(self._shortest, 2) - 1}}}")

    def run(self, text: str, at: int, end: int) -> tuple[int, int]:
        """The piece of text around these characters that no number reaches out of."""
        match = self._outside_before.search(text, 0, at)
        start = match.end() if match else 0
        match = self._outside.search(text, max(end - 1, start))
        return start, match.start() if match else len(text)

    def search(self, recognizer: PhoneRecognizer, text: str, start: int, end: int) -> Iterator[Phone]:
        """The numbers in text[start:end], a run, in the order in which Presidio finds them."""
        low = max(start - 1, 0)
        piece = text[low : end + 1]
        if type(recognizer).analyze is not PhoneRecognizer.analyze:
            for result in recognizer.analyze(piece, recognizer.supported_entities):
                yield Phone(result.start + low, result.end + low, 1)
            return
        regions = tuple(recognizer.supported_regions)
        possible = _possible(piece, regions)
        single = _single(piece)
        for region in regions:
            if region not in possible:
                continue
            matcher = _Matcher(piece, region, recognizer.leniency or 0, _TRIES)
            done = 0
            for match in matcher:
                weight = 1 if single else _IN_VAIN
                yield Phone(match.start + low, match.end + low, weight * (matcher.parsed - done))
                done = matcher.parsed
                if (match.start, match.end) == single:
                    return  # what other regions see lies within
            if matcher.parsed > done:
                yield Phone(-1, -1, _IN_VAIN * (matcher.parsed - done))


def _single(piece: str) -> tuple[int, int] | None:
    """The one candidate of a piece of text, where nothing was trimmed off it or could follow it."""
    match = _FINDER.search(piece)
    if match is None or _FINDER.search(piece, match.end()) or len(match.group()) > _WHOLE:
        return None
    return (match.start(), match.end()) if _PLAIN.fullmatch(match.group().lstrip("+")) else None
