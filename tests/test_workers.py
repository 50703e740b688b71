"""Worker processes: the same answer as without, and what dies or hangs costs one member."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import multiprocessing
import os
import tarfile
import time
from pathlib import Path

import pytest

from gate import pipeline, registry, workers
from gate.core.errors import OutOfSpace
from gate.core.limits import Limits
from tests import extension
from tests.conftest import zipped


def tar_gz(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def folder(tmp_path, files):
    for name, data in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "folder"


def said(report):
    """Everything that must not depend on the number of workers."""
    return (
        list(report.findings),
        [(g.location, g.reason, g.inspector) for g in report.gaps],
        list(report.facts),
        report.statuses,
        report.sections,
        report.inventory,
        report.subject,
    )


def many(n=300, **extra):
    """Enough top-level members for several blocks, some of them archives."""
    files = {f"{i:04}.txt": b"HELLO %d" % i if i % 7 == 0 else b"quiet %d" % i for i in range(n)}
    files["nested.zip"] = zipped({"a": b"HELLO", "deeper.zip": zipped({"b": b"HELLO"})})
    return files | extra


@pytest.fixture
def team(tmp_path):
    def load(inspect="pass", conclude="pass"):
        return registry.load(extension.write(tmp_path / f"ext{len(os.listdir(tmp_path))}", inspect, conclude))

    return load


@pytest.mark.parametrize("shape", ["zip", "tar.gz", "folder"])
def test_any_number_of_workers_gives_the_same_report(make, team, tmp_path, shape):
    files, crew = many(), team()
    target = {
        "zip": lambda: make(files),
        "tar.gz": lambda: make(tar_gz(files)),
        "folder": lambda: folder(tmp_path, files),
    }
    path = str(target[shape]())
    alone = said(pipeline.scan(path, crew, Limits(), jobs=0))
    assert len(alone[0]) == 45
    for jobs in (1, 2, 3):
        assert said(pipeline.scan(path, crew, Limits(), jobs=jobs)) == alone


@pytest.mark.parametrize("shape", ["zip", "tar.gz", "folder"])
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("sin", "reason"),
    [("os._exit(7)", "crashed"), ("os.abort()", "crashed"), ("time.sleep(99)", "timed-out")],
)
def test_a_worker_that_dies_or_hangs_is_one_gap_and_loses_nothing_else(make, team, tmp_path, shape, jobs, sin, reason):
    files = many(100, **{"0050x.txt": b"HELLO die"})
    crew = team(f"if b'die' in member.head: {sin}")
    target = {
        "zip": lambda: make(files),
        "tar.gz": lambda: make(tar_gz(files)),
        "folder": lambda: folder(tmp_path, files),
    }
    report = pipeline.scan(str(target[shape]()), crew, Limits(member_seconds=0.5), jobs=jobs)
    assert [(g.location.path, g.reason, g.inspector) for g in report.gaps] == [("0050x.txt", reason, "archive")]
    assert [f.location.path for f in report.findings] == [
        *(f"{i:04}.txt" for i in range(0, 100, 7)), "nested.zip!/a", "nested.zip!/deeper.zip!/b"
    ]  # fmt: skip
    assert report.inventory.members == 105
    assert report.inventory.root is None


def test_a_worker_that_dies_at_the_subject_itself_leaves_a_gap_for_the_subject(make, team):
    report = pipeline.scan(str(make(b"HELLO die", "bare.bin")), team("os._exit(3)"), Limits(), jobs=1)
    assert [(g.location.path, g.reason) for g in report.gaps] == [("", "crashed")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_deaths_in_one_block_are_two_gaps(make, team, jobs):
    files = many(100, **{"0003x": b"HELLO die", "0005x": b"HELLO die"})
    report = pipeline.scan(str(make(files)), team("if b'die' in member.head: os._exit(1)"), Limits(), jobs=jobs)
    assert sorted(g.location.path for g in report.gaps) == ["0003x", "0005x"]
    assert report.inventory.members == 106


def test_the_first_members_are_shared_one_by_one(make, team):
    """The weights of a model come first, and a block of them would keep one worker busy for all."""
    crew = team("time.sleep(0.2); yield Shouted(member.path, str(os.getpid()))")
    report = pipeline.scan(str(make({f"{i}": b"HELLO" for i in range(8)})), crew, Limits(), jobs=2)
    pids = [fact.word for fact in report.facts if fact.word != "HELLO"]
    assert len(pids) == 8
    assert min(pids.count(pid) for pid in set(pids)) >= 2 and len(set(pids)) == 2


def test_progress_is_what_counts_not_the_time_since_the_member_began(make, team):
    slow = "s = member.read(lambda source: [(time.sleep(0.2), source.tick()) for _ in range(8)])"
    report = pipeline.scan(str(make({"a": b"HELLO"})), team(slow), Limits(member_seconds=0.6), jobs=1)
    assert not list(report.gaps)
    assert len(list(report.findings)) == 1


def test_many_rows_of_one_member_are_handed_over_while_it_lasts_and_never_twice(make, team):
    loud = "yield from (found('shout.loud', member, at=(i, i + 1), word='w') for i in range(20000))"
    report = pipeline.scan(str(make(many(100))), team(loud), Limits(), jobs=2)
    assert sum(1 for _ in report.findings) == 17 * 20_001


def test_rows_handed_over_before_a_death_are_kept_once(make, team):
    sin = "yield from (found('shout.loud', member, at=(i, i + 1), word='w') for i in range(5000)); "
    files = {f"{i}": b"HELLO" for i in range(5)} | {"5": b"HELLO die"} | {f"{i}": b"HELLO" for i in range(6, 9)}
    report = pipeline.scan(str(make(files)), team(sin + "b'die' in member.head and os._exit(1)"), Limits(), jobs=1)
    count = {}
    for finding in report.findings:
        count[finding.location.path] = count.get(finding.location.path, 0) + 1
    assert {path: n for path, n in count.items() if path != "5"} == {str(i): 5001 for i in range(9) if i != 5}
    assert 0 < count.get("5", 0) < 5001
    assert [g.location.path for g in report.gaps] == ["5"]


def test_a_damaged_listing_is_said_once_however_many_workers_saw_it(make, team):
    damaged = bytearray(zipped(many(200)))
    at = damaged.rfind(b"PK\x01\x02", 0, damaged.rfind(b"PK\x01\x02"))
    damaged[at] = 0
    report = pipeline.scan(str(make(bytes(damaged))), team(), Limits(), jobs=3)
    assert [(g.location.path, g.reason) for g in report.gaps] == [("", "corrupt")]
    assert report.inventory.members >= 199


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_the_archive_says_about_itself_is_kept_once(make, team, jobs):
    files = many(200, **{"0000x": b"HELLO die"})
    crew = team("if b'die' in member.head: os._exit(1)")
    report = pipeline.scan(str(make(b"#!/bin/sh\n" + zipped(files) + b"more")), crew, Limits(), jobs=jobs)
    rules = [f.rule for f in report.findings if f.location.path == ""]
    assert rules == ["archive.data-before-zip", "archive.trailing-data"]


def test_workers_share_one_budget(make, team):
    files = {f"{i:03}.bin": bytes(1000) for i in range(640)}
    report = pipeline.scan(str(make(files)), team(), Limits(expansion_floor_bytes=900_000, expansion_ratio=1), jobs=2)
    reasons = {g.reason for g in report.gaps}
    assert reasons == {"budget"}
    assert 0 < len(list(report.gaps)) < 640  # one budget each would have been enough for all


def test_more_members_than_allowed_each_leave_a_gap(make, team):
    report = pipeline.scan(str(make({f"{i:03}": b"x" for i in range(200)})), team(), Limits(members=150), jobs=1)
    assert [(g.location.path, g.reason) for g in report.gaps] == [(f"{i:03}", "too-many") for i in range(150, 200)]


def test_a_full_temporary_folder_ends_the_scan_with_its_own_error(make, team, monkeypatch):
    from gate.facts import spill

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spill.tempfile, "TemporaryFile", full)
    loud = "yield from (found('shout.loud', member, at=(i, i + 1), word='w') for i in range(20000))"
    for jobs in (0, 1):
        with pytest.raises(OutOfSpace, match="TMPDIR"):
            pipeline.scan(str(make({"a": b"HELLO"})), team(loud), Limits(), jobs=jobs)


def test_the_digest_is_computed_here_when_its_process_was_ended(make, team, monkeypatch):
    monkeypatch.setattr(workers, "_digest", lambda archive, pipe: os._exit(1))
    target = make(many(20))
    report = pipeline.scan(str(target), team(), Limits(), jobs=1)
    assert report.subject.digest == {"sha256": hashlib.sha256(target.read_bytes()).hexdigest()}


def test_a_scan_that_fails_leaves_no_process_behind(make, team, monkeypatch):
    monkeypatch.setattr(workers, "_digest", lambda archive, pipe: time.sleep(60))
    monkeypatch.setattr(workers, "run", lambda *_: (_ for _ in ()).throw(OutOfSpace("full")))
    with pytest.raises(OutOfSpace):
        pipeline.scan(str(make(many(5))), team(), Limits(), jobs=1)
    assert not multiprocessing.active_children()


def test_no_process_is_left_behind(make, team):
    children = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    if not os.path.exists(children):
        pytest.skip("needs /proc")
    before = set(Path(children).read_text().split())  # the process that other tests run the command in
    with contextlib.suppress(OutOfSpace):
        pipeline.scan(str(make(many(100))), team("if b'7' in member.head: os._exit(1)"), Limits(), jobs=3)
    for _ in range(50):
        if set(Path(children).read_text().split()) <= before:
            return
        time.sleep(0.02)
    raise AssertionError(Path(children).read_text())
