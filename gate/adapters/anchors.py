"""Where the anchors of credentials stand in a text, all of them in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from gate.formats.secrets import anchors, lower, occurrences

if TYPE_CHECKING:
    from gate.adapters.patterns import Patterns


def spots(text: str) -> Iterator[tuple[int, int]]:
    """Numbers of anchors and the characters at which they stand; NotExamined as Patterns.scan()."""
    known = anchors()
    for match in _patterns().scan(text):
        anchor = known[match.id]
        margin = len(anchor.text) - 1
        start = max(match.start - margin, 0)
        part = text[start : match.end + margin]
        for at in occurrences(lower(part) if anchor.fold else part, anchor.text, 0, len(part)):
            yield match.id, start + at


@cache
def _patterns() -> Patterns:
    from gate.adapters.patterns import Expression, compile_patterns

    return compile_patterns([Expression(anchor.text, caseless=anchor.fold, literal=True) for anchor in anchors()])
