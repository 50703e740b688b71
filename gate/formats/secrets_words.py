"""Is a value drawn at random, or does it stand where a secret will stand?"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import cache
from math import log2

from gate.formats.secrets_kinds import words

RANDOM = 3.0
"""Bits a character of what is long and random; words have less, hexadecimal digits have 4 at most."""
STRONG = 3.5
"""The same where nothing but a name speaks for a value."""
WORDY = 0.5
"""Share of the characters of a name that are its words."""
_SEQUENCES = (
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "01234567890123456789",
    "98765432109876543210",
)
_RUN = 6
"""Characters of the alphabet in order, or repeated, that nobody draws: one in 10^7 tokens has them."""
_ORDERED = frozenset(row[i : i + _RUN] for row in _SEQUENCES for i in range(len(row) - _RUN + 1))
_REPEATED = re.compile(r"(.)\1{4,}|(.{2,4}?)\2{4,}")
_IDENTIFIER = re.compile(r"(?:[A-Za-z]+[0-9]{0,3}[_.:/-])*[A-Za-z]+[0-9]{0,3}[_.:/-]?")
_WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{4,}")
_WORDS = re.compile(r"[a-z]+(?:[ _.-][a-z]+)*")
_BETWEEN = re.compile(r"[ _.-]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGITS_BEHIND = re.compile(r"[0-9!@#$%^&*._-]{0,8}\Z")


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    size = len(text)
    return -sum(n / size * log2(n / size) for n in Counter(text).values()) if size else 0.0


def drawn(text: str, bits: float = RANDOM) -> bool:
    """Whether characters look drawn at random: no words, no sequences, no repeats, and as much variety as chance."""
    low = text.lower()
    if _REPEATED.search(text) or _in_order(low) or any(word in low for word in _listed("within")):
        return False
    return entropy(text) >= min(bits, log2(max(len(text), 2)) * 0.75)


def placeholder(text: str) -> bool:
    """Whether it only says that a secret will stand here, or is one that everybody has."""
    low = text.lower()
    if any(word in low for word in _listed("telling")) or _DIGITS_BEHIND.sub("", low) in _defaults():
        return True
    if _placeholders().search(text) is not None:
        return True
    return _WORDS.fullmatch(low) is not None and not _nouns().isdisjoint(_BETWEEN.split(low))


def published(text: str) -> bool:
    """Whether its issuer prints it in the documentation."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() in _published()


def harmless(before: str) -> bool:
    """Whether a name that begins so is none of a secret."""
    return _harmless().search(before) is not None


def wordy(text: str) -> bool:
    """Whether it is a name of a program: two words or more, and little else."""
    words = _WORD.findall(text)
    return len(words) > 1 and sum(map(len, words)) > WORDY * len(text)


def mixed(text: str) -> bool:
    """Whether it has letters and digits, and is no name, version or id that only looks so."""
    return (
        any(c.isdigit() for c in text)
        and any(c.isalpha() for c in text)
        and _IDENTIFIER.fullmatch(text) is None
        and _UUID.fullmatch(text) is None
    )


def _in_order(low: str) -> bool:
    return any(low[i : i + _RUN] in _ORDERED for i in range(len(low) - _RUN + 1))


@cache
def _nouns() -> frozenset[str]:
    return frozenset(_listed("nouns"))


@cache
def _harmless() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(words()['harmless'])})(?:[_ .-]?key)?[_ .-]?\Z", re.IGNORECASE)


@cache
def _listed(name: str) -> tuple[str, ...]:
    return tuple(map(str, words()[name]))


@cache
def _defaults() -> frozenset[str]:
    return frozenset(_listed("defaults"))


@cache
def _published() -> frozenset[str]:
    return frozenset(row["sha256"] for row in words()["published"])


@cache
def _placeholders() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row})" for row in words()["placeholders"]), re.IGNORECASE)
