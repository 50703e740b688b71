"""Seen: what one inspector may ask of everything that was said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, cast

from gate.core.row import Fact, Row
from gate.facts.store import Store

R = TypeVar("R", bound=Row)


class Seen:
    """The rows that one inspector declared in `consumes` and `produces`; nothing else.

    Raises LookupError for a type that was not declared: conclude() runs in the order that the declarations give.
    """

    def __init__(self, store: Store, produced: tuple[type[Row], ...], consumed: tuple[type[Row], ...] = ()) -> None:
        self._store, self._produced, self._declared = store, produced, (*produced, *consumed)

    def rows(self, kind: type[R]) -> Iterator[R]:
        """Sorted by the fields of the row, path first: a join is one merge."""
        self._check(kind)
        return cast(Iterator[R], self._store.rows(kind))

    def count(self, kind: type[Row]) -> int:
        self._check(kind)
        return self._store.count(kind)

    def published(self) -> bool:
        """Whether there are facts of a kind that the inspector produces."""
        return any(issubclass(kind, Fact) and self._store.count(kind) for kind in self._produced)

    def found(self, rule: str) -> int:
        """How many findings of one rule there are so far."""
        return self._store.found[rule]

    def _check(self, kind: type[Row]) -> None:
        if kind not in self._declared:
            raise LookupError(f"{kind.__name__} is neither in consumes nor in produces")
