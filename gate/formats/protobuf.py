"""Messages of Protocol Buffers, field by field, without their schema's code.

Values are skipped until they are asked for, so that a file with gigabytes of tensors costs as much as its structure.
Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from struct import unpack
from typing import NamedTuple, TypeAlias

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pages import Pages

FIELDS = 2_000_000
"""Fields of one file; the largest graphs have some hundred thousand nodes, but many fit into one file."""
DEPTH = 100
"""Levels of messages: the recursion limit of the C++ and Python implementations."""
TEXT = 4096
"""Bytes of a text that is kept, unless its reader says otherwise."""
INTEGERS = 65_536
"""Integers of one packed field."""
_VARINT = 10
"""Bytes of the longest varint."""
_HEAD = 2 * _VARINT
"""A tag and a length or a varint."""


class Kind(Enum):
    """How a field is written: a varint, varints (packed or one by one), bytes with a length, eight or four bytes."""

    VARINT = 0
    VARINTS = 6
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


_WIRES = {
    Kind.VARINT: (0,),
    Kind.VARINTS: (0, 2),
    Kind.FIXED64: (1,),
    Kind.BYTES: (2,),
    Kind.FIXED32: (5,),
}
Schema: TypeAlias = Mapping[int, tuple[str, Kind]]
"""Name and kind of the fields that are of interest, by number; all others are skipped."""


class Wire:
    """One file and how many of its fields may still be looked at."""

    __slots__ = ("fields", "pages")

    def __init__(self, source: Source, what: str) -> None:
        self.pages = Pages(source, what)
        self.fields = FIELDS

    def message(self) -> Message:
        """The file as one message."""
        return Message(self, 0, self.pages.size, 0)


class Field(NamedTuple):
    """One field; `value` of a varint or of a fixed number, bytes [start, end) of everything else."""

    number: int
    wire: int
    value: int
    start: int
    end: int
    parent: Message

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return self.end - self.start

    @property
    def signed(self) -> int:
        """The value of an int32 or int64."""
        return self.value - 2**64 if self.value >= 2**63 else self.value

    def bytes(self, most: int = TEXT) -> bytes:
        """The value, or the first `most` bytes of it."""
        return self.parent.wire.pages.take(self.start, min(self.size, most))

    def text(self, most: int = TEXT) -> str:
        """The value as text; what is no UTF-8, or was cut, reads as U+FFFD."""
        return self.bytes(most).decode("utf-8", "replace")

    def message(self) -> Message:
        """The value as a message; NotExamined below DEPTH levels."""
        parent = self.parent
        if parent.depth >= DEPTH:
            raise NotExamined(GapReason.TOO_DEEP, f"{parent.wire.pages.what}: messages of more than {DEPTH} levels")
        return Message(parent.wire, self.start, self.end, parent.depth + 1)

    def integers(self) -> tuple[int, ...]:
        """The values of a field of kind VARINTS, signed."""
        if self.wire == 0:
            return (self.signed,)
        pages = self.parent.wire.pages
        if self.size > INTEGERS:
            raise NotExamined(GapReason.TOO_LARGE, f"{pages.what}: a list of integers of {self.size} bytes")
        data = pages.take(self.start, self.size)
        found, at = [], 0
        while at < len(data):
            value, at = _varint(data, at, pages.what)
            found.append(value - 2**64 if value >= 2**63 else value)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes [start, end) of a file as a message, `depth` levels below the first."""

    wire: Wire
    start: int
    end: int
    depth: int

    def fields(self) -> Iterator[Field]:
        """All fields in their order; raises as named."""
        return (field for _, field in self._walk(None))

    def named(self, schema: Schema) -> Iterator[tuple[str, Field]]:
        """The fields that the schema knows, in their order; one of another wire type is unknown, as for any parser.

        Raises FormatError for what is no message, NotExamined beyond FIELDS and for groups.
        """
        return self._walk(schema)

    def _walk(self, schema: Schema | None) -> Iterator[tuple[str, Field]]:
        wire, pages, at, last = self.wire, self.wire.pages, self.start, self.end
        while at < last:
            wire.fields -= 1
            if wire.fields < 0:
                raise NotExamined(GapReason.BUDGET, f"{pages.what}: more than {FIELDS} fields")
            held, first = pages.around(at, _HEAD)
            tag, i = _varint(held, at - first, pages.what)
            number, kind, value = tag >> 3, tag & 7, 0
            if kind == 2:
                size, i = _varint(held, i, pages.what)
                start = first + i
                end = start + size
            elif kind == 0:
                value, i = _varint(held, i, pages.what)
                start = end = first + i
            elif kind in (1, 5):
                start = first + i
                end = start + (8 if kind == 1 else 4)
            else:
                raise self._odd(kind, at)
            if not 0 < number < 2**29 or end > last:
                raise FormatError(f"{pages.what}: field {number} at byte {at} ends outside of its message, or is none")
            known = ("", None) if schema is None else schema.get(number)
            if known is not None and (known[1] is None or kind in _WIRES[known[1]]):
                if kind in (1, 5):
                    value = pages.number(start, end - start)
                yield known[0], Field(number, kind, value, start, end, self)
            at = end

    def _odd(self, kind: int, at: int) -> NotExamined:
        what = self.wire.pages.what
        if kind in (3, 4):  # since 2008 for files of protobuf 1 only
            return NotExamined(GapReason.UNSUPPORTED, f"{what}: a group at byte {at}")
        return FormatError(f"{what}: wire type {kind} at byte {at}")

    def flat(self, schema: Schema) -> Flat:
        """A message of numbers and texts."""
        return Flat(tuple(self.named(schema)))


@dataclass(frozen=True, slots=True)
class Flat:
    """The named fields of a small message; of a field that stands twice the last one holds, as in every parser."""

    fields: tuple[tuple[str, Field], ...]

    def _last(self, name: str) -> Field | None:
        return next((field for key, field in reversed(self.fields) if key == name), None)

    def text(self, name: str, most: int = TEXT) -> str:
        field = self._last(name)
        return "" if field is None else field.text(most)

    def integer(self, name: str, default: int = 0) -> int:
        field = self._last(name)
        return default if field is None else field.signed

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(field.text() for key, field in self.fields if key == name)


def float32(field: Field) -> float:
    """The value of a field of kind FIXED32 as a number."""
    value: float = unpack("<f", field.value.to_bytes(4, "little"))[0]
    return value


def _varint(data: bytes, at: int, what: str) -> tuple[int, int]:
    """The value, cut to 64 bits, and where it ends."""
    if at < len(data) and data[at] < 0x80:  # nearly all have one byte
        return data[at], at + 1
    value = 0
    for i, byte in enumerate(data[at : at + _VARINT]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + i + 1
    if len(data) - at >= _VARINT:
        raise FormatError(f"{what}: a varint of more than {_VARINT} bytes")
    raise FormatError(f"{what}: ends within a varint")


def repeated(names: Iterator[str], once: frozenset[str]) -> tuple[str, ...]:
    """Which fields that a message has once stand in it more often: parsers merge them or take the last."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for name in names:
        if name in once and name in seen:
            again[name] = None
        seen.add(name)
    return tuple(again)
