"""Row, Fact, Note: the typed statements that inspectors make about an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Row:
    """A frozen dataclass of strings, integers and tuples of them; rows sort by their fields, path first."""

    path: str

    def __reduce__(self) -> tuple[type[Row], tuple[Any, ...]]:
        """Rows are spilled and cross process borders by the million: a call is much faster to restore than a state."""
        kind: Any = type(self)
        return kind, tuple([getattr(self, name) for name in kind.__match_args__])


@dataclass(frozen=True, slots=True)
class Fact(Row):
    """A published statement, neither good nor bad; `kind` names it in the result."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Note(Row):
    """A private row that an inspector keeps for its own end or for another inspector; never in the result."""
