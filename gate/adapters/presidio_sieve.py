"""The findings of Presidio without reading the whole text once for each of its patterns.

One pass finds where the necessary part of a pattern stands; around it Presidio's own pattern, validators and context
decide. The result is that of AnalyzerEngine.analyze over the same text: type, start, end and score of each finding.

- A pattern that cannot reach its recognizer's threshold is not looked for.
- One that reaches it only with a word of context is tried only near such words.
- Every match lies in one window, and windows do not overlap: a pattern that is tried in them goes on behind a match as
  it does in the whole text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

import regex
from presidio_analyzer import EntityRecognizer, PatternRecognizer
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.predefined_recognizers import IbanRecognizer, PhoneRecognizer

from gate.adapters.patterns import Expression, Match, compile_patterns
from gate.adapters.presidio_context import Around, Span, expression, intervals, single, supports
from gate.adapters.presidio_phones import Phones
from gate.adapters.private_files import PrivateFiles
from gate.formats.personal_factors import ALL, UNBOUNDED, Factor, factor

_SECONDS = 5.0
"""For one pattern over one window; a thousand times what it takes."""
_LONG = 256
"""Characters of a match up to which windows are measured, not delimited by what cannot be in one."""
_DIGITS = regex.compile(r"\d+")
_PARSED = 250
"""Numbers that libphonenumber parsed between two calls of `tick`."""
_TICKS = 64
"""Windows between two calls of `tick`."""


class Found(NamedTuple):
    """A finding of recognizer number `recognizer`; `spoken` when a word of its context stands near it."""

    recognizer: int
    start: int
    end: int
    score: float
    spoken: bool


@dataclass(slots=True)
class Question:
    """What is asked of one text.

    `context` speaks for every match, as that of AnalyzerEngine.analyze. Recognizers of `silent` are asked nothing; the
    set may grow while the answers come. Those of `shy` are asked only where a word speaks for them. No context reaches
    across a `barrier`. `reach` is the length at which a match is cut that has no bound by itself (0: none is).
    """

    context: frozenset[str] = frozenset()
    silent: Container[int] = ()
    shy: frozenset[int] = frozenset()
    barrier: str = ""
    reach: int = 0
    tick: Callable[[], None] = lambda: None
    checked: Callable[[int, int, int, bool], None] = lambda *_: None
    """Called with each match whose check digits were computed."""
    parsed: Callable[[int, int], None] = lambda *_: None
    """Called with how often a slow library was asked."""
    cut: list[Span] = field(default_factory=list)
    """Findings that reach to where a window was cut."""
    late: list[int] = field(default_factory=list)
    """Recognizers with a pattern that took too long: what it would have found is not among the answers."""


@dataclass(slots=True)
class _Plan:
    """One pattern of one recognizer."""

    recognizer: int
    pattern: Any
    score: float
    checks: Callable[[str], bool | None] | None
    refuses: Callable[[str], bool | None] | None
    iban: Any = None
    longest: int = UNBOUNDED
    looks: int = UNBOUNDED
    expressions: tuple[int, ...] = ()
    """None: the pattern is tried everywhere."""
    outside: Any = None
    outside_before: Any = None


class Sieve:
    """A compiled set of recognizers; `threshold` replaces those of the recognizers, as analyze(score_threshold=…) does.

    Raises ValueError for a pattern that is none.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        enhancer: LemmaContextAwareEnhancer,
        threshold: float | None = None,
        *,
        only: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
        kept: PrivateFiles | None = None,
        backend: str = "",
    ) -> None:
        """`only` are patterns of which each finding that is wanted of a recognizer holds a match of one."""
        self._recognizers, self._enhancer, self._only = recognizers, enhancer, only
        self._thresholds = [_threshold(one) if threshold is None else threshold for one in recognizers]
        self._context = [frozenset(word.lower() for word in one.context or ()) for one in recognizers]
        self._words = [single(words) for words in self._context]
        self._expressions: dict[Expression, int] = {}
        self._plans: list[_Plan] = []
        self._phone: list[tuple[int, PhoneRecognizer]] = []
        self._others: list[int] = []
        for number, one in enumerate(recognizers):
            if isinstance(one, PhoneRecognizer):
                self._phone.append((number, one))
            elif _is_patterns(one):
                self._plans += filter(None, (self._plan(number, one, each) for each in _patterns(one)))
            else:
                self._others.append(number)
        self._wanted = {number: [regex.compile(one) for one in only.get(number, ())] for number, _ in self._phone}
        self._phones = Phones(one for _, one in self._phone)
        bold = any(self._thresholds[number] <= one.SCORE for number, one in self._phone)
        self._phone_expression = self._number(self._phones.expression) if bold else -1
        self._word_expressions = {
            word: self._number(expression(word, whole=enhancer.context_matching_mode == "whole_word"))
            for words in self._words
            for word in sorted(words)
        }
        self.patterns = compile_patterns(list(self._expressions), kept, backend)

    # -- planning -----------------------------------------------------------------------------------------------------

    def _number(self, one: Expression) -> int:
        return self._expressions.setdefault(one, len(self._expressions))

    def _numbers(self, recognizer: int, known: Factor) -> tuple[int, ...]:
        """The expressions to look for: of what is wanted, where that is known."""
        wanted = [factor(pattern, 0) for pattern in self._only.get(recognizer, ())]
        narrow = [one.expression for one in wanted if one is not None]
        found = narrow if narrow and len(narrow) == len(wanted) else [known.expression]
        return tuple(self._number(Expression(one)) for one in found)

    def _boosted(self, score: float) -> float:
        enhancer = self._enhancer
        return min(max(score + enhancer.context_similarity_factor, enhancer.min_score_with_context_similarity), 1.0)

    def _plan(self, number: int, one: Any, pattern: Any) -> _Plan | None:
        checks = one.validate_result if type(one).validate_result is not PatternRecognizer.validate_result else None
        refuses = (
            one.invalidate_result if type(one).invalidate_result is not PatternRecognizer.invalidate_result else None
        )
        best = self._boosted(pattern.score) if self._context[number] else pattern.score
        if checks is None and best < self._thresholds[number]:
            return None
        flags = int(one.global_regex_flags)
        try:
            compiled = regex.compile(pattern.regex, flags)
        except regex.error as error:
            raise ValueError(f"{one.name}: {error}") from None
        plan = _Plan(number, compiled, pattern.score, checks, refuses, one if isinstance(one, IbanRecognizer) else None)
        known = factor(pattern.regex, flags)
        if known is None or (known.longest > _LONG and known.alphabet >= ALL):
            return plan
        plan.longest, plan.looks = known.longest, known.looks
        plan.expressions = self._numbers(number, known)
        if known.longest > _LONG:
            inside = "".join(f"\\x{code:02x}" for code in sorted(known.alphabet) if code < 128)
            beyond = r"\x80-\U0010ffff" if max(known.alphabet) >= 128 else ""
            plan.outside = regex.compile(f"[^{inside}{beyond}]")
            plan.outside_before = regex.compile(f"(?r)[^{inside}{beyond}]")
        return plan

    # -- searching ----------------------------------------------------------------------------------------------------

    def scan(self, text: str, question: Question | None = None) -> list[Found]:
        """The findings of a text, by start."""
        return _Search(self, text, question or Question()).findings()


