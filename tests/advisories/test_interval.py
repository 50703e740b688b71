from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gate.advisories.interval import allowed, certain, intervals, parsed, possible, safe
from tests.advisories.model import BOUNDS, UNIVERSE, naive


def held(events, version):
    return any(interval.holds(Version(version)) for interval in intervals(events))


@st.composite
def ranges(draw):
    """Events at different versions, the first of which is an introduction."""
    at = draw(st.lists(st.sampled_from(BOUNDS), min_size=1, max_size=5, unique=True))
    kinds = st.sampled_from(["introduced", "fixed", "last_affected"])
    events = [(draw(kinds), text) for text in at]
    events.append(("introduced", "0") if draw(st.booleans()) else ("introduced", "0.5"))
    if draw(st.integers(0, 4)) == 0:
        events.append(("limit", draw(st.sampled_from(["2.7", "3.7"]))))
    return draw(st.permutations(events))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(ranges())
def test_intervals_hold_what_the_schema_s_walk_over_the_events_holds(events):
    assert [held(events, str(v)) for v in UNIVERSE] == [naive(events, v) for v in UNIVERSE]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(ranges(), min_size=1, max_size=3), st.lists(st.sampled_from([*BOUNDS, "2.5", "2.5+local"]), max_size=2))
def test_as_a_set_they_hold_the_same_versions(many, listed):
    found = [one for events in many for one in intervals(events)]
    versions = [Version(text) for text in listed]
    sure, maybe = certain(found, versions), possible(found, versions)
    for version in UNIVERSE:
        expected = any(naive(events, version) for events in many) or any(
            version == one or (one.local is None and Version(version.public) == one) for one in versions
        )
        assert sure.contains(version, prereleases=True) == expected, version
        assert maybe.contains(version, prereleases=True) == expected, version


SPECIFIERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([">=", "<=", "==", "!=", "<", ">"]), st.sampled_from(BOUNDS)).map("".join),
        st.sampled_from(["==2.*", "!=3.*", "~=2.0", "==2.5+local"]),
    ),
    max_size=3,
).map(lambda parts: SpecifierSet(",".join(parts)))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(ranges(), SPECIFIERS)
def test_the_algebra_over_a_requirement_agrees_with_trying_every_version(events, specifiers):
    tried = [naive(events, v) for v in UNIVERSE if specifiers.contains(v, prereleases=True)]
    wanted, found = allowed(specifiers), intervals(events)
    assert wanted.is_disjoint(possible(found, ())) == (not any(tried))
    if any(tried):
        assert wanted.is_subset(certain(found, ())) == all(tried)


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([("introduced", "0"), ("fixed", "2.0")], ["0.dev0", "2.0rc1", "1.9.9+cu113"], ["2.0", "2.0.post1", "2.0+cu1"]),
        ([("introduced", "0"), ("last_affected", "1.13.1")], ["1.13.1", "1.13.1+cu117"], ["1.13.1.post1"]),
        ([("introduced", "4.2"), ("fixed", "4.2.8+sp1")], ["4.2.8", "4.2.8+sp0"], ["4.2.8+sp1", "4.2.8+sp2"]),
        ([("introduced", "1!1.0")], ["1!1.0", "2!0"], ["1.0", "99"]),
        ([("introduced", "v1.0.0"), ("fixed", "1.1.0")], ["1", "1.0"], ["1.1"]),
        ([("introduced", "1"), ("limit", "*")], ["1", "9"], ["0"]),
        ([("introduced", "1"), ("limit", "2"), ("limit", "3")], ["1", "2.9"], ["3"]),
        ([("introduced", "4"), ("limit", "2")], [], ["1", "5"]),
        ([("introduced", "1"), ("last_affected", "1")], ["1"], ["0.9", "1.0.1"]),
        ([("introduced", "1"), ("fixed", "1")], [], ["0.9", "1", "1.0.1"]),
        ([("introduced", "1"), ("introduced", "2"), ("fixed", "3")], ["1", "2.5"], ["3"]),
        ([("fixed", "3"), ("introduced", "0"), ("fixed", "1")], ["0.1"], ["1", "2", "3"]),
    ],
)  # fmt: skip
def test_what_events_mean(events, inside, outside):
    assert [v for v in inside if not held(events, v)] == []
    assert [v for v in outside if held(events, v)] == []


