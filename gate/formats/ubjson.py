"""Universal Binary JSON, without what nobody asks for: numbers in long arrays are skipped.

https://ubjson.org/type-reference/ (draft 12), and the widths that XGBoost adds (doc/tutorials/saving_model.rst).
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack
from typing import Final

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.pages import Pages

DEPTH = 64
VALUES = 2_000_000
"""Values that are looked at one by one."""
ITEMS = 10_000
"""Items of an array that are kept."""
TEXT = 65_536
"""Bytes of a text that is kept."""
KEPT = 32 * 2**20
"""Bytes of all texts that are kept."""
_NUMBERS: Final = {
    "i": (1, ">b"),
    "U": (1, ">B"),
    "I": (2, ">h"),
    "u": (2, ">H"),
    "l": (4, ">i"),
    "m": (4, ">I"),
    "L": (8, ">q"),
    "M": (8, ">Q"),
    "d": (4, ">f"),
    "D": (8, ">d"),
}
_INTEGERS = "iUIulmLM"
_WORDS: Final[dict[str, Json]] = {"Z": None, "T": True, "F": False}


class Ubjson:
    """One document; `skipped` tells by the key of a value whether to leave it out, which then reads as None.

    Numbers with a fraction read as their text. `repeated` are keys that one object had twice; the last value holds.
    """

    def __init__(self, source: Source, what: str, skipped: Callable[[str], bool]) -> None:
        self._pages, self._what, self._skipped = Pages(source, what), what, skipped
        self._at = self._values = self._kept = 0
        self.repeated: list[str] = []

    def read(self) -> Json:
        """The document; FormatError for what is none or has bytes behind it, NotExamined beyond the bounds."""
        value = self._value(self._marker(), 0, keep=True)
        if self._at != self._pages.size:
            raise FormatError(f"{self._what}: {self._pages.size - self._at} bytes behind the document")
        return value

    def _marker(self) -> str:
        marker = "N"
        while marker == "N":  # no operation
            self._step()
            marker = chr(self._take(1)[0])
        return marker

    def _step(self) -> None:
        self._values += 1
        if self._values > VALUES:
            raise NotExamined(GapReason.BUDGET, f"{self._what}: more than {VALUES} values")

    def _take(self, n: int) -> bytes:
        data = self._pages.take(self._at, n)
        self._at += n
        return data

    def _skip(self, n: int) -> None:
        self._at += n
        if self._at > self._pages.size:
            raise FormatError(f"{self._what}: ends before byte {self._at}")

    def _value(self, marker: str, depth: int, *, keep: bool) -> Json:
        if marker in _WORDS:
            return _WORDS[marker]
        if marker in _NUMBERS:
            size, code = _NUMBERS[marker]
            number = unpack(code, self._take(size))[0]
            return int(number) if marker in _INTEGERS else repr(number)
        if marker == "C":
            return self._take(1).decode("latin-1")
        if marker in "SH":
            return self._text(self._length(), keep=keep)
        if marker not in "[{":
            raise FormatError(f"{self._what}: a value of type {marker!a} at byte {self._at}")
        if depth >= DEPTH:
            raise NotExamined(GapReason.TOO_DEEP, f"{self._what}: more than {DEPTH} levels")
        return self._array(depth, keep=keep) if marker == "[" else self._object(depth, keep=keep)

    def _length(self) -> int:
        marker = self._marker()
        if marker not in _INTEGERS:
            raise FormatError(f"{self._what}: a length of type {marker!a} at byte {self._at}")
        value = self._value(marker, 0, keep=True)
        assert isinstance(value, int)
        if not 0 <= value <= self._pages.size:
            raise FormatError(f"{self._what}: a length of {value} at byte {self._at}")
        return value

    def _text(self, n: int, *, keep: bool) -> str:
        most = min(n, TEXT) if keep else 0
        self._kept += most
        if self._kept > KEPT:
            raise NotExamined(GapReason.BUDGET, f"{self._what}: texts of more than {KEPT} bytes")
        text = self._take(most).decode("utf-8", "replace")
        self._skip(n - most)
        return text

    def _head(self) -> tuple[str, int, str]:
        """Type and number of items of a container, "" and -1 where it does not say; and the marker that follows."""
        marker, kind = self._marker(), ""
        if marker == "$":
            kind = chr(self._take(1)[0])
            marker = self._marker()
            if marker != "#":
                raise FormatError(f"{self._what}: a container with a type and no length")
        return (kind, self._length(), "") if marker == "#" else ("", -1, marker)

    def _array(self, depth: int, *, keep: bool) -> Json:
        kind, count, marker = self._head()
        if kind in _NUMBERS and (count > ITEMS or not keep):
            self._skip(count * _NUMBERS[kind][0])
            return None
        items: list[Json] = []
        while count != 0 and marker != "]":
            self._step()
            item = self._value(marker or kind or self._marker(), depth + 1, keep=keep)
            if keep and len(items) < ITEMS:
                items.append(item)
            count -= 1
            marker = self._marker() if count < 0 else ""
        return items

    def _object(self, depth: int, *, keep: bool) -> Json:
        kind, count, marker = self._head()
        found: dict[str, Json] = {}
        while count != 0 and marker != "}":
            self._step()
            key = self._key(marker)
            wanted = keep and not self._skipped(key)
            if keep and key in found and len(self.repeated) < ITEMS:
                self.repeated.append(key)
            value = self._value(kind or self._marker(), depth + 1, keep=wanted)
            if keep:
                found[key] = value if wanted else None
            count -= 1
            marker = self._marker() if count < 0 else ""
        return found

    def _key(self, marker: str) -> str:
        """A text without its type; the marker of its length may have been read already."""
        if not marker:
            return self._text(self._length(), keep=True)
        if marker not in _INTEGERS:
            raise FormatError(f"{self._what}: a key with a length of type {marker!a}")
        size = self._value(marker, 0, keep=True)
        assert isinstance(size, int)
        if not 0 <= size <= self._pages.size:
            raise FormatError(f"{self._what}: a key of {size} bytes")
        return self._text(size, keep=True)
