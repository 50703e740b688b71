"""Small reads at any offset of a large source, joined into few reads of it."""

from __future__ import annotations

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

FIRST = 512
"""Bytes that are read after a jump: a field and what stands around it."""
LARGEST = 2**16
"""Bytes of one read ahead; it doubles up to here while reading goes on where it ended."""
VALUE = 32 * 2**20
"""Bytes of one value; the readers of values have bounds of their own, far below."""


class Pages:
    """The bytes of a source at any offset; whoever only goes forward never makes the source go back.

    `what` names the format in errors.
    """

    __slots__ = ("_ahead", "_held", "_source", "_start", "size", "what")

    def __init__(self, source: Source, what: str) -> None:
        self._source, self.size, self.what = source, source.size, what
        self._held, self._start, self._ahead = b"", 0, FIRST

    def take(self, offset: int, n: int) -> bytes:
        """Exactly `n` bytes; FormatError where the source has fewer, NotExamined for more than VALUE."""
        at = offset - self._start
        if at >= 0 and n >= 0 and at + n <= len(self._held):
            return self._held[at : at + n]
        if offset < 0 or n < 0 or offset + n > self.size:
            raise FormatError(f"{self.what}: bytes {offset}+{n} lie outside of {self.size}")
        if n > VALUE:
            raise NotExamined(GapReason.TOO_LARGE, f"{self.what}: a value of {n} bytes")
        return self._fetch(offset, n)

    def upto(self, offset: int, n: int) -> bytes:
        """At most `n` bytes: fewer at the end of the source."""
        return self.take(offset, max(0, min(n, self.size - offset)))

    def around(self, offset: int, n: int) -> tuple[bytes, int]:
        """The bytes that are held, and the offset of the first of them; `n` from `offset` on are among them.

        Fewer only at the end of the source. For loops over many small values, which need no copy of each.
        """
        at = offset - self._start
        if at < 0 or at + n > len(self._held):
            self.upto(offset, n)
        return self._held, self._start

    def number(self, offset: int, n: int, order: str = "little") -> int:
        """`n` bytes as an unsigned integer."""
        return int.from_bytes(self.take(offset, n), "big" if order == "big" else "little")

    def tick(self) -> None:
        self._source.tick()

    def _fetch(self, offset: int, n: int) -> bytes:
        end = self._start + len(self._held)
        goes_on = self._start <= offset <= end and bool(self._held)
        rest = self._held[offset - self._start :] if goes_on else b""
        self._ahead = min(2 * self._ahead, LARGEST) if goes_on else FIRST
        wanted = max(n - len(rest), self._ahead)
        self._held = rest + self._source.read_at(offset + len(rest), min(wanted, self.size - offset - len(rest)))
        self._start = offset
        if len(self._held) < n:
            raise FormatError(f"{self.what}: ends before its {self.size} bytes")
        return self._held[:n]
