"""Whether what was opened is still what lies there."""

import io
import os

import pytest

from gate import sources
from gate.core.limits import Limits
from gate.core.subject import Opened


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(b"model")
    return path


def opened(path):
    root = sources.open_target(str(path), Limits())
    try:
        return root.opened()
    finally:
        root.close()


def test_what_nobody_touched_is_unchanged(file):
    assert sources.unchanged(opened(file)) and sources.unchanged(opened(file.parent))


def append(file):
    with file.open("ab") as stream:
        stream.write(b"!")


def rewrite(file):
    """The same size and the same time of modification."""
    before = file.stat()
    file.write_bytes(b"modem")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(file):
    other = file.parent.parent / f"{file.parent.name}.other"
    other.write_bytes(b"model")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)


def link(file):
    file.rename(file.parent.parent / f"{file.parent.name}.moved")
    file.symlink_to(file.parent.parent / f"{file.parent.name}.moved")


def remove(file):
    file.unlink()


@pytest.mark.parametrize("touch", [append, rewrite, swap, remove])
@pytest.mark.parametrize("folder", [False, True])
def test_what_was_touched_is_not(file, touch, folder):
    state = opened(file.parent if folder else file)
    touch(file)
    assert not sources.unchanged(state)


def test_a_file_that_came_to_a_folder_is_a_change(file):
    state = opened(file.parent)
    (file.parent / "new").write_bytes(b"")
    assert not sources.unchanged(state)


def test_a_link_to_the_same_file_is_seen_by_its_times(file):
    state = opened(file)
    link(file)  # renaming changes the time of the inode
    assert not sources.unchanged(state)


def test_what_was_not_there_when_it_was_opened_never_counts(file):
    assert not sources.unchanged(Opened(str(file), ""))


def test_standard_input_is_a_copy(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b"x")

        def isatty(self):
            return False

    monkeypatch.setattr("sys.stdin", Stdin())
    assert sources.unchanged(opened("-"))
