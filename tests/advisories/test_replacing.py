from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fixtures.advisories.build import affects, feed, record
from gate.advisories import replacing
from gate.advisories.database import open_database
from gate.advisories.importing import import_feed
from gate.advisories.replacing import previous, renew, restore
from gate.core.errors import UsageError
from tests.advisories.model import NOW


@pytest.fixture
def load(tmp_path):
    """load(fixed in) -> the path of the data base."""

    def run(fixed):
        (tmp_path / "feed.zip").write_bytes(feed(record("X-1", affects("a", "introduced 0", f"fixed {fixed}"))))
        import_feed(str(tmp_path / "feed.zip"), str(tmp_path / "to" / "db"), now=NOW)
        return str(tmp_path / "to" / "db")

    return run


def fixed(path):
    with open_database(path) as database:
        return str(database._entries("a")[0].fixes[0])


def names(path):
    return sorted(os.listdir(os.path.dirname(path)))


def test_the_one_before_is_kept_and_there_is_a_way_back_and_forth(load):
    path = load("1")
    assert names(path) == ["db"]
    load("2")
    load("3")
    assert (fixed(path), fixed(previous(path)), names(path)) == ("3", "2", ["db", "db.previous"])
    restore(path)
    assert (fixed(path), fixed(previous(path)), names(path)) == ("2", "3", ["db", "db.previous"])
    restore(path)
    assert fixed(path) == "3"


def test_the_same_records_again_do_not_take_the_way_back_away(load):
    path = load("1")
    load("2")
    load("2")
    assert fixed(previous(path)) == "1"


def test_there_is_nothing_to_go_back_to_where_it_is_none_or_damaged(load):
    path = load("1")
    with pytest.raises(UsageError, match="nothing to go back to"):
        restore(path)
    load("2")
    Path(previous(path)).write_bytes(b"damaged")
    with pytest.raises(UsageError, match="nothing to go back to"):
        restore(path)
    assert fixed(path) == "2"


def test_without_the_first_the_second_takes_its_place(load):
    path = load("1")
    load("2")
    os.unlink(path)
    restore(path)
    assert (fixed(path), names(path)) == ("1", ["db"])


def test_where_there_are_no_links_it_is_copied(load, monkeypatch):
    def link(*args, **options):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    load("1")
    path = load("2")
    assert (fixed(path), fixed(previous(path)), names(path)) == ("2", "1", ["db", "db.previous"])


@pytest.mark.parametrize("step", [0, 1])
def test_there_is_a_data_base_at_every_moment(load, monkeypatch, step):
    path, real, calls = load("1"), os.replace, []

    def stop(source, target):
        calls.append(target)
        if len(calls) == step + 1:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", stop)
        load("2")
    assert fixed(path) == ("1" if step == 0 else "2") and names(path) == ["db"]


def test_looking_again_in_vain_says_when_and_changes_nothing_else(load):
    path = load("1")
    with open_database(path) as database:
        before, records = database.facts, dict(database.records())
    renew(path, "2026-03-09T00:00:00Z", '"2"', "then")
    with open_database(path) as database:
        after = database.facts
        assert dict(database.records()) == records
    assert (after.fetched, after.etag, after.last_modified) == ("2026-03-09T00:00:00Z", '"2"', "then")
    assert (after.data_time, after.records, after.record_seal) == (before.data_time, before.records, before.record_seal)
    assert fixed(path) == "1" and names(path) == ["db"]


def test_a_full_disk_while_it_is_said_leaves_it_as_it_was(load, monkeypatch):
    path = load("1")
    whole = Path(path).read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(replacing.shutil, "copyfile", full)
    with pytest.raises(replacing.OutOfSpace):
        renew(path, "2026-03-09T00:00:00Z", "", "")
    assert Path(path).read_bytes() == whole and names(path) == ["db"]


def test_something_else_where_the_one_before_is_kept_stops_it_in_time(load):
    path = load("1")
    os.mkdir(previous(path))
    with pytest.raises(UsageError, match="not a file of its own"):
        load("2")
    assert fixed(path) == "1" and names(path) == ["db", "db.previous"]
