"""Texts that are hard to search in parts: built from what the patterns themselves match, and what is almost that."""

from __future__ import annotations

import random
import re
import warnings
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

SIGNS = (
    [" "] * 9
    + list(" \n\t-.,;:/()[]{}<>+*=_@#'\"!?%&$|~^`\\\r\0\x0b\x0c\x1c\x1e\x1f\x7f")
    + ["\r\n", "  ", " - ", "::", "..", "--", "@@"]
)
STRANGE = list(
    "\u0130\u0131\u017f\u212a\u00df\u00b5\u00aa\u00b2\u0663\u096b\uff15\u0e33\u0301\u200b\u200d\u00ad\u00a0\u2003\u2028\u3000\ufeff\U0001f600\ufb01\ud800\uff0b\uff0d\u30fc\u2010\u0085\u4e2d\u00e9\u1e9e\u01c5"
)
FIXED = [
    "4111 1111 1111 1111", "378282246310005", "2223003122003222", "DE89370400440532013000", "gb29 nwbk 6016 1331 9268 19",
    "a@b.co", "anna.ackermann@example.org", "x_y%z@mail.example.co.uk", "536-90-4399", "536 90 4399", "192.168.1.1", "52.95.4.28/24",
    "2001:db8::8a2e:370:7334", "::1", "fe80::1%eth0", "00:1B:44:11:3A:B7", "1645", "0044 20 7946 0958", "+49 30 23125 000",
    "(212) 555-0188 ext. 12", "212-555-0188x55", "1 1 2125550188", "030/23125000", "2024-01-02T10:20:30.123456Z", "12/31/1999",
    "https://example.org/a?b=c#d", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "12345678-4111-1111-1111-111111111111", "943 476 5919",
    "AB1234563", "0.846906", "12345678Z", "X1234567L", "44051401359", "86095742719", "3124 5663 9234", "960121-1234564", "0821234567",
    "+27 82 123 4567", "011 555 1234", "1,234.56", "10-10-2020 10:11", "555 0188", "9" * 40, "a" * 70, "1-" * 20, "w.w.w.", "MRTMTT91D08F205J",
]  # fmt: skip


class Writer:
    """The same texts for the same seed."""

    def __init__(self, seed: int, recognizers: list[Any]) -> None:
        self._random = random.Random(seed)
        self._trees: list[Any] = []
        words: set[str] = set()
        for one in recognizers:
            words |= set(one.context or ())
            for pattern in getattr(one, "patterns", ()):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        self._trees.append(_parser.parse(pattern.regex, re.IGNORECASE | re.MULTILINE | re.DOTALL))
                    except re.error:
                        continue
        self._words = [
            *sorted(words),
            "the",
            "of",
            "be",
            "public",
            "status",
            "x",
            "v2",
            "number",
            "and the of a",
            "STRASSE",
            "\u0130ban",
        ]

    def text(self) -> str:
        rnd = self._random
        few = [self._piece() for _ in range(rnd.choice((1, 3, 10)))]
        size = rnd.choice((3, 12, 60, 200))
        parts: list[str] = []
        while len(parts) < size:
            piece = rnd.choice(few) if rnd.random() < 0.3 else self._piece()
            parts.append(self._bent(piece) if rnd.random() < 0.2 else piece)
            parts.append("" if rnd.random() < 0.15 else rnd.choice(SIGNS) * rnd.choice((1, 1, 1, 2, 5)))
        return "".join(parts)

    def _piece(self) -> str:
        rnd = self._random
        kind = rnd.random()
        if kind < 0.35:
            return self._sample(rnd.choice(self._trees))
        if kind < 0.55:
            return rnd.choice(FIXED)
        if kind < 0.75:
            word = rnd.choice(self._words)
            return rnd.choice((word, word.upper(), word.title(), f"{word}_{word}", f"my{word}s"))
        if kind < 0.85:
            return "".join(rnd.choice("0123456789") for _ in range(rnd.randint(1, 20)))
        if kind < 0.93:
            return rnd.choice(STRANGE) * rnd.choice((1, 1, 3))
        return "".join(rnd.choice("abcXYZ019 .-@") for _ in range(rnd.randint(1, 12)))

    def _bent(self, text: str) -> str:
        """One character lost, doubled, changed in case, or replaced."""
        if not text:
            return text
        at = self._random.randrange(len(text))
        new = self._random.choice(
            ("", text[at] * 2, text[at].swapcase(), self._random.choice(STRANGE), self._random.choice(SIGNS))
        )
        return text[:at] + new + text[at + 1 :]

    def _sample(self, nodes: Any, groups: dict[int, str] | None = None) -> str:
        """Something that these nodes match, or would without what looks around."""
        rnd, groups, parts = self._random, {} if groups is None else groups, []
        for kind, value in nodes:
            if kind is op.LITERAL:
                parts.append(rnd.choice((chr(value), chr(value).swapcase())))
            elif kind is op.NOT_LITERAL or kind is op.ANY:
                parts.append(rnd.choice(" aZ0.-\n"))
            elif kind is op.IN:
                parts.append(self._one_of(value))
            elif kind is op.BRANCH:
                parts.append(self._sample(rnd.choice(value[1]), groups))
            elif kind is op.SUBPATTERN:
                parts.append(self._sample(value[3], groups))
                if value[0]:
                    groups[value[0]] = parts[-1]
            elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
                most = value[0] + rnd.choice((0, 1, 2, 9)) if value[1] is op.MAXREPEAT else value[1]
                for _ in range(rnd.choice((value[0], most, rnd.randint(value[0], min(most, value[0] + 12))))):
                    parts.append(self._sample(value[2], groups))
            elif kind is op.ATOMIC_GROUP:
                parts.append(self._sample(value, groups))
            elif kind is op.GROUPREF:
                parts.append(groups.get(value, ""))
        return "".join(parts)

    def _one_of(self, items: Any) -> str:
        rnd = self._random
        if items[0][0] is op.NEGATE:
            return rnd.choice("aZ5 .-_")
        kind, value = rnd.choice(items)
        if kind is op.LITERAL:
            return chr(value)
        if kind is op.RANGE:
            return chr(rnd.randint(value[0], min(value[1], value[0] + 60)))
        name = str(value)
        return (
            rnd.choice("0123456789\u0663") if "DIGIT" in name else rnd.choice("aB_9\u00e9") if "WORD" in name else " "
        )
