"""The flow of a scan: who is asked, what a crash costs, what a report says of what it did not see."""

from __future__ import annotations

import pytest

from gate import pipeline, registry
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.report import State
from tests import extension
from tests.conftest import zipped


@pytest.fixture
def scan(make, tmp_path):
    """scan(content, inspect=..., conclude=...) -> report, in this process, with the shouting inspector."""

    def run(content, *, limits=Limits(), jobs=0, **code):
        team = registry.load(extension.write(tmp_path / "ext", **code))
        return pipeline.scan(str(make(content)), team, limits, jobs)

    return run


def state(report, name="shout"):
    return next(status for status in report.statuses if status.inspector == name)


def test_a_crash_is_a_gap_of_one_inspector_at_one_member(scan):
    report = scan(
        {"a": b"HELLO", "b": b"HELLO crash", "c": b"HELLO"},
        inspect="if b'crash' in member.head: raise ValueError('4111')",
    )
    assert [(g.location.path, g.reason, g.inspector) for g in report.gaps] == [("b", "crashed", "shout")]
    assert [f.location.path for f in report.findings if f.rule == "shout.loud"] == ["a", "c"]
    assert state(report).state is State.PARTIAL and state(report).members == 3
    assert report.inventory.root is not None


def test_what_a_crash_says_never_quotes_the_archive(scan):
    report = scan({"a": b"HELLO 4111111111111111"}, inspect="raise ValueError(member.head.decode())")
    (gap,) = report.gaps
    assert gap.detail.startswith("ValueError in shout.py:") and "4111" not in gap.detail


def test_findings_made_before_a_crash_are_kept(scan):
    report = scan({"a": b"HELLO"}, inspect="yield found('shout.loud', member, word='first'); raise KeyError")
    assert len(list(report.findings)) == 1 and len(list(report.gaps)) == 1


def test_a_crash_in_conclude_makes_the_inspector_failed(scan):
    report = scan({"a": b"HELLO"}, conclude="raise ZeroDivisionError")
    assert state(report).state is State.FAILED
    assert report.sections["shout"]["state"] == "failed"


def test_a_row_that_nobody_declared_is_a_crash_and_not_silence(scan):
    report = scan({"a": b"HELLO"}, conclude="from gate.facts.digests import Declared; list(seen.rows(Declared))")
    assert state(report).state is State.FAILED


def test_what_the_walker_could_not_open_makes_every_inspector_partial(scan):
    damaged = bytearray(zipped({"a": b"HELLO", "b": b"x" * 50}, 0))
    damaged[damaged.find(b"x" * 50)] = 0
    report = scan(bytes(damaged))
    assert [(g.location.path, g.reason, g.inspector) for g in report.gaps] == [("b", "corrupt", "archive")]
    assert {status.state for status in report.statuses} == {State.PARTIAL}
    assert len([f for f in report.findings if f.rule == "shout.loud"]) == 1


@pytest.mark.parametrize("content", [b"", bytes(500), b"just some text\n" * 50])
def test_nothing_recognised_is_a_gap_at_the_subject(scan, content):
    report = scan(content)
    assert [(g.location.path, g.reason) for g in report.gaps] == [("", "unsupported")]


def test_an_empty_archive_and_an_empty_folder_are_gaps_too(scan, tmp_path):
    assert [g.reason for g in scan({}).gaps] == ["unsupported"]
    (tmp_path / "empty").mkdir()
    report = pipeline.scan(str(tmp_path / "empty"), registry.load(), Limits(), jobs=1)
    assert [g.reason for g in report.gaps] == ["unsupported"]


def test_readers_are_shared_between_inspectors(scan):
    counted = (
        "import builtins; member.read(builtins.__dict__.setdefault('_r', lambda s: (_calls.append(1), s.size)[1]));"
    )
    report = scan({"a": b"HELLO"}, inspect=f"global _calls; _calls = []; {counted} {counted} assert _calls == [1]")
    assert not list(report.gaps)


def test_a_failed_reader_is_not_run_again_and_fails_for_each_who_asks(scan):
    code = (
        "from gate.core.errors import FormatError; n = []\n"
        "        def reader(source):\n            n.append(1); raise FormatError('no')\n"
        "        for _ in range(3):\n            try: member.read(reader)\n            except FormatError: pass\n"
        "        assert n == [1]"
    )
    assert not list(scan({"a": b"HELLO"}, inspect=code).gaps)


def test_second_look_in_conclude(scan):
    code = (
        "rows = [r.path for r in archive.inventory()]; assert rows == ['n.zip', 'n.zip!/a'], rows\n"
        "        assert archive.open('n.zip!/a').read_at(0, 5) == b'HELLO'"
    )
    report = scan({"n.zip": zipped({"a": b"HELLO"})}, conclude=code)
    assert state(report).state is State.COMPLETE


def test_the_same_archive_gives_the_same_report(scan, make, tmp_path):
    team = registry.load(extension.write(tmp_path / "ext"))
    target = str(make({f"{i}": b"HELLO" for i in range(50)}))
    one, two = (pipeline.scan(target, team, Limits(), jobs) for jobs in (0, 2))
    assert list(one.findings) == list(two.findings) == list(two.findings)
    assert one.inventory == two.inventory


def test_a_target_that_is_not_there_is_a_usage_error():
    with pytest.raises(UsageError, match="No such file"):
        pipeline.scan("/nowhere/at/all", registry.load(), Limits(), 1)


@pytest.mark.parametrize("jobs", [0, 1])
def test_an_inspector_that_exits_is_a_gap_and_not_the_end_of_the_scan(scan, jobs):
    report = scan({"a": b"HELLO", "b": b"quiet"}, inspect="sys.exit(0)", jobs=jobs)
    assert [(g.location.path, g.reason) for g in report.gaps] == [("a", "crashed")]
    assert report.inventory.members == 2