class _Search:
    """One text."""

    def __init__(self, sieve: Sieve, text: str, question: Question) -> None:
        self._sieve, self._text, self._question = sieve, text, question
        self._hits = {
            number: list(found) for number, found in groupby(sieve.patterns.scan(text), key=lambda one: one.id)
        }
        self._near: dict[frozenset[str], list[Span]] = {}
        self._results: dict[int, list[tuple[int, int, float]]] = {}
        self._ticks = self._parsed = 0

    def findings(self) -> list[Found]:
        for plan in self._sieve._plans:
            if plan.recognizer not in self._question.silent:
                self._patterns(plan)
        for number, phone in self._sieve._phone:
            if number not in self._question.silent:
                self._telephones(number, phone)
        for number in self._sieve._others:
            if number not in self._question.silent:
                one: Any = self._sieve._recognizers[number]
                for result in one.analyze(self._text, one.supported_entities, None) or ():
                    self._add(number, result.start, result.end, result.score)
        return self._concluded()

    def _add(self, number: int, start: int, end: int, score: float) -> None:
        self._results.setdefault(number, []).append((start, end, score))

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _TICKS == 0:
            self._question.tick()

    def _patterns(self, plan: _Plan) -> None:
        windows: Iterable[Span] = [(0, len(self._text))]
        if plan.expressions:
            hits = [hit for one in plan.expressions for hit in self._hits.get(one, ())]
            if not hits:
                return
            windows = self._windows(plan, hits if len(plan.expressions) == 1 else sorted(hits, key=lambda x: x.start))
        if self._timid(plan.recognizer, plan.checks is None, plan.score):
            near = self._spoken_for(plan.recognizer)
            windows = [window for window in windows if _touches(near, window)] if near else []
        take = self._iban if plan.iban is not None else self._match
        for low, high in windows:
            self._tick()
            if plan.recognizer in self._question.silent or plan.recognizer in self._question.late:
                return
            for match in self._matches(plan, low, high):
                take(plan, match)

    def _timid(self, number: int, unchecked: bool, score: float) -> bool:
        """Whether only matches with a word that speaks for them can count."""
        if self._question.context and supports(self._sieve._context[number], self._question.context, whole=self._whole):
            return False
        return number in self._question.shy or (unchecked and score < self._sieve._thresholds[number])

    @property
    def _whole(self) -> bool:
        return bool(self._sieve._enhancer.context_matching_mode == "whole_word")

    def _spoken_for(self, number: int) -> list[Span]:
        words = self._sieve._words[number]
        if words not in self._near:
            found = [hit for word in words for hit in self._hits.get(self._sieve._word_expressions[word], ())]
            self._near[words] = intervals(self._text, found, self._sieve._enhancer)
        return self._near[words]

    def _windows(self, plan: _Plan, hits: list[Match]) -> Iterator[Span]:
        """Disjoint pieces of the text, in order, that hold every match of the pattern whole."""
        size = len(self._text)
        last = (-1, -1)
        for hit in hits:
            if plan.outside is None:
                low, high = max(hit.start - plan.longest - 2, 0), min(hit.end + plan.longest + 2, size)
            elif hit.end < last[1]:
                continue
            else:
                low, high = self._run(plan, max(hit.start - 1, 0), min(hit.end + 1, size))
            if low <= last[1]:
                last = (min(low, last[0]) if last[0] >= 0 else low, max(high, last[1]))
                continue
            if last[1] >= 0:
                yield last
            last = (low, high)
        if last[1] >= 0:
            yield last

    def _run(self, plan: _Plan, low: int, high: int) -> Span:
        text, reach = self._text, self._question.reach
        left = max(low - reach, 0) if reach else 0
        right = min(high + reach, len(text)) if reach else len(text)
        match = plan.outside_before.search(text, left, low)
        start = match.end() if match else left
        match = plan.outside.search(text, high, right)
        end = match.start() if match else right
        return start, end

    def _matches(self, plan: _Plan, low: int, high: int) -> Iterator[Any]:
        """Those that begin in text[low:high]; beyond it lies what the pattern looks at."""
        size = len(self._text)
        slack = plan.looks + 1 + (plan.longest if plan.outside is None else 0)
        try:
            for match in plan.pattern.finditer(self._text, low, min(high + slack, size), timeout=_SECONDS):
                if match.start() >= high:
                    return
                if match.end() > match.start():
                    yield match
                    if self._question.reach and plan.outside is not None:
                        self._note_cut(match.span(), low, high)
        except TimeoutError:
            self._question.late.append(plan.recognizer)

    def _note_cut(self, span: Span, low: int, high: int) -> None:
        at_edge = (span[0] <= low + 1 and low > 0) or (span[1] >= high - 1 and high < len(self._text))
        if at_edge and span[1] - span[0] >= self._question.reach - 2:
            self._question.cut.append(span)

    def _match(self, plan: _Plan, match: Any) -> None:
        start, end = match.span()
        score = plan.score
        value = match.group()
        if plan.checks is not None:
            good = _asked(plan.checks, value)
            self._question.checked(plan.recognizer, start, end, good is None or bool(good))
            if good is not None:
                score = 1.0 if good else 0.0
        if plan.refuses is not None and _asked(plan.refuses, value):
            score = 0.0
        if score > 0:
            self._add(plan.recognizer, start, end, score)

    def _iban(self, plan: _Plan, match: Any) -> None:
        """IbanRecognizer tries its groups from the last to the first, and takes the first that is one."""
        start = match.start()
        for group in range(len(match.groups()), 0, -1):
            end = match.span(group)[1] if match.span(group)[1] > 0 else match.end()
            value = self._text[start:end]
            if not value:
                continue
            good = _asked(plan.iban.validate_result, value)
            score = plan.score if good is None else 1.0 if good else 0.0
            if score > 0:
                self._question.checked(plan.recognizer, start, end, True)
                self._add(plan.recognizer, start, end, score)
                return
        self._question.checked(plan.recognizer, start, match.end(), False)

    def _telephones(self, number: int, one: PhoneRecognizer) -> None:
        near: list[Span] | None = None
        if self._timid(number, True, one.SCORE):
            near = self._spoken_for(number)
            if not near:
                return
        done = -1
        for at, last in self._digits(near):
            if last <= done:
                continue
            start, end = self._sieve._phones.run(self._text, at, last)
            done = end
            if near is not None and not _touches(near, (start, end)):
                continue
            wanted = self._sieve._wanted.get(number)
            if wanted and not any(pattern.search(self._text, start, end) for pattern in wanted):
                continue
            for phone in self._sieve._phones.search(one, self._text, start, end):
                self._question.parsed(number, phone.parsed)
                if phone.start >= 0:
                    self._add(number, phone.start, phone.end, one.SCORE)
                if self._costly(number, phone.parsed):
                    return
            self._tick()
            if number in self._question.silent:
                return

    def _costly(self, number: int, parsed: int) -> bool:
        """Whether enough was asked of libphonenumber."""
        self._parsed += parsed
        if self._parsed >= _PARSED:
            self._parsed = 0
            self._question.tick()
            return number in self._question.silent
        return False

    def _digits(self, near: list[Span] | None) -> Iterator[Span]:
        """Where numbers may be."""
        if self._sieve._phone_expression >= 0:
            for hit in self._hits.get(self._sieve._phone_expression, ()):
                yield hit.start, hit.end
            return
        for low, high in [(0, len(self._text))] if near is None else near:
            for match in _DIGITS.finditer(self._text, low, high):
                yield match.span()

    # -- concluding ---------------------------------------------------------------------------------------------------

    def _concluded(self) -> list[Found]:
        """As Presidio does it: doubles of a recognizer, context, threshold, doubles of a type."""
        kept: list[Found] = []
        for number, results in self._results.items():
            one = self._sieve._recognizers[number]
            found = [Found(number, *result, spoken=False) for result in set(results)]
            kept += found if isinstance(one, IbanRecognizer) else _distinct(found)
        kept.sort(key=lambda one: one.start)
        around = Around(self._text, self._sieve._enhancer, self._question.barrier)
        by_type: dict[str, list[Found]] = {}
        for result in kept:
            judged = self._judged(result, around)
            if judged.score >= self._sieve._thresholds[judged.recognizer]:
                by_type.setdefault(self._sieve._recognizers[judged.recognizer].supported_entities[0], []).append(judged)
        return sorted((one for found in by_type.values() for one in _distinct(found)), key=lambda one: one[1:])

    def _judged(self, result: Found, around: Around) -> Found:
        words = self._sieve._context[result.recognizer]
        if not words:
            return result
        near = (*around.words(result.start), *self._question.context)
        if not supports(words, near, whole=self._whole):
            return result
        return result._replace(score=self._sieve._boosted(result.score), spoken=True)


