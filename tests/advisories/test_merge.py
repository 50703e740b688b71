from __future__ import annotations

import itertools

from packaging.version import Version

from gate.advisories.interval import Interval
from gate.advisories.layout import Entry
from gate.advisories.merge import advisory, fixes, groups, in_order
from gate.core.advisory import Certainty


def entry(own, *aliases, severity="unknown", summary="", malicious=False, below="9", fixed=()):
    return Entry(
        own, aliases, summary, severity, malicious, (Interval(None, Version(below)),), (), tuple(map(Version, fixed))
    )


def ids(*entries):
    return [tuple(one.id for one in group) for group in groups(entries)]


def test_records_are_one_when_they_share_a_name_through_any_number_of_others():
    assert ids(entry("A-1", "CVE-1"), entry("B-1", "CVE-2"), entry("C-1", "CVE-1", "CVE-2"), entry("D-1", "CVE-3")) == [
        ("A-1", "B-1", "C-1"), ("D-1",),
    ]  # fmt: skip
    assert ids(entry("A-1"), entry("B-1", "A-1")) == [("A-1", "B-1")]
    assert ids(entry("A-1"), entry("B-1")) == [("A-1",), ("B-1",)]


def test_the_order_in_which_they_are_given_changes_nothing():
    known = [
        entry("GHSA-1", "CVE-2"),
        entry("PYSEC-10", "CVE-2", summary="p"),
        entry("PYSEC-9"),
        entry("X-1", "PYSEC-9", "CVE-7"),
    ]
    told = {
        tuple(advisory(group, Certainty.CERTAIN, fixes(group)) for group in groups(order))
        for order in itertools.permutations(known)
    }
    assert len(told) == 1


def test_an_advisory_goes_by_its_cve_or_by_the_malware_s_name():
    def name(*entries):
        (group,) = groups(entries)
        found = advisory(group, Certainty.CERTAIN, [])
        return found.id, found.aliases

    assert name(entry("PYSEC-1", "GHSA-1", "CVE-2026-10", "CVE-2026-9")) == (
        "CVE-2026-9",
        ("CVE-2026-10", "GHSA-1", "PYSEC-1"),
    )
    assert name(entry("PYSEC-1", "GHSA-1")) == ("GHSA-1", ("PYSEC-1",))
    assert name(entry("GHSA-1", "MAL-1", "CVE-1")) == ("MAL-1", ("CVE-1", "GHSA-1"))
    assert name(entry("X-1")) == ("X-1", ())


def test_it_has_the_worst_severity_the_first_summary_and_is_malware_when_one_says_so():
    (group,) = groups(
        [
            entry("GHSA-1", "CVE-1", severity="medium"),
            entry("PYSEC-1", "CVE-1", severity="high", summary="s", malicious=True),
        ]
    )
    found = advisory(group, Certainty.POSSIBLE, [Version("2")])
    assert (found.severity, found.summary, found.malicious, found.fixed_in) == ("high", "s", True, ("2",))


def test_a_fix_that_another_record_of_the_same_thing_still_names_is_none():
    (group,) = groups(
        [entry("GHSA-1", "CVE-1", below="1.2", fixed=["1.2"]), entry("PYSEC-1", "CVE-1", below="1.4", fixed=["1.4"])]
    )
    assert fixes(group) == [Version("1.4")]


def test_the_worst_comes_first():
    made = [advisory((entry(own, severity=s, malicious=m),), Certainty.CERTAIN, []) for own, s, m in [
        ("X-10", "low", False), ("X-9", "low", False), ("X-1", "unknown", False), ("X-2", "critical", False), ("X-3", "unknown", True),
    ]]  # fmt: skip
    assert [one.id for one in in_order(made)] == ["X-3", "X-2", "X-9", "X-10", "X-1"]
