"""Words that speak for a match, as Presidio's LemmaContextAwareEnhancer finds them, without reading all words for each.

The original goes through all tokens of a text for each match. Here the words around a match are read from where it
begins, and what the match before it saw is not read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import regex
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from spacy.lang.en.stop_words import STOP_WORDS

from gate.adapters.patterns import Expression, Match

WORD = r"[^\W_]+"
_WORD = regex.compile(WORD)
_BACK = regex.compile(rf"(?r){WORD}")
_REST = regex.compile(r"[^\W_]*")
_HEAD = regex.compile(r"(?r)[^\W_]*")
_TOKEN = regex.compile(rf"{WORD}|[^\w\s]|_")
_BETWEEN = r"[^0-9A-Za-z\xb2\xb5\xe9]"
_FOLDED = {"i": r"[iI\xb5]", "k": r"[kK\xb5]"}
"""U+0130 and U+212A are these letters in lower case."""

Span = tuple[int, int]


def keyword(word: str) -> bool:
    """Whether a word (in lower case) may speak for something."""
    return word not in STOP_WORDS


def single(words: Iterable[str]) -> frozenset[str]:
    """Those that a single word of a text can be or hold; Presidio's tables also have phrases, which none can."""
    return frozenset(word.lower() for word in words if _WORD.fullmatch(word))


def expression(word: str, *, whole: bool) -> Expression:
    """Where this word (in lower case) may stand, in any case, as a part of another or not."""
    letters = "".join(map(_letter, word))
    return Expression(rf"(?:\A|{_BETWEEN}){letters}(?:{_BETWEEN}|\z)" if whole else letters)


def _letter(char: str) -> str:
    if ord(char) >= 128:
        return r"[\x80-\xff]"
    return _FOLDED.get(char) or (f"[{char}{char.upper()}]" if char.isalpha() else f"\\x{ord(char):02x}")


class _Seen(NamedTuple):
    """What a match saw: where its token begins, the words up to it from the last to the first, the one behind it."""

    token: int
    before: tuple[str, ...]
    after: str
    after_at: int


class Around:
    """The words around the matches of one text, which are asked for in order.

    `barrier` is a character that no context reaches across.
    """

    def __init__(self, text: str, enhancer: LemmaContextAwareEnhancer, barrier: str = "") -> None:
        self._text, self._barrier = text, barrier
        self._before = enhancer.context_prefix_count + 1
        self._after = enhancer.context_suffix_count + 1
        self._last = _Seen(-1, (), "", -1)

    def words(self, start: int) -> Sequence[str]:
        """The words, in lower case, that Presidio takes for the context of a match that begins here."""
        token = self._token(start)
        if token is None:
            return ()
        begin, end = token
        if begin != self._last.token:
            self._last = self._seen(begin, end)
        found = (*self._last.before, *((self._last.after,) if self._last.after else ()))
        return found if self._after == 1 else (*found, *self._following(begin))

    def _token(self, start: int) -> Span | None:
        """The token that holds this character, or the next one."""
        if _WORD.match(self._text, start):
            head = _HEAD.match(self._text, 0, start)
            assert head is not None
            rest = _REST.match(self._text, start)
            assert rest is not None
            return head.start(), rest.end()
        match = _TOKEN.search(self._text, start)
        return match.span() if match else None

    def _seen(self, begin: int, end: int) -> _Seen:
        text, last = self._text, self._last
        wall = text.rfind(self._barrier, 0, begin) + 1 if self._barrier else 0
        words: list[str] = []
        for match in _BACK.finditer(text, wall, end):
            if 0 <= match.start() <= last.token < begin and wall <= last.token:
                words += last.before[: self._before - len(words)]
                break
            word = match.group().lower()
            if keyword(word):
                words.append(word)
                if len(words) == self._before:
                    break
        after, after_at = last.after, last.after_at
        if not last.token <= begin <= after_at:
            after, after_at = self._next(begin)
        return _Seen(begin, tuple(words), after, after_at)

    def _next(self, begin: int) -> tuple[str, int]:
        stop = self._text.find(self._barrier, begin) if self._barrier else -1
        for match in _WORD.finditer(self._text, begin, stop if stop >= 0 else len(self._text)):
            word = match.group().lower()
            if keyword(word):
                return word, match.start()
        return "", len(self._text) if stop < 0 else stop

    def _following(self, begin: int) -> list[str]:
        words: list[str] = []
        for match in _WORD.finditer(self._text, begin):
            word = match.group().lower()
            if keyword(word):
                words.append(word)
                if len(words) == self._after:
                    break
        return words


def supports(words: Collection[str], around: Iterable[str], *, whole: bool) -> bool:
    """Whether one of a recognizer's words (in lower case) is one of those around, or a part of one."""
    if whole:
        return any(word in words for word in around)
    return any(own in word for word in around for own in words)


def intervals(text: str, found: Iterable[Match], enhancer: LemmaContextAwareEnhancer) -> list[Span]:
    """Disjoint spans, in order, that hold the start of each match that has one of the words found in its context."""
    spans: list[Span] = []
    for match in sorted(found, key=lambda one: one.start):
        low = _before_it(text, match.start, enhancer.context_suffix_count + 1)
        high = _behind_it(text, match.end, enhancer.context_prefix_count + 1)
        if spans and low <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(high, spans[-1][1])
        else:
            spans.append((low, high))
    return spans


def _before_it(text: str, at: int, count: int) -> int:
    head = _HEAD.match(text, 0, at)
    assert head is not None
    for match in _BACK.finditer(text, 0, head.start()):
        if keyword(match.group().lower()):
            count -= 1
            if not count:
                return int(match.start())
    return 0


def _behind_it(text: str, at: int, count: int) -> int:
    rest = _REST.match(text, at)
    assert rest is not None
    for match in _WORD.finditer(text, rest.end()):
        if keyword(match.group().lower()):
            count -= 1
            if not count:
                return int(match.end())
    return len(text)
