"""Source: random access to the bytes of one member, wherever they lie."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Protocol

from gate.archive.budget import Budget
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits

BLOCK = 2**18
"""Bytes per read: above 64 KiB the size hardly matters, and two of these fit into the L2 cache."""


class Source(Protocol):
    """What a reader gets. Offsets and sizes are in bytes; a read outside is short or empty, never an error."""

    @property
    def size(self) -> int: ...
    @property
    def limits(self) -> Limits:
        """The bounds of this scan, for readers that keep something."""

    def read_at(self, offset: int, n: int) -> bytes:
        """At most `n` bytes at `offset`; charges the budget and checks the deadline (Spent)."""

    def window(self, offset: int, n: int) -> Source:
        """A part as a source of its own, without a copy; FormatError when it does not lie inside."""

    def hold(self, data: bytes) -> Source:
        """Bytes that were already read here, as a source under the same budget."""

    def tick(self) -> None:
        """Called by readers from loops of their own; checks the deadline (Spent)."""


class Memory:
    """Bytes that are already here."""

    __slots__ = ("_budget", "_data", "size")

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data, self._budget, self.size = data, budget, len(data)

    def read_at(self, offset: int, n: int) -> bytes:
        data = self._data[offset : offset + n] if offset >= 0 and n > 0 else b""
        self._budget.spend(len(data))
        return data

    def window(self, offset: int, n: int) -> Source:
        _check(offset, n, self.size)
        return Memory(self._data[offset : offset + n], self._budget)

    def hold(self, data: bytes) -> Source:
        return Memory(data, self._budget)

    def tick(self) -> None:
        self._budget.tick()

    @property
    def limits(self) -> Limits:
        return self._budget.limits


class Window:
    """A range of an open descriptor; windows of windows cost nothing."""

    __slots__ = ("_base", "_budget", "_fd", "size")

    def __init__(self, fd: int, base: int, size: int, budget: Budget) -> None:
        self._fd, self._base, self.size, self._budget = fd, base, size, budget

    def read_at(self, offset: int, n: int) -> bytes:
        n = min(n, self.size - offset)
        if n <= 0 or offset < 0:  # offsets of hostile archives may not even fit into 64 bits
            self._budget.spend(0)
            return b""
        data = os.pread(self._fd, n, self._base + offset)
        self._budget.spend(len(data))
        return data

    def window(self, offset: int, n: int) -> Source:
        _check(offset, n, self.size)
        return Window(self._fd, self._base + offset, n, self._budget)

    def hold(self, data: bytes) -> Source:
        return Memory(data, self._budget)

    def tick(self) -> None:
        self._budget.tick()

    @property
    def limits(self) -> Limits:
        return self._budget.limits


class Forward:
    """A compressed member that is too big to keep: read forward, unpacked again for each reader.

    Going back, or asking for a window, is a mistake of the inspector: it should have answered Need.SEEK.
    """

    __slots__ = ("_at", "_blocks", "_budget", "_held", "_reopen", "_used", "size")

    def __init__(self, reopen: Callable[[], Iterator[bytes]], size: int, budget: Budget) -> None:
        self._reopen, self.size, self._budget = reopen, size, budget
        self._blocks = reopen()
        self._held, self._used = b"", 0
        self._at = 0

    def again(self) -> Forward:
        """The same bytes from the start, for the next reader."""
        return Forward(self._reopen, self.size, self._budget)

    def read_at(self, offset: int, n: int) -> bytes:
        if offset < self._at:
            raise RuntimeError("a reader of a Need.STREAM member went back; answer Need.SEEK")
        parts, end = [], min(offset + n, self.size)
        while self._at < end:
            if self._used == len(self._held):
                self._held, self._used = next(self._blocks, b""), 0
                if not self._held:
                    break
            start = self._used + min(max(offset - self._at, 0), len(self._held) - self._used)
            part = self._held[start : self._used + end - self._at]
            parts.append(part)
            taken = start + len(part) - self._used
            self._at += taken
            self._used += taken
            self._budget.spend(taken)
        return b"".join(parts)

    def window(self, offset: int, n: int) -> Source:
        raise RuntimeError("a window of a Need.STREAM member; answer Need.SEEK")

    def hold(self, data: bytes) -> Source:
        return Memory(data, self._budget)

    def tick(self) -> None:
        self._budget.tick()

    @property
    def limits(self) -> Limits:
        return self._budget.limits


def fresh(source: Source) -> Source:
    """The same bytes from the start, for a reader that comes after another one."""
    return source.again() if isinstance(source, Forward) else source


def blocks(source: Source, start: int = 0) -> Iterator[bytes]:
    """All bytes from `start` on, in order; FormatError when the source ends before its size."""
    at = start
    while at < source.size:
        block = source.read_at(at, BLOCK)
        if not block:
            raise FormatError(f"ends after {at} of {source.size} bytes")
        yield block
        at += len(block)


def whole(source: Source, limit: int) -> bytes:
    """All bytes at once; a Gap `too-large` when there are more than `limit`."""
    if source.size > limit:
        raise NotExamined(GapReason.TOO_LARGE, f"{source.size} bytes, more than {limit}")
    return b"".join(blocks(source))


def _check(offset: int, n: int, size: int) -> None:
    if offset < 0 or n < 0 or offset + n > size:
        raise FormatError(f"range {offset}+{n} lies outside of {size} bytes")
