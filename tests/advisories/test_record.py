from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from fixtures.advisories.build import affects, record, span
from gate.advisories.interval import Interval
from gate.advisories.record import read
from gate.core.errors import FormatError

CRITICAL = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
LOW = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"}
V4 = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}


def of(*affected, own="PYSEC-1", **fields):
    return read(json.dumps(record(own, *affected, **fields)).encode())


def one(entry):
    (affected,) = of(entry).affected
    return affected


def test_a_package_has_its_canonical_name_and_one_entry_however_many_the_record_has():
    found = of(
        affects("Glow_Worm", "introduced 0", "fixed 1"),
        affects("glow.worm", "introduced 2"),
        affects("a", "introduced 0"),
    )
    assert [affected.package for affected in found.affected] == ["a", "glow-worm"]
    assert len(found.affected[1].intervals) == 2


def test_other_ecosystems_are_none_of_our_business():
    npm = {**affects("left", "introduced 0"), "package": {"ecosystem": "npm", "name": "@scope/left"}}
    assert of(npm).affected == ()
    assert [a.package for a in of(npm, affects("right", "introduced 0")).affected] == ["right"]


def test_versions_that_the_ranges_hold_already_are_not_kept():
    found = one(affects("a", "introduced 1", "fixed 2", versions=["1.0", "1.5+cu1", "0.9", "v3.0", "2004d"]))
    assert found.listed == (Version("0.9"), Version("3.0"))


def test_ranges_over_commits_say_nothing():
    entry = affects("a", "introduced 0", "fixed 1.2")
    entry["ranges"].insert(0, {**span("introduced 0", "fixed 767f6aa49fe20a2766b9843d01e3b7f7793df6a3", kind="GIT")})
    assert one(entry).intervals == (Interval(None, Version("1.2")),)


def test_a_package_without_anything_that_can_be_compared_may_be_any_version():
    for entry in (
        affects("a"),
        affects("a", versions=["2004d"]),
        {**affects("a"), "ranges": [span("introduced 0", kind="GIT")]},
    ):
        assert one(entry).intervals == (Interval(None, None, precise=False),)


def test_a_raw_record_of_github_says_beside_its_range_how_far_it_goes():
    """An open range, and last_known_affected_version_range; beside a fix it repeats what the fix says."""
    known = {"database_specific": {"last_known_affected_version_range": "<= 1.2"}}
    assert one(affects("a", "introduced 0", **known)).intervals == (Interval(None, Version("1.2"), inclusive=True),)
    assert one(affects("a", "introduced 0", "fixed 1.3", **known)).intervals == (Interval(None, Version("1.3")),)
    known["database_specific"]["last_known_affected_version_range"] = "< 2"
    assert one(affects("a", "introduced 1", **known)).intervals == (Interval(Version("1"), Version("2")),)


def test_fixes_are_all_versions_that_repair_a_range_in_their_order():
    entry = {
        **affects("a"),
        "ranges": [span("introduced 2", "fixed 2.10"), span("introduced 1", "fixed 1.9", "last_affected 3")],
    }
    assert one(entry).fixes == (Version("1.9"), Version("2.10"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "unknown"),
        ({"severity": [LOW, CRITICAL]}, "critical"),
        ({"severity": [LOW], "database_specific": {"severity": "CRITICAL"}}, "low"),
        ({"severity": [V4], "database_specific": {"severity": "MODERATE"}}, "critical"),
        ({"severity": [V4]}, "critical"),
        ({"severity": [{"type": "CVSS_V3", "score": "garbage"}], "database_specific": {"severity": "High"}}, "high"),
        ({"database_specific": {"severity": "terrible"}}, "unknown"),
        ({"severity": []}, "unknown"),
    ],
)
def test_severity_is_the_score_else_the_word_else_unknown(fields, expected):
    assert of(affects("a", "introduced 0"), **fields).severity == expected


def test_a_severity_beside_the_package_counts_as_well():
    assert of(affects("a", "introduced 0", severity=[CRITICAL])).severity == "critical"


