"""Personal data in the members of an archive; never a value, only what kind and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact


@dataclass(frozen=True, slots=True)
class PersonalEntity(Fact):
    """How often a member holds values of one entity type of Presidio; `complete` is 0 where counting stopped."""

    kind: ClassVar[str] = "pii.entities"
    entity: str
    count: int
    complete: int


@dataclass(frozen=True, slots=True)
class PersonalColumn(Fact):
    """A column of a table in which cells hold values of one entity type.

    `table` is the table's name, "" for the only one of a member; `name` the column's, or its number where it has none
    to show.
    """

    kind: ClassVar[str] = "pii.columns"
    table: str
    column: int
    name: str
    entity: str
    count: int
    rows: int
    """Rows of the whole table."""
    share: int
    """Percent of its cells that are not empty."""
