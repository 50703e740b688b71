"""Joins of sorted rows: nothing is held but the row at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", str, tuple[str, str])


class Cursor(Generic[T, K]):
    """Moves forward over rows that are sorted by `key`."""

    def __init__(self, rows: Iterator[T], key: Callable[[T], K]) -> None:
        self._rows = rows
        self._key: Callable[[T], K] = key
        self._row = next(rows, None)

    def find(self, wanted: K) -> T | None:
        """The first row with this key, which is not before any that was asked for earlier."""
        while self._row is not None and self._key(self._row) < wanted:
            self._row = next(self._rows, None)
        return self._row if self._row is not None and self._key(self._row) == wanted else None

    def at_or_after(self, wanted: K) -> T | None:
        """The first row whose key is not before `wanted`."""
        self.find(wanted)
        return self._row