def test_where_one_range_ends_and_the_next_begins_the_version_is_affected():
    """Real records do this (PYSEC-2022-236); read the other way round the second part would be empty."""
    events = [("introduced", "0"), ("fixed", "3.1.1"), ("introduced", "3.1.1"), ("fixed", "3.1.3")]
    assert held(events, "3.1.1") and held(events, "3.1.2.post1") and not held(events, "3.1.3")


def test_an_event_that_is_no_version_is_dropped_and_the_rest_is_not_certain():
    (one,) = intervals([("introduced", "1"), ("fixed", "2019-09-12")])
    assert (one.lower, one.upper, one.precise) == (Version("1"), None, False)
    assert certain([one], ()).is_empty and possible([one], ()).contains("3")


def test_a_range_whose_beginning_is_unreadable_begins_at_the_first_version():
    (one,) = intervals([("introduced", "the beginning"), ("fixed", "2")])
    assert (one.lower, one.upper, one.precise) == (None, Version("2"), False)


def test_a_bound_with_a_local_label_is_certain_only_where_a_requirement_can_tell():
    found = intervals([("introduced", "1+b"), ("fixed", "4.2.8+sp1")])
    sure, maybe = certain(found, ()), possible(found, ())
    assert not sure.contains("4.2.8") and maybe.contains("4.2.8") and sure.contains("4.2.7")
    assert not sure.contains("1") and maybe.contains("1") and sure.contains("1.post1")


def test_a_text_that_is_too_long_for_a_version_is_none():
    assert parsed("1" * 200) is not None and parsed("1" * 201) is None


def test_arbitrary_equality_is_no_set():
    with pytest.raises(ValueError, match="texts"):
        allowed(SpecifierSet("===1.0"))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(ranges(), min_size=1, max_size=3), SPECIFIERS)
def test_what_is_proposed_instead_is_allowed_and_not_affected(many, specifiers):
    spans = [one for events in many for one in intervals(events)]
    text = safe(specifiers, possible(spans, ()), spans)
    if text:
        proposed = SpecifierSet(text)
        tried = [v for v in UNIVERSE if proposed.contains(v, prereleases=True)]
        assert all(specifiers.contains(v, prereleases=True) for v in tried)
        assert not any(naive(events, v) for v in tried for events in many)


@pytest.mark.parametrize(
    ("specifiers", "ranges", "expected"),
    [
        (">=2.0,<3", [("0", "2.31.0")], "<3,>=2.31.0"),
        ("", [("0", "2.31.0")], ">=2.31.0"),
        ("~=1.4", [("0", "1.4.3")], ">=1.4.3,~=1.4"),
        ("==2.*", [("2.1", "2.3"), ("2.5", None)], "<2.5,==2.*,>=2.3"),
        ("<2,!=1.7", [("0", "1.5")], "!=1.7,<2,>=1.5"),
        (">=1", [("1.5", None)], "<1.5,>=1"),
        ("<2", [("0", None)], ""),
        ("<1.2", [("0", "1.5")], ""),
        (">1.9", [("0", "1.2")], ">1.9"),
    ],
)
def test_the_highest_stretch_without_known_vulnerabilities_is_proposed(specifiers, ranges, expected):
    spans = [
        one
        for lower, upper in ranges
        for one in intervals([("introduced", lower), *([("fixed", upper)] if upper else [])])
    ]
    assert safe(SpecifierSet(specifiers), possible(spans, ()), spans) == expected
