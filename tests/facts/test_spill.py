import os
import tempfile
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import OutOfSpace
from gate.facts import spill
from gate.facts.spill import Spill


@pytest.fixture
def small(monkeypatch):
    """Runs of 8 rows in chunks of 3, so that a few dozen rows spill."""
    monkeypatch.setattr(spill, "_RUN", 8)
    monkeypatch.setattr(spill, "_CHUNK", 3)


def filled(rows, key=None):
    result = Spill(key)
    for row in rows:
        result.add(row)
    return result


rows = st.lists(st.tuples(st.text("abc", max_size=3), st.integers(0, 3)), max_size=60)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows)
def test_rows_come_sorted_as_often_as_one_likes(given_rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "_RUN", 8)
        patch.setattr(spill, "_CHUNK", 3)
        kept = filled(given_rows)
        assert list(kept) == list(kept) == sorted(given_rows)
        assert kept.count == len(given_rows)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows, st.text("abc", max_size=3))
def test_a_row_is_found_by_the_beginning_of_its_key(given_rows, name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "_RUN", 8)
        patch.setattr(spill, "_CHUNK", 3)
        found = filled(given_rows).find((name,))
    assert (found is None) == all(row[0] != name for row in given_rows)
    assert found is None or found[0] == name


def test_rows_sort_by_a_key(small):
    rows = [(i % 5, -i) for i in range(30)]
    assert list(filled(rows, itemgetter(1))) == sorted(rows, key=itemgetter(1))


def test_memory_holds_one_run_and_nothing_lies_in_the_folder(small, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = filled([(str(i), i) for i in range(1000)])
    assert len(kept._run) < 8
    assert os.listdir(tmp_path) == []
    assert len(list(kept)) == 1000


def test_the_file_is_closed_with_the_rows(small):
    before = len(os.listdir("/proc/self/fd"))
    kept = filled([(str(i), i) for i in range(100)])
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del kept
    assert len(os.listdir("/proc/self/fd")) == before


def test_drained_rows_are_all_and_forgotten_with_their_file(small):
    before = len(os.listdir("/proc/self/fd"))
    kept = filled([(str(i), i) for i in range(100)])
    assert sorted(kept.drain()) == sorted((str(i), i) for i in range(100))
    assert (kept.count, list(kept), kept.find(("1",))) == (0, [], None)
    assert len(os.listdir("/proc/self/fd")) == before
    for i in range(20):
        kept.add(("x", i))
    assert list(kept) == [("x", i) for i in range(20)]


def test_a_forked_copy_writes_into_a_file_of_its_own(small):
    kept = filled([("parent", i) for i in range(20)])
    child = os.fork()
    if child == 0:
        kept.drain()
        for i in range(50):
            kept.add(("child", i))
        os._exit(0)
    os.waitpid(child, 0)
    assert list(kept) == [("parent", i) for i in range(20)]


def test_a_full_disk_is_out_of_space(small, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OutOfSpace, match="TMPDIR"):
        filled([("a", i) for i in range(8)])


def test_short_writes_are_continued(small, monkeypatch):
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, blob, at: real(fd, blob[:7], at))
    assert list(filled([("a", i) for i in range(30)])) == [("a", i) for i in range(30)]
