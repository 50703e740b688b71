"""Tables of FlatBuffers, read where they are asked for; every offset is checked.

Layout: https://flatbuffers.dev/internals/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pages import Pages

TABLES = 200_000
"""Tables of one file; the largest models have some ten thousand."""
VECTOR = 1_000_000
"""Items of one vector."""
TEXT = 4096
"""Bytes of a text that is kept."""


class Flatbuffer:
    """A buffer that begins at `base`; `what` names the format in errors."""

    __slots__ = ("base", "pages", "tables")

    def __init__(self, source: Source, what: str, base: int = 0) -> None:
        self.pages, self.base = Pages(source, what), base
        self.tables = 0

    def number(self, at: int, n: int, *, signed: bool = False) -> int:
        """An integer of `n` bytes at a position in the buffer."""
        return int.from_bytes(self.pages.take(self.base + at, n), "little", signed=signed)

    def root(self) -> Table:
        """The table that the first four bytes point at."""
        return self.table(self.number(0, 4))

    def table(self, at: int) -> Table:
        """The table at a position; FormatError where its list of fields lies outside."""
        self.tables += 1
        if self.tables > TABLES:
            raise NotExamined(GapReason.TOO_MANY, f"{self.pages.what}: more than {TABLES} tables")
        fields = at - self.number(at, 4, signed=True)
        size = self.number(fields, 2)
        if size < 4 or size % 2:
            raise FormatError(f"{self.pages.what}: a table at {at} with a list of fields of {size} bytes")
        return Table(self, at, fields, size)


@dataclass(frozen=True, slots=True)
class Table:
    """A table at `at`, whose list of fields is at `fields` and has `size` bytes."""

    buffer: Flatbuffer
    at: int
    fields: int
    size: int

    def _place(self, i: int) -> int:
        """Where field `i` lies, 0 where the table has none."""
        spot = 4 + 2 * i
        offset = self.buffer.number(self.fields + spot, 2) if spot + 2 <= self.size else 0
        return self.at + offset if offset else 0

    def number(self, i: int, n: int, *, signed: bool = False, default: int = 0) -> int:
        """The value of a field of `n` bytes."""
        place = self._place(i)
        return self.buffer.number(place, n, signed=signed) if place else default

    def target(self, i: int) -> int:
        """What an offset field points at, 0 for none."""
        place = self._place(i)
        return place + self.buffer.number(place, 4) if place else 0

    def child(self, i: int) -> Table | None:
        """The table that a field points at."""
        at = self.target(i)
        return self.buffer.table(at) if at else None

    def vector(self, i: int, width: int) -> tuple[int, int]:
        """Where the items of a vector of `width` bytes each begin, and how many there are; (0, 0) without any."""
        at = self.target(i)
        if not at:
            return 0, 0
        count = self.buffer.number(at, 4)
        if self.buffer.base + at + 4 + count * width > self.buffer.pages.size:
            raise FormatError(f"{self.buffer.pages.what}: a vector at {at} ends outside of the file")
        return at + 4, count

    def bytes(self, i: int, most: int = TEXT) -> bytes:
        """A vector of bytes or a text, cut to `most`."""
        at, count = self.vector(i, 1)
        return self.buffer.pages.take(self.buffer.base + at, min(count, most)) if at else b""

    def text(self, i: int, most: int = TEXT) -> str:
        return self.bytes(i, most).decode("utf-8", "replace")

    def integers(self, i: int, most: int) -> tuple[int, ...]:
        """A vector of int32; FormatError for more than `most`."""
        at, count = self.vector(i, 4)
        if count > most:
            raise FormatError(f"{self.buffer.pages.what}: a list of {count} numbers")
        return tuple(self.buffer.number(at + 4 * k, 4, signed=True) for k in range(count))

    def tables(self, i: int) -> Iterator[Table]:
        """The tables of a vector of offsets."""
        at, count = self.vector(i, 4)
        if count > VECTOR:
            raise NotExamined(GapReason.TOO_MANY, f"{self.buffer.pages.what}: a vector of {count} tables")
        for k in range(count):
            place = at + 4 * k
            yield self.buffer.table(place + self.buffer.number(place, 4))
