from dataclasses import dataclass
from typing import ClassVar

import pytest

from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.row import Fact, Note
from gate.facts.store import Store


@dataclass(frozen=True, slots=True)
class Zebra(Fact):
    kind: ClassVar[str] = "zebra"
    stripes: int


@dataclass(frozen=True, slots=True)
class Ant(Fact):
    kind: ClassVar[str] = "ant"
    legs: int


@dataclass(frozen=True, slots=True)
class Secret(Note):
    text: str


@pytest.fixture
def store():
    result = Store()
    result.extend([Zebra("b", 2), Secret("a", "x"), Zebra("a", 9), Ant("z", 6)], "zoo")
    return result


def finding(path, rule="a.b", **args):
    return Finding(Location(path), rule, args=tuple(args.items()))


def test_rows_are_kept_by_type_and_sorted_by_their_fields(store):
    assert list(store.rows(Zebra)) == [Zebra("a", 9), Zebra("b", 2)]
    assert (store.count(Zebra), store.count(Secret), store.count(Note)) == (2, 1, 0)


def test_facts_come_by_kind_then_path_and_notes_never(store):
    assert list(store.facts()) == list(store.facts()) == [Ant("z", 6), Zebra("a", 9), Zebra("b", 2)]


def test_findings_and_gaps_are_sorted_and_counted():
    store = Store()
    store.extend([finding("b"), finding("a", "z.z"), finding("a"), Gap(Location("x"), GapReason.CORRUPT)], "me")
    assert [(f.location.path, f.rule) for f in store.findings] == [("a", "a.b"), ("a", "z.z"), ("b", "a.b")]
    assert (store.found["a.b"], store.gapped["me"]) == (2, 1)
    assert [gap.inspector for gap in store.gaps] == ["me"]


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u202e", "##[error]x", "\ud800", "x" * 5000])
def test_text_from_the_archive_is_cleaned_on_its_way_in(text):
    store = Store()
    store.add(finding("a", name=text), "me")
    store.add(Gap(Location("a"), GapReason.CORRUPT, detail=text), "me")
    (one,), (gap,) = store.findings, store.gaps
    for value in (dict(one.args)["name"], gap.detail):
        assert value.isprintable() and "##[" not in value and len(value) <= 300


def test_plain_findings_are_kept_as_they_are():
    store, one = Store(), finding("a", name="os.system")
    store.add(one, "me")
    assert next(iter(store.findings)) is one