def _asked(check: Callable[[str], bool | None], value: str) -> bool | None:
    """The answer of Presidio's check; some of them stumble over digits outside of ASCII, and then it is none."""
    try:
        return check(value)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _distinct(found: list[Found]) -> list[Found]:
    """EntityRecognizer.remove_duplicates: nothing that lies in another with the same score or more."""
    if len(found) < 2:
        return found
    kept: list[Found] = []
    active: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, one.start - one.end, -one.score, not one.spoken)):
        active = [other for other in active if other.end >= one.start]
        if not any(other.end >= one.end and other.score >= one.score for other in active):
            kept.append(one)
            active.append(one)
    return kept


def _touches(spans: list[Span], window: Span) -> bool:
    """Whether one of the disjoint spans shares a character with the window, or ends where it begins."""
    at = bisect_right(spans, (window[1], UNBOUNDED)) - 1
    return at >= 0 and spans[at][1] >= window[0]


def _threshold(one: EntityRecognizer) -> float:
    thresholds = one.score_thresholds or {}
    return float(thresholds.get(one.supported_entities[0], thresholds.get("default", 0.0)))


def _patterns(one: Any) -> list[Any]:
    return list(one.patterns)


def _is_patterns(one: EntityRecognizer) -> bool:
    """Whether a recognizer does nothing but what PatternRecognizer (or IbanRecognizer) does."""
    analyze = type(one).analyze
    return isinstance(one, PatternRecognizer) and analyze in (PatternRecognizer.analyze, IbanRecognizer.analyze)
