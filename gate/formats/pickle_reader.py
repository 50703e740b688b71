"""The bytes of a stream as its opcodes take them: frames, windows, arguments, lines."""

from __future__ import annotations

from collections.abc import Callable

from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import Record, Value
from gate.formats.pickle_words import Oddity

AHEAD = 32
"""Bytes that must be at hand for an opcode with a fixed argument; the longest is 9."""
HEAD = 2**16
LINE = 2**20


class Reader:
    """Where the walk stands in the bytes, and the stack that it pushes to; positions are those of the window."""

    __slots__ = ("base", "blobs", "buf", "frame", "limit", "moved", "push", "record", "stack", "tape")

    def __init__(self, tape: Tape, record: Record) -> None:
        self.tape, self.record = tape, record
        self.buf, self.base, self.limit, self.frame = b"", 0, 0, -1
        self.stack: list[Value] = []
        self.push: Callable[[Value], None] = self.stack.append
        self.blobs = 0
        self.moved = True

    # Where the bytes come from.

    def load(self, at: int, need: int = AHEAD) -> int:
        """Move the window to offset `at`, with so many bytes ahead; its position."""
        pos = self.tape.move(at, need)
        self.buf, self.base = self.tape.buf, self.tape.base
        self._fence()
        return pos

    def _fence(self) -> None:
        self.moved = True
        end = len(self.buf)
        if self.base + end < self.tape.size:
            end -= AHEAD
        self.limit = min(end, self.frame - self.base) if self.frame >= 0 else end

    def edge(self, pos: int) -> int:
        """At the end of the window or of a frame: check the frame, move on."""
        at = self.base + pos
        if 0 <= self.frame <= at:
            if at > self.frame:
                self.record.odd(Oddity.FRAME, at)
            self.frame = -1
        if at >= self.tape.size:
            raise Broken("ends before its STOP")
        have = self.base + len(self.buf)
        if have < self.tape.size and have - at <= AHEAD:
            return self.load(at, AHEAD + 1)
        self._fence()
        return pos

    def take(self, pos: int, n: int) -> tuple[bytes | None, int]:
        """The `n` bytes at `pos`, or None where they are too many to keep, and the position after them."""
        end = pos + n
        if end <= len(self.buf):
            return self.buf[pos:end] if n <= HEAD else None, end
        at = self.base + pos
        if at + n > self.tape.size:
            raise Broken("ends inside of a value")
        if n > HEAD:
            return None, self.load(at + n)
        pos = self.load(at, n)
        return self.buf[pos : pos + n], pos + n

    def line(self, pos: int) -> tuple[bytes | None, int]:
        """The bytes up to the next newline, or None where they are too many to keep, and the position after it.

        At the end of the file there may be none: pickle.py then drops the last byte in its place, _pickle.c stops.
        """
        end = self.buf.find(b"\n", pos)
        if end >= 0:
            return self.buf[pos:end], end + 1
        at = self.base + pos
        pos = self.load(at, LINE)
        end = self.buf.find(b"\n", pos)
        if end >= 0:
            return self.buf[pos:end], end + 1
        if self.base + len(self.buf) >= self.tape.size:
            return self.buf[pos:-1], len(self.buf)
        while end < 0 and self.base + len(self.buf) < self.tape.size:
            pos = self.load(self.base + len(self.buf))
            end = self.buf.find(b"\n", pos)
        return None, end + 1 or len(self.buf)
