from dataclasses import dataclass
from typing import ClassVar

import pytest

from gate.core.finding import Finding
from gate.core.location import Location
from gate.core.row import Fact, Note
from gate.facts.seen import Seen
from gate.facts.store import Store


@dataclass(frozen=True, slots=True)
class Zebra(Fact):
    kind: ClassVar[str] = "zebra"
    stripes: int


@dataclass(frozen=True, slots=True)
class Ant(Fact):
    kind: ClassVar[str] = "ant"


@dataclass(frozen=True, slots=True)
class Secret(Note):
    text: str


@pytest.fixture
def store():
    result = Store()
    result.extend([Zebra("b", 2), Secret("a", "x"), Zebra("a", 9), Finding(Location("a"), "zoo.open")], "zoo")
    return result


def test_an_inspector_sees_what_it_declared_and_nothing_else(store):
    seen = Seen(store, (Zebra, Secret))
    assert [row.path for row in seen.rows(Zebra)] == ["a", "b"]
    assert seen.count(Secret) == 1
    for call in (seen.rows, seen.count):
        with pytest.raises(LookupError, match="Ant"):
            call(Ant)


def test_a_declared_type_without_rows_is_empty():
    seen = Seen(Store(), (Zebra,))
    assert (list(seen.rows(Zebra)), seen.count(Zebra), seen.found("a.b")) == ([], 0, 0)


def test_findings_are_counted_for_everybody(store):
    assert Seen(store, ()).found("zoo.open") == 1
