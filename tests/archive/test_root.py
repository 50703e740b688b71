import os

import pytest

from gate.sources.local import open_local


@pytest.fixture
def subject(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"12345")
    return path


def swap(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.replace(other, path)


CHANGES = {
    "write": lambda path: path.write_bytes(b"54321"),
    "grow": lambda path: path.write_bytes(b"123456"),
    "touch": lambda path: os.utime(path, (1, 1)),
    "swap": swap,
    "remove": lambda path: path.unlink(),
    "link": lambda path: (path.unlink(), path.symlink_to("/dev/null")),
    "chmod": lambda path: path.chmod(0o777),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_every_change_of_a_file_or_its_path_is_seen(subject, change):
    root = open_local(str(subject))
    assert not root.changed()
    CHANGES[change](subject)
    assert root.changed()
    root.close()


def test_a_folder_that_is_swapped_for_its_copy_is_seen(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "a").write_bytes(b"1")
    root = open_local(str(one))
    assert not root.changed()
    one.rename(tmp_path / "away")
    two.rename(one)
    assert root.changed()
    root.close()


def test_a_file_that_is_swapped_while_it_is_opened_is_seen(subject, monkeypatch):
    real = os.open

    def late(path, *arguments, **options):
        fd = real(path, *arguments, **options)
        swap(subject)
        return fd

    monkeypatch.setattr(os, "open", late)
    root = open_local(str(subject))
    assert root.changed()
    root.close()


def test_reading_is_no_change(subject):
    root = open_local(str(subject))
    assert os.pread(root.fd, 10, 0) == subject.read_bytes()
    assert not root.changed()
    root.close()
