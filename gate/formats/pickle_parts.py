"""What a walk over pickles reads from and counts with."""

from __future__ import annotations

from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.pickle_values import Blob, Value

GLANCE = 512
"""Opcodes after which a head that has not broken counts as a pickle."""


class Meter:
    """Counts opcodes over all streams of one member, nested ones included."""

    def __init__(self, source: Source) -> None:
        self.left, self._source = source.limits.opcodes, source

    def spend(self, ops: int) -> None:
        self._source.tick()
        self.left -= ops
        if self.left < 0:
            raise NotExamined(GapReason.BUDGET, "more opcodes, or more that looks like them, than the limit")


class Glance:
    """The budget for a first look."""

    def __init__(self) -> None:
        self.left = GLANCE

    def spend(self, ops: int) -> None:
        self.left -= ops
        if self.left < 0:
            raise NotExamined(GapReason.BUDGET, "")


class Part:
    """Bytes at hand, of which the first may be all that was kept."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self.size = data, size

    def read_at(self, offset: int, n: int) -> bytes:
        return self._data[offset : offset + n]


def whole(part: Part) -> bool:
    """Whether this may be a pickle of protocol 2 or later from its header to its STOP."""
    head, last = part.read_at(0, 2), part.read_at(part.size - 1, 1)
    return head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and last == b"."


def part_of(data: Value) -> Part | None:
    """The bytes of a value, None where it has none."""
    if type(data) is Blob:
        return Part(data.data, data.size)
    if type(data) is str:
        data = data.encode("latin-1", "replace")
    return Part(data, len(data)) if type(data) is bytes and data else None