@pytest.mark.parametrize(
    ("given", "expected"), [("2026-01-01T00:00:00Z", True), ("no", False), (True, False), (None, False)]
)
def test_a_record_is_withdrawn_at_a_time(given, expected):
    assert of(affects("a", "introduced 0"), withdrawn=given).withdrawn is expected


def test_malware_is_known_by_its_id_or_by_an_alias():
    assert of(affects("a", "introduced 0"), own="MAL-2026-1").malicious
    assert of(affects("a", "introduced 0"), aliases=["MAL-2026-1"]).malicious
    assert not of(affects("a", "introduced 0"), aliases=["CVE-2026-1"]).malicious


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-13-02T03:04:05Z", ""),
        ("2026-01-02", ""),
        (20260102, ""),
        (None, ""),
    ],
)
def test_times_are_those_of_rfc_3339_with_and_without_fractions(given, expected):
    assert of(affects("a", "introduced 0"), modified=given).modified == expected


def test_the_summary_is_one_short_line_that_a_terminal_can_show():
    found = of(affects("a", "introduced 0"), summary="  Red \x1b[31m ##[error] \u202e\nmore " + "x" * 10_000)
    assert (
        "\x1b" not in found.summary
        and "\u202e" not in found.summary
        and "##[" not in found.summary
        and "more" not in found.summary
    )
    assert len(of(affects("a", "introduced 0"), details="y" * 10_000).summary) == 200
    assert of(affects("a", "introduced 0")).summary == ""


def test_aliases_that_are_no_ids_are_left_out_and_so_is_its_own():
    assert of(affects("a", "introduced 0"), aliases=["CVE-1", "PYSEC-1", "a b", "\x1b[0m", 7, ""]).aliases == ("CVE-1",)


GOOD = json.dumps(record("X-1", affects("a", "introduced 0"))).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        GOOD[:-1],
        b'{"id": 7}',
        b'{"affected": []}',
        b'{"id": "A\\u001b[31m-1"}',
        b'{"id": "' + b"A" * 101 + b'"}',
        b'{"id": "X-1", "n": NaN}',
        b'{"id": "X-1", "n": -Infinity}',
        b'{"id": "X-1", "n": ' + b"9" * 5000 + b"}",
        b'{"id": "X-1", "n": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"id": "X-1", "affected": {}}',
        b'{"id": "X-1", "affected": [7]}',
        json.dumps(record("X-1", affects("../../etc", "introduced 0"))).encode(),
        json.dumps(record("X-1", affects("", "introduced 0"))).encode(),
        json.dumps(record("X-1", affects("a", "introduced 0", versions=["1.0"] * 1_000_000))).encode(),
        json.dumps(record("X-1", affects("a", *["introduced 1"] * 3000))).encode(),
        json.dumps(record("X-1", *[affects("a", *["introduced 1"] * 900)] * 3)).encode(),
        json.dumps(record("X-1", affects("a"), aliases=["x"] * 2000)).encode(),
    ],
    ids=range(22),
)  # fmt: skip
def test_what_is_no_record_is_refused(data):
    with pytest.raises(FormatError):
        read(data)


def test_as_many_versions_and_events_as_are_taken_are_read_quickly():
    events = [f"{'fixed' if n % 2 else 'introduced'} {n}" for n in range(2000)]
    (found,) = of(affects("a", *events, versions=[f"{n}.1" for n in range(20_000)])).affected
    assert len(found.intervals) == 1000 and len(found.listed) >= 19_000


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["0", "1.0", "PyPI", "GIT", "X-1"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "affected", "package", "ecosystem", "name", "ranges", "events", "introduced", "fixed", "versions", "severity", "score", "aliases", "modified", "database_specific"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["affected", "severity", "aliases", "modified", "summary", "withdrawn", "database_specific"]),
        JSON,
    )
)
def test_any_json_is_a_record_or_refused(fields):
    try:
        read(json.dumps({"id": "X-1", **fields}).encode())
    except FormatError as error:
        assert len(str(error)) < 200
