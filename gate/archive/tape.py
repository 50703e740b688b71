"""Tape: bytes that are taken in order, from random access or from a stream that only goes forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gate.archive.source import BLOCK, Source
from gate.core.errors import FormatError

_AHEAD = 2**14
"""Bytes read at once where small entries follow each other: a system call for each header would cost more."""


class Tape:
    """One of `source` and `stream`; from random access the bytes of an entry can also be had as a window.

    `spend` is told what was taken or skipped of a stream; who reads blocks() accounts for them.
    """

    def __init__(
        self,
        source: Source | None,
        stream: Iterator[bytes] | None = None,
        spend: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._source, self._stream, self._spend = source, stream or iter(()), spend
        self._held, self._used = b"", 0
        self.at = 0
        """Offset of the next byte."""
        self.broken = False
        """Whether the stream itself is damaged from here on."""
        self.last = (0, 0)
        """Where the last window lay."""

    def take(self, n: int) -> bytes:
        """The next `n` bytes, or fewer at the end."""
        if self._source is None:
            self._spend(n)
        end = self._used + n
        if end <= len(self._held):
            data = self._held[self._used : end]
            self._used = end
            self.at += n
            return data
        return b"".join(self.blocks(n))

    def ahead(self, n: int) -> bytes:
        """The next `n` bytes, or fewer at the end; the tape stays where it is."""
        while (left := len(self._held) - self._used) < n:
            more = self._next() if self._source is None else self._source.read_at(self.at + left, _AHEAD)
            if not more:
                break
            self._held, self._used = self._held[self._used :] + more, 0
        return self._held[self._used : self._used + n]

    def blocks(self, n: int) -> Iterator[bytes]:
        """The next `n` bytes, or fewer at the end, piece by piece."""
        while n:
            if self._used == len(self._held):
                self._held, self._used = self._more(n), 0
                if not self._held:
                    return
            part = self._held[self._used : self._used + n]
            self._used += len(part)
            self.at += len(part)
            n -= len(part)
            yield part

    def _more(self, n: int) -> bytes:
        if self._source is None:
            return self._next()
        return self._source.read_at(self.at, max(_AHEAD, min(n, BLOCK)))

    def _next(self) -> bytes:
        try:
            return next(self._stream, b"")
        except FormatError:
            self.broken = True
            raise

    def skip_to(self, at: int) -> None:
        """Go forward to byte `at`."""
        if self._source is None:
            for block in self.blocks(at - self.at):
                self._spend(len(block))
            return
        self._used = min(self._used + at - self.at, len(self._held))
        self.at = at
        if self._used == len(self._held):
            self._held, self._used = b"", 0

    def window(self, n: int) -> Source | None:
        """The next `n` bytes, or fewer at the end, where there is random access; the tape stays where it is."""
        if self._source is None:
            return None
        n = max(min(n, self._source.size - self.at), 0)
        self.last = (self.at, self.at + n)
        end = self._used + n
        if end <= len(self._held):
            return self._source.hold(self._held[self._used : end])
        return self._source.window(min(self.at, self._source.size), n)

    def window_at(self, at: int, n: int) -> Source | None:
        """`n` bytes that were passed, or fewer at the end, where there is random access."""
        if self._source is None:
            return None
        at = min(at, self._source.size)
        return self._source.window(at, min(n, self._source.size - at))

    def lacks(self, at: int) -> bool:
        """Whether there are fewer than `at` bytes; of a stream, once it was told to skip to there."""
        return (self.at if self._source is None else self._source.size) < at

    def covers(self, start: int, end: int) -> bool:
        """Whether the range lies inside of the last window."""
        return self.last[0] <= start and end <= self.last[1]
