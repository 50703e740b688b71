"""Tape: a window that moves forward over a source, and back only as far as it was asked to hold on."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Protocol

from gate.archive.source import BLOCK, Forward

HOLD = 4 * 2**20
"""Bytes that are kept so that a trial can be taken back."""


class Bytes(Protocol):
    """The part of Source that is needed here."""

    @property
    def size(self) -> int: ...
    def read_at(self, offset: int, n: int) -> bytes: ...


class Tape:
    """`buf` holds the bytes from offset `base` on; positions are offsets into `buf`.

    A literal of a gigabyte is skipped, not read. `anchor` is an offset that rewind() may ask for, -1 for none.
    """

    __slots__ = ("anchor", "base", "buf", "size", "source")

    def __init__(self, source: Bytes) -> None:
        self.source, self.size = source, source.size
        self.buf, self.base, self.anchor = b"", 0, -1

    def move(self, at: int, need: int = 1) -> int:
        """Make `need` bytes at offset `at` available, fewer at the end of the source; the position of `at` in `buf`.

        The window stays where it is while it holds them: a search would copy it for each candidate.
        """
        have = self.base + len(self.buf)
        if at + need <= have or (have >= self.size and at <= have):
            return at - self.base
        n = max(need, BLOCK)
        keep = at
        if 0 <= self.anchor < at:
            keep = self.anchor if at - self.anchor <= HOLD else self._let_go(at)
        if at > have and keep == at:
            self.buf, self.base = self.source.read_at(at, n), at
            return 0
        more = self.source.read_at(have, max(at + n - have, 0)) if at + n > have and have < self.size else b""
        self.buf, self.base = self.buf[keep - self.base :] + more, keep
        return at - keep

    def _let_go(self, at: int) -> int:
        self.anchor = -1
        return at

    def rewind(self, at: int) -> bool:
        """Go back to offset `at`; false when its bytes are gone and the source only reads forward."""
        if self.base <= at <= self.base + len(self.buf):
            return True
        if isinstance(self.source, Forward):
            return False
        self.buf, self.base = b"", at
        return True

    def zeros(self, at: int) -> bool:
        """Whether everything from `at` on is NUL; stops at the first byte that is not."""
        pos = self.move(at)
        while True:
            rest = self.buf[pos:]
            if rest.strip(b"\0"):
                return False
            at += len(rest)
            if not rest or at >= self.size:
                return True
            pos = self.move(at)

    def find(self, pattern: re.Pattern[bytes], at: int, overlap: int) -> Generator[int, int, None]:
        """Offsets from `at` on where `pattern` matches, which is at most `overlap` bytes long; send() moves on."""
        while at < self.size:
            pos = self.move(at, overlap)
            hit = pattern.search(self.buf, pos)
            if hit is None:
                ahead = self.base + len(self.buf)
                at = max(ahead - overlap, at + 1) if ahead < self.size else self.size
                continue
            start = self.base + hit.start()
            onward = yield start
            at = max(start + 1, onward or 0)
