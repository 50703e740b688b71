"""Finds credentials in a text: where an anchor stands, the pattern of its kind is tried, and its check looks closer."""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, TypeAlias

from gate.formats.secrets_checks import CHECKS, NEAR, Verdict, value_of
from gate.formats.secrets_kinds import Kind, kinds
from gate.formats.secrets_words import published
from gate.formats.text import OVERLAP

EXAMPLE = "test-key"
"""The rule for values that everybody has."""
_GLUE = re.compile(r"(?:\\[nrtbf]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})\Z")
"""Escapes that end in a letter or digit which is none of the text's."""

_WORD = frozenset(string.ascii_letters + string.digits)

Spots: TypeAlias = Callable[[str], Iterable[tuple[int, int]]]
"""Numbers of anchors (as in anchors()) and characters at which they stand, in any order."""


class Anchor(NamedTuple):
    """A literal, and the number of the kind that it belongs to."""

    text: str
    fold: bool
    kind: int


class Secret(NamedTuple):
    """Characters [start, end) that are secret; `rule` without its family, `kind` a row of the tables."""

    start: int
    end: int
    rule: str
    kind: Kind
    sure: bool


@dataclass(slots=True)
class Tried:
    """What was tried in one member: kinds that were tried or found often enough are left out."""

    limit: int
    counts: Counter[int] = field(default_factory=Counter)
    spent: set[int] = field(default_factory=set)
    """Tried too often."""
    done: set[int] = field(default_factory=set)
    """Found often enough."""

    def once_more(self, kind: int) -> bool:
        self.counts[kind] += 1
        if self.counts[kind] > self.limit:
            self.spent.add(kind)
        return kind not in self.spent

    def over(self, kind: int) -> bool:
        return kind in self.done or kind in self.spent


@cache
def anchors() -> tuple[Anchor, ...]:
    """All of them; folded ones in lower case."""
    return tuple(Anchor(text, kind.fold, i) for i, kind in enumerate(kinds()) for text in kind.anchors)


def plain_spots(text: str) -> Iterator[tuple[int, int]]:
    """Each anchor looked for by itself."""
    low = lower(text)
    for number, anchor in enumerate(anchors()):
        for at in occurrences(low if anchor.fold else text, anchor.text, 0, len(text)):
            yield number, at


def lower(text: str) -> str:
    """In lower case, with every character in its place: U+0130 is the only one that becomes two."""
    return text.replace("\u0130", "I").lower()


def occurrences(text: str, literal: str, start: int, end: int) -> Iterator[int]:
    """Where a literal begins such that it ends at or before `end`."""
    at = text.find(literal, start, end)
    while at >= 0:
        yield at
        at = text.find(literal, at + 1, end)


def find(text: str, spots: Spots, tried: Tried, first: int = 0, last: int = -1) -> list[Secret]:
    """The secrets that begin in text[first:last], in order; of those that overlap the strongest kind."""
    last = len(text) if last < 0 else last
    low, high = first - OVERLAP, last + OVERLAP
    known, places = kinds(), set[tuple[int, int]]()
    for number, at in spots(text):
        if low <= at < high:
            kind = _owner(number)
            if tried.over(kind):
                continue
            places.add((kind, at - known[kind].before))
    kept = _Kept()
    for number, at in sorted(places):
        if at >= 0 and tried.once_more(number):
            secret = _look(text, known[number], at)
            if secret is not None:
                kept.add(secret)
    return [secret for secret in kept.secrets if first <= secret.start < last]


def _owner(number: int) -> int:
    return anchors()[number].kind


class _Kept:
    """Secrets that do not overlap, in order; what came first stays."""

    def __init__(self) -> None:
        self.secrets: list[Secret] = []

    def add(self, secret: Secret) -> None:
        at = bisect_left(self.secrets, secret.start, key=lambda one: one.start)
        before, behind = self.secrets[at - 1 : at], self.secrets[at : at + 1]
        if not (before and before[0].end > secret.start) and not (behind and behind[0].start < secret.end):
            self.secrets.insert(at, secret)


def _look(text: str, kind: Kind, at: int) -> Secret | None:
    if not kind.inside and at and text[at - 1] in _WORD and not _GLUE.search(text, max(at - 6, 0), at):
        return None
    match = kind.pattern.match(text, at)
    if match is None:
        return None
    verdict = CHECKS[kind.check](match)
    if kind.near and verdict is Verdict.SURE and kind.near not in text[max(at - NEAR, 0) : match.end() + NEAR].lower():
        verdict = Verdict.DOUBT
    rule = {Verdict.SURE: kind.rule, Verdict.LOCKED: kind.locked, Verdict.DOUBT: kind.doubt}.get(verdict, "")
    if not rule:
        return None
    value = value_of(match)
    if published(match[0]) or published(value):
        rule = EXAMPLE
    start, end = _span(match)
    return Secret(start, end, rule, kind, verdict is not Verdict.DOUBT)


def _span(match: re.Match[str]) -> tuple[int, int]:
    groups = match.groupdict()
    for name in ("value", "bare"):
        if groups.get(name) is not None:
            return match.span(name)
    return match.span()
