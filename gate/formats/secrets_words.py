"""Is a value drawn at random, or does it stand where a secret will stand?"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import log2

from gate.formats.secrets_kinds import words

RANDOM = 3.0
"""Bits a character of what is long and random; words have less, hexadecimal digits have 4 at most."""
STRONG = 3.5
"""The same where nothing but a name speaks for a value."""
_SEQUENCES = ("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "01234567890123456789", "98765432109876543210")
_RUN = 6
"""Characters of the alphabet in order, or repeated, that nobody draws: one in 10^7 tokens has them."""
_REPEATED = re.compile(r"(.)\1{4,}|(.{2,4}?)\2{4,}")
_IDENTIFIER = re.compile(r"(?:[A-Za-z]+[0-9]{0,3}[_.:/-])*[A-Za-z]+[0-9]{0,3}[_.:/-]?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGITS_BEHIND = re.compile(r"[0-9!@#$%^&*._-]{0,8}\Z")


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    size = len(text)
    return -sum(n / size * log2(n / size) for n in Counter(text).values()) if size else 0.0


def drawn(text: str, bits: float = RANDOM) -> bool:
    """Whether characters look drawn at random: no words, no sequences, no repeats, and as much variety as chance."""
    low = text.lower()
    if _REPEATED.search(text) or _in_order(low) or any(word in low for word in _within()):
        return False
    return entropy(text) >= min(bits, log2(max(len(text), 2)) * 0.75)


def placeholder(text: str) -> bool:
    """Whether it only says that a secret will stand here, or is one that everybody has."""
    return _placeholders().fullmatch(text) is not None or _DIGITS_BEHIND.sub("", text.lower()) in _defaults()


def published(text: str) -> bool:
    """Whether its issuer prints it in the documentation."""
    return text in _published()


def mixed(text: str) -> bool:
    """Whether it has letters and digits, and is no name, version or id that only looks so."""
    return (
        any(c.isdigit() for c in text)
        and any(c.isalpha() for c in text)
        and _IDENTIFIER.fullmatch(text) is None
        and _UUID.fullmatch(text) is None
    )


def _in_order(low: str) -> bool:
    step = _RUN
    return any(low[i : i + step] in row for i in range(0, len(low) - step + 1) for row in _SEQUENCES)


@cache
def _within() -> tuple[str, ...]:
    return tuple(map(str, words()["within"]))


@cache
def _defaults() -> frozenset[str]:
    return frozenset(map(str, words()["defaults"]))


@cache
def _published() -> frozenset[str]:
    return frozenset(row["value"] for row in words()["published"])


@cache
def _placeholders() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row})" for row in words()["placeholders"]), re.IGNORECASE | re.DOTALL)
