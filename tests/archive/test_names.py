import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archive import hostile_names, tars
from fixtures.archive.hostile_names import HONEST, NAMES, TOGETHER, archive
from gate import registry
from gate.archive.names import Names, rules
from gate.archive.paths import escapes
from gate.core.errors import Spent
from gate.core.finding import Level
from tests.walking import look

LEVELS = {rule.id: rule.level for rule in registry.load().rules.values()}
WRITES_OUTSIDE_OR_SHOWS_TWO = {
    "unsafe-name", "ambiguous-entry", "deceptive-name", "duplicate-name", "same-path", "file-and-folder"
}  # fmt: skip


def said(walked):
    return {rule.removeprefix("archive.") for rule in walked.rules}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_has_exactly_these_rules_in_a_zip(name):
    spelled, expected = NAMES[name]
    assert said(look(archive([spelled]))) == set(expected.split())


@pytest.mark.parametrize("name", sorted(name for name in NAMES if name != "NUL" and len(NAMES[name][0]) < 100))
def test_a_name_has_exactly_these_rules_in_a_tar(name):
    spelled, expected = NAMES[name]
    assert said(look(tars.build(tars.member(spelled, b"1")))) == set(expected.split())


@pytest.mark.parametrize("name", HONEST, ids=[str(i) for i in range(len(HONEST))])
def test_about_an_honest_name_nothing_is_said(name):
    assert rules(name.encode()) == ()
    assert look(archive([name.encode()])).clean


@pytest.mark.parametrize("name", sorted(TOGETHER))
def test_names_beside_each_other_have_exactly_these_rules(name):
    names, expected = TOGETHER[name]
    assert said(look(archive(names))) == set(expected.split())


def test_what_is_only_unportable_is_no_error():
    found = {rule for _, expected in (*NAMES.values(), *TOGETHER.values()) for rule in expected.split()}
    assert {rule for rule in found if LEVELS[f"archive.{rule}"] is Level.ERROR} == WRITES_OUTSIDE_OR_SHOWS_TWO


def test_names_in_different_folders_do_not_meet():
    walked = look(archive([b"a/README", b"b/readme", b"a/x", b"b/x", b"A/y"]))
    assert walked.clean


def test_names_in_different_archives_do_not_meet():
    inner = archive([b"a", b"b"])
    walked = look(tars.simple({"one.zip": inner, "two.zip": inner}))
    assert walked.clean


def test_every_later_name_of_several_is_said():
    names = Names()
    assert [names.see(name, False) for name in (b"a", b"A", b"a", b"./a", b"b", b"A")] == [
        (1, ()),
        (1, ("archive.case-collision",)),
        (2, ("archive.duplicate-name",)),
        (1, ("archive.same-path",)),
        (1, ()),
        (2, ("archive.duplicate-name",)),
    ]


def test_a_file_is_known_with_and_without_a_dot_in_front():
    names = Names()
    names.see(b"./d/a", False)
    assert names.has(b"d/a") and names.has(b"./d/a") and not names.has(b"a")


def test_folders_are_no_files_that_could_be_twice():
    names = Names()
    assert [names.see(b"d/", True) for _ in range(3)] == [(1, ())] * 3


def test_folders_that_only_names_imply_are_bounded():
    names = Names(folders=100)
    with pytest.raises(Spent, match="100 folders"):
        for i in range(200):
            names.see(b"d%d/x" % i, False)


def test_a_name_that_is_too_deep_is_not_taken_apart():
    names = Names(folders=100)
    assert names.see(b"a/" * 30_000 + b"x", False) == (1, ())


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=24))
def test_the_quick_way_says_what_the_slow_way_says(name):
    """A name is plain only if each rule, asked by itself, has nothing to say."""
    found = rules(name)
    assert ("archive.unsafe-name" in found) == escapes(name)
    assert set(rules(b"a/" + name)) >= set(found) - {"archive.unsafe-name", "archive.irregular-name"}


PARTS = st.lists(
    st.sampled_from(["a", "A", "b", "e\u0301", "\u00e9", "\u00c9", ".", "..", "", "nul", "x.", "d\\e", "\u202e"]),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(PARTS.map("/".join).map(str.encode), max_size=8))
def test_duplicates_are_counted_whatever_else_is_said(names):
    seen = Names()
    for i, name in enumerate(names):
        nth, found = seen.see(name, False)
        assert nth == names[: i + 1].count(name)
        assert (nth > 1) == ("archive.duplicate-name" in found)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(PARTS.map("/".join).map(str.encode), max_size=6, unique=True))
def test_whether_two_names_meet_does_not_depend_on_their_order(names):
    def meets(ordered):
        seen = Names()
        return sum(bool(seen.see(name, False)[1]) for name in ordered) > 0

    assert meets(names) == meets(names[::-1])


def test_a_sample_is_marked_as_what_it_is():
    assert hostile_names.archive([b"a"]).count(b"PK\x01\x02") == 1
