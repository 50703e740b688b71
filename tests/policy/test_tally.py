from __future__ import annotations

import time
import tracemalloc
from fnmatch import fnmatchcase

from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.finding import Finding, Level
from gate.core.limits import Limits
from gate.core.location import Location
from gate.core.waivers import covering
from gate.policy.tally import count, tally
from tests.policy.scenes import RULES, finding, gap, report, request, waiver


def paths(row):
    return [(item.what.location.path, item.waived) for item in row.items]


def test_everything_is_counted_and_only_the_first_are_listed():
    rows = [finding("x.error", f"{n:03}") for n in range(250)]
    counted = tally(rows, RULES, {}, 100)["x.error"]
    assert (counted.total, counted.unwaived, counted.truncated) == (250, 250, 150)
    assert [path for path, _ in paths(counted)] == [f"{n:03}" for n in range(100)]


def test_waivers_are_applied_before_the_cap():
    rows = [finding("x.error", f"{n:03}") for n in range(250)]
    covers = covering([waiver("x.error", "0*"), waiver("x.error", "10?")])
    counted = tally(rows, RULES, covers, 100)["x.error"]
    assert (counted.total, counted.waived, counted.unwaived) == (250, 110, 140)
    assert paths(counted)[0] == ("110", False)


def test_unwaived_rows_stand_in_front():
    rows = [finding("x.error", name) for name in "abcd"]
    counted = tally(rows, RULES, covering([waiver("x.error", "[ab]")]), 3)["x.error"]
    assert paths(counted) == [("c", False), ("d", False), ("a", True)]


def test_a_code_without_a_rule_text_is_taken_at_its_worst_and_a_gap_has_no_level():
    counted = tally([finding("unknown.rule"), finding("x.note")], RULES, {}, 9) | tally([gap("corrupt")], RULES, {}, 9)
    levels = {code: row.level for code, row in counted.items()}
    assert levels == {"unknown.rule": Level.ERROR, "x.note": Level.NOTE, "gap.corrupt": Level.NONE}


def test_only_waivers_in_force_count():
    seen = report([finding("x.error")])
    late = waiver("x.error", expires="2026-11-21T10:00:00Z")
    assert count(seen, request(late), RULES, Limits()).findings["x.error"].waived == 0
    assert count(seen, request(late, now="2026-11-21T09:59:59Z"), RULES, Limits()).findings["x.error"].waived == 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["x.error", "x.note"]), st.text("ab/!.[", max_size=5)), max_size=40),
    st.lists(st.tuples(st.sampled_from(["x.error", "x.note"]), st.text("ab/*?[]!", max_size=4)), max_size=4),
    st.integers(1, 5),
)
def test_counts_agree_with_counting_by_hand(rows, globs, cap):
    rows = sorted(finding(code, path) for code, path in rows)
    counted = tally(rows, RULES, covering(waiver(code, glob) for code, glob in globs), cap)
    for code in {row.rule for row in rows}:
        of_code = [row for row in rows if row.rule == code]
        held = [row for row in of_code if any(c == code and fnmatchcase(row.location.path, g) for c, g in globs)]
        got = counted[code]
        assert (got.total, got.waived) == (len(of_code), len(held))
        wanted = [(row, False) for row in of_code if row not in held] + [(row, True) for row in held]
        assert [(item.what, item.waived) for item in got.items] == wanted[:cap]


def test_a_million_findings_are_counted_in_seconds_and_in_little_memory():
    def many():
        for n in range(1_000_000):
            yield Finding(Location(f"member-{n % 5000}"), "x.error")

    covers = covering([waiver("x.error", "member-1*"), waiver("x.error", "*-4??")])
    begin = time.process_time()
    counted = tally(many(), RULES, covers, 100)["x.error"]
    assert time.process_time() - begin < 10  # a slow machine's bound; 1.5 s where it was written
    assert counted.total == 1_000_000
    tracemalloc.start()
    tally((row for row, _ in zip(many(), range(50_000), strict=False)), RULES, covers, 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
