"""Spill: sorted rows on disk."""

from __future__ import annotations

import heapq
import os
import pickle
import tempfile
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Generic, TypeVar

from gate.core.errors import OutOfSpace

T = TypeVar("T")
_RUN = 16_384
"""Rows held in memory before they are sorted and written: about 4 MB of findings."""
_CHUNK = 512
"""Rows read back at once: a merge of 60 runs holds 60 chunks."""


class Spill(Generic[T]):
    """Add rows in any order, iterate them sorted as often as you like; at most one run stays in memory.

    Runs lie in a private file without a name; pickle is safe there because this process alone writes it.
    Raises OutOfSpace when the temporary folder is full.
    """

    def __init__(self, key: Callable[[T], Any] | None = None) -> None:
        self._key = key
        self._run: list[T] = []
        self._runs: list[_Run[T]] = []
        self._fd = -1
        self._close: weakref.finalize[[int], Spill[T]] | None = None
        self.count = 0

    def add(self, row: T) -> None:
        self._run.append(row)
        self.count += 1
        if len(self._run) >= _RUN:
            self._flush()

    def _flush(self) -> None:
        rows: list[Any] = self._run
        rows.sort(key=self._key)
        try:
            if self._fd < 0:
                self._fd = _nameless()
                self._close = weakref.finalize(self, os.close, self._fd)
            self._runs.append(_Run.write(self._run, self._fd, self._key))
        except OSError as error:
            raise OutOfSpace(
                f"{tempfile.gettempdir()}: {error.strerror}; set TMPDIR to a folder with more space"
            ) from error
        self._run = []

    def __iter__(self) -> Iterator[T]:
        rows: list[Any] = list(self._run)
        rows.sort(key=self._key)
        return heapq.merge(*(run.rows() for run in self._runs), rows, key=self._key)

    def drain(self) -> list[T]:
        """All rows, unsorted, and forget them, with the file: after a fork it is the parent's as well."""
        rows = [*chain.from_iterable(run.rows() for run in self._runs), *self._run]
        self._run, self._runs, self.count = [], [], 0
        if self._close is not None:
            self._close()
        self._fd, self._close = -1, None
        return rows

    def find(self, prefix: tuple[Any, ...]) -> T | None:
        """The first row whose key starts with `prefix`, without reading more than one chunk of each run."""
        for rows in (*(run.near(prefix) for run in self._runs), self._run):
            for row in rows:
                key: Any = row if self._key is None else self._key(row)
                if key[: len(prefix)] == prefix:
                    return row
        return None


class _Run(Generic[T]):
    """One sorted run: the key of each chunk's first row, and where the chunk lies."""

    def __init__(self, fd: int, firsts: list[Any], spots: list[tuple[int, int]]) -> None:
        self._fd, self._firsts, self._spots = fd, firsts, spots

    @classmethod
    def write(cls, rows: list[T], fd: int, key: Callable[[T], Any] | None) -> _Run[T]:
        firsts, spots, at = [], [], os.fstat(fd).st_size
        for i in range(0, len(rows), _CHUNK):
            blob = pickle.dumps(rows[i : i + _CHUNK], pickle.HIGHEST_PROTOCOL)
            firsts.append(rows[i] if key is None else key(rows[i]))
            spots.append((at, len(blob)))
            at += len(blob)
            while blob:  # a write may be short
                blob = blob[os.pwrite(fd, blob, at - len(blob)) :]
        return cls(fd, firsts, spots)

    def _load(self, spot: tuple[int, int]) -> list[T]:
        rows: list[T] = pickle.loads(os.pread(self._fd, spot[1], spot[0]))
        return rows

    def rows(self) -> Iterator[T]:
        return chain.from_iterable(map(self._load, self._spots))

    def near(self, prefix: tuple[Any, ...]) -> Iterator[T]:
        """The rows of the two chunks in which the first row with this prefix must lie."""
        i = bisect_left(self._firsts, prefix)
        return chain.from_iterable(map(self._load, self._spots[max(i - 1, 0) : i + 1]))


def _nameless() -> int:
    """A descriptor of a private file that has no name, so nothing is left behind whatever happens."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
