"""Every way in which a zip can mislead, and every habit of an honest tool: exactly these rules and gaps."""

import pytest

from fixtures.archive import bombs, hostile_zips, producers
from fixtures.archive.hostile_zips import HIDDEN, TEXT
from fixtures.archive.zips import Item, build
from gate import registry
from gate.archive.member import Member, Need
from gate.archive.source import whole
from gate.core.finding import Finding, Level
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from tests.walking import look, opened

RULES = registry.load().rules


def said(walked):
    return {rule.removeprefix("archive.") for rule in walked.rules}, walked.reasons


@pytest.mark.parametrize("need", [Need.HEAD, Need.SEEK])
@pytest.mark.parametrize("name", sorted(hostile_zips.ALL))
def test_a_zip_that_misleads_has_exactly_these_rules_and_gaps(name, need):
    sample = hostile_zips.ALL[name]
    assert said(look(sample.data, need=need)) == (set(sample.rules.split()), set(sample.gaps.split()))


@pytest.mark.parametrize("name", sorted(hostile_zips.ALL))
def test_a_zip_that_misleads_says_the_same_inside_of_another_archive(name):
    sample = hostile_zips.ALL[name]
    walked = look(build([Item(b"before", TEXT), Item(b"x.zip", sample.data, 8), Item(b"after", TEXT)]))
    assert said(walked) == (set(sample.rules.split()), set(sample.gaps.split()))
    assert walked.members["before"] == walked.members["after"] == TEXT


@pytest.mark.parametrize("name", sorted(producers.SILENT))
def test_about_what_an_honest_tool_writes_nothing_is_said(name):
    assert look(producers.SILENT[name]).clean


@pytest.mark.parametrize("name", sorted(producers.NOTED))
def test_habits_of_some_tools_are_said_and_are_no_errors(name):
    data, rules = producers.NOTED[name]
    walked = look(data)
    assert said(walked) == (set(rules.split()), set())
    assert all(RULES[rule].level is not Level.ERROR for rule in walked.rules)


def test_every_rule_of_a_sample_exists():
    told = {rule for sample in hostile_zips.ALL.values() for rule in sample.rules.split()}
    assert {f"archive.{rule}" for rule in told} <= set(RULES)


@pytest.mark.parametrize(
    "name", [name for name in hostile_zips.ALL if "unlisted-entry" in hostile_zips.ALL[name].rules]
)
def test_entries_that_nobody_lists_are_read(name):
    walked = look(hostile_zips.ALL[name].data)
    unlisted = {path for path, rule in walked.findings if rule == "archive.unlisted-entry"}
    assert unlisted and unlisted <= set(walked.members)
    assert all(walked.members[path] for path in unlisted)


@pytest.mark.parametrize("descriptor", [False, True])
@pytest.mark.parametrize("method", [0, 8])
def test_an_unlisted_entry_gives_its_bytes_whatever_its_header_knows(method, descriptor):
    hidden = Item(b"hidden.py", b"import os\n" * 99, method, descriptor=descriptor)
    walked = look(build([Item(b"a", TEXT)], unlisted=[hidden, HIDDEN]))
    assert walked.members["hidden.py"] == hidden.data
    assert walked.members["hidden.py#2"] == HIDDEN.data
    assert walked.reasons == set()


def test_an_unlisted_entry_without_an_end_gives_what_there_is():
    hidden = Item(b"hidden", TEXT, descriptor=True, behind_it=b"")
    walked = look(build([Item(b"a", TEXT)], unlisted=[hidden]))
    assert walked.members["hidden"] == TEXT


def test_a_second_look_finds_an_unlisted_entry_again():
    with opened(build([Item(b"a", TEXT), Item(b"b", TEXT)], unlisted=[HIDDEN])) as archive:
        list(archive.children(lambda _: Need.HEAD))
        assert whole(archive.open("hidden.py"), 99) == HIDDEN.data
        assert whole(archive.open("b"), 99) == TEXT


def test_listed_entries_keep_their_names_beside_unlisted_ones():
    walked = look(build([Item(b"evil", b"1")]) + build([Item(b"evil", b"2")]))
    assert (walked.members["evil"], walked.members["evil#2"]) == (b"2", b"1")
    assert ("evil#2", "archive.duplicate-name") in walked.findings


@pytest.mark.parametrize("depth", [1, 8])
def test_nothing_of_a_sample_is_read_without_end(depth):
    for sample in hostile_zips.ALL.values():
        walked = look(sample.data, Limits(depth=depth, seconds=5))
        assert not walked.reasons & {"budget", "timed-out"}


@pytest.mark.parametrize("size", [0, *range(2**18 - 26, 2**18 + 2), 2**19 - 5])
def test_the_end_of_an_unlisted_entry_is_found_wherever_it_lies(size):
    hidden = Item(b"h", bytes(size), descriptor=True)
    walked = look(build([Item(b"a", TEXT)], unlisted=[hidden, HIDDEN]), need=Need.HEAD, each=lambda _: None)
    assert walked.reasons == set()
    assert {"h", "hidden.py"} <= set(walked.members)


@pytest.mark.parametrize(
    ("data", "read"), [(bombs.quoted(250, 2**22), 1), (bombs.shared(2000, bytes(2**22)), 25)], ids=["quoted", "shared"]
)
def test_entries_in_each_other_cost_no_more_than_entries_behind_each_other(data, read):
    """A gigabyte and eight, if each was unpacked: about as many are as the archive has room for."""
    with opened(data) as archive:
        seen = list(archive.children(lambda _: Need.HEAD))
    gaps = [gap for gap in seen if isinstance(gap, Gap) and gap.reason is GapReason.BUDGET]
    members = [member for member in seen if isinstance(member, Member)]
    assert read <= len(members) <= read + 1
    assert len(gaps) >= len([rule for rule in seen if isinstance(rule, Finding)]) // 3
    assert archive.budget.bytes < 40 * 2**22


def test_an_entry_that_lies_in_another_is_read_while_there_is_room():
    """An attacker who makes entries overlap on purpose does not hide what is in them."""
    evil = build([Item(b"evil.pkl", b"cposix\nsystem\n.")])
    walked = look(build([Item(b"a", evil, local={"packed": len(evil) + 40}, central={"packed": len(evil) + 40})]))
    assert "archive.overlap" in walked.rules
    assert walked.members["a!/evil.pkl"] == b"cposix\nsystem\n."
