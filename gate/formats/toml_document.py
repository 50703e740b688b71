"""TOML of strangers as plain values, and the places of their entries."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time
from typing import Any

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import DEPTH, NODES
from gate.formats.requirement import Span

NOWHERE = Span(-1, -1, -1)
"""Of an entry that has no line of its own."""
_DOTS = 64
"""Dots in one line before its value: each is a table inside of a table."""


def read_toml(source: Source, limit: int) -> tuple[dict[str, Json], bytes]:
    """A whole member as TOML 1.0 (https://toml.io/en/v1.0.0), dates as text, and its bytes.

    Raises FormatError, or NotExamined for what has more than `limit` bytes or is too deep.
    """
    raw = whole(source, limit)
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    if text.count(",") + text.count("\n") + text.count("[") > NODES:
        raise NotExamined(GapReason.TOO_LARGE, f"TOML of more than {NODES} values")
    if any(line.count(".") > _DOTS for line in (line.partition("=")[0] for line in text.split("\n"))):
        raise NotExamined(GapReason.TOO_DEEP, f"TOML with more than {_DOTS} dots in a line")
    try:
        return {key: _plain(value, 1) for key, value in tomllib.loads(text).items()}, raw
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"TOML: {' '.join(str(error).split())[:200]}") from None
    except ValueError as error:  # an integer of 5,000 digits, a date that is none
        raise FormatError(f"TOML: {type(error).__name__}") from None
    except RecursionError:
        raise NotExamined(GapReason.TOO_DEEP, f"TOML of more than {DEPTH} levels") from None


def _plain(value: Any, depth: int) -> Json:
    if depth > DEPTH:
        raise NotExamined(GapReason.TOO_DEEP, f"TOML of more than {DEPTH} levels")
    if isinstance(value, dict):
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    plain: Json = value
    return plain


class Places:
    """Finds entries of a document in their order, each behind the one before; a place that is not found is NOWHERE."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._counted = 0
        self._line = 1

    def of(self, text: str) -> Span:
        """The line that holds this text next."""
        found = self._raw.find(text.encode("utf-8", "replace"), self._at) if text else -1
        if found < 0:
            return NOWHERE
        self._line += self._raw.count(b"\n", self._counted, found)
        self._at = self._counted = found
        start = self._raw.rfind(b"\n", 0, found) + 1
        end = self._raw.find(b"\n", found)
        end = len(self._raw) if end < 0 else end
        self._at = found + len(text.encode("utf-8", "replace"))
        return Span(self._line, start, end)
