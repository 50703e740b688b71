import os
import socket
import subprocess
import time

import pytest

from gate.archive import directory
from gate.core.errors import NotExamined
from tests.walking import look, opened

SHELL = "find . -type f | cut -c3- | LC_ALL=C sort | xargs -r -d '\\n' sha256sum | sha256sum"


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "folder"
    for name, data in {"b": b"1", "a/x": b"2", "a/y/z": b"3", "a-b": b"4", "é": b"5", "empty": b""}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def dir_hash(path):
    with opened(path) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        return archive.subject().digest.get("dirHash")


def shell(path):
    return subprocess.run(["bash", "-c", SHELL], cwd=path, capture_output=True, text=True, check=True).stdout.split()[0]


def test_all_files_in_an_order_that_is_the_same_for_everyone(folder):
    walked = look(folder)
    assert list(walked.members.items()) == [
        ("a-b", b"4"), ("b", b"1"), ("empty", b""), ("é", b"5"), ("a/x", b"2"), ("a/y/z", b"3")
    ]  # fmt: skip
    assert walked.clean


def test_dir_hash_is_that_of_the_shell(folder):
    (folder / "with space #%").write_bytes(b"6")
    os.symlink("b", folder / "link")
    with open(os.path.join(os.fsencode(folder), b"\xff\xfe"), "wb") as file:
        file.write(b"7")
    assert dir_hash(folder) == shell(folder)


def test_dir_hash_of_an_empty_folder(tmp_path):
    assert dir_hash(tmp_path) == shell(tmp_path)


def test_dir_hash_is_absent_where_a_name_has_a_line_feed(folder):
    (folder / "a\nb").write_bytes(b"")
    assert dir_hash(folder) is None
    assert "a%0Ab" in look(folder).members


@pytest.mark.parametrize(("target", "data"), [("b", b"1"), ("a/../b", b"1"), ("./a/x", b"2"), ("a/y/../../é", b"5")])
def test_a_link_inside_is_another_name_of_its_file(folder, target, data):
    before = dir_hash(folder)
    os.symlink(target, folder / "link")
    os.symlink("../../link", folder / "a" / "y" / "link of a link")
    walked = look(folder)
    assert walked.members["link"] == walked.members["a/y/link of a link"] == data
    assert walked.clean and dir_hash(folder) == before


def test_a_link_to_a_folder_brings_nothing_of_its_own(folder):
    os.symlink("a", folder / "link")
    walked = look(folder)
    assert walked.clean and len(walked.members) == 6


@pytest.mark.parametrize("target", ["nowhere", "a/nowhere", "b/x", "link"])
def test_a_link_to_nothing_is_a_gap(folder, target):
    os.symlink(target, folder / "link")
    walked = look(folder)
    assert walked.gaps == [("link", "unreadable")] and dir_hash(folder) is None


def test_the_cache_of_the_hub_is_read_under_the_names_that_loaders_use(tmp_path):
    blob = tmp_path / "blobs" / "0123"
    blob.parent.mkdir()
    blob.write_bytes(b"pillow==9.0.0\n")
    snapshot = tmp_path / "snapshots" / "abcdef"
    snapshot.mkdir(parents=True)
    os.symlink("../../blobs/0123", snapshot / "requirements.txt")
    walked = look(tmp_path)
    assert walked.clean
    assert walked.members["snapshots/abcdef/requirements.txt"] == blob.read_bytes()
    assert look(snapshot).gaps == [("requirements.txt", "unsupported")]


def test_a_linked_file_is_found_again(folder):
    os.symlink("a/x", folder / "link")
    with opened(folder) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        assert archive.open("link").read_at(0, 9) == b"2"


def test_links_do_not_raise_the_budget(folder):
    for i in range(50):
        os.symlink("b", folder / f"l{i}")
    with opened(folder) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        assert archive.budget.input == 5


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "a/../../secret", "way", "a/up/../secret"])
def test_links_out_are_gaps_and_never_followed(folder, tmp_path, target):
    (tmp_path / "secret").write_bytes(b"SECRET")
    os.symlink(target, folder / "link")
    if target == "way":
        os.symlink("../../secret", folder / "a" / "out")
        os.symlink("a/out", folder / "way")
    if target == "a/up/../secret":
        os.symlink("..", folder / "a" / "up")
    walked = look(folder)
    assert ("link", "unsupported") in walked.gaps and walked.reasons == {"unsupported"}
    assert b"SECRET" not in walked.members.values()
    assert dir_hash(folder) is None


def test_a_loop_of_links_ends(folder):
    os.symlink(".", folder / "a" / "loop")
    os.symlink("..", folder / "a" / "up")
    assert look(folder).clean


def test_pipes_and_sockets_are_refused_without_waiting(folder):
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        start = time.monotonic()
        assert look(folder).gaps == [("fifo", "unsupported"), ("socket", "unsupported")]
        assert time.monotonic() - start < 5


def refused(monkeypatch, name):
    """os.open refuses one name, as it would for somebody without the right; root may read everything."""
    real = os.open

    def open_(path, *arguments, **options):
        if os.path.basename(path) == name:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_)


@pytest.mark.parametrize(("name", "path", "left"), [(b"b", "b", 5), (b"a", "a", 4)])
def test_what_may_not_be_read_is_a_gap_and_the_rest_is_read(folder, monkeypatch, name, path, left):
    refused(monkeypatch, name)
    walked = look(folder)
    assert walked.gaps == [(path, "unreadable")]
    assert len(walked.members) == left
    assert walked.digest is None


def test_a_file_that_vanishes_costs_itself_only(folder):
    with opened(folder) as archive:
        walk = archive.children(lambda _: 1)
        next(walk)
        (folder / "b").unlink()
        rest = list(walk)
    assert sum(hasattr(item, "sha256") for item in rest) == 4
    assert [str(item.reason) for item in rest if hasattr(item, "reason")] == ["unreadable"]


def test_a_file_swapped_for_a_link_is_not_followed(folder, tmp_path, monkeypatch):
    (tmp_path / "secret").write_bytes(b"SECRET")
    real = os.stat

    def stat(path, **options):
        result = real(path, **options)
        if path == b"b" and not os.path.islink(folder / "b"):
            os.unlink(folder / "b")
            os.symlink(tmp_path / "secret", folder / "b")
        return result

    with opened(folder) as archive:
        monkeypatch.setattr(os, "stat", stat)
        found = list(archive.children(lambda _: 1))
        monkeypatch.setattr(os, "stat", real)
        assert [str(gap.reason) for gap in archive.changed()] == ["changed"]
    assert [str(item.reason) for item in found if hasattr(item, "reason")] == ["unreadable"]


def test_a_file_that_shrinks_while_it_is_read_is_damaged(folder):
    (folder / "big").write_bytes(bytes(300_000))

    def wants(member):
        if member.path == "big":
            os.truncate(folder / "big", 70_000)
        return 1

    with opened(folder) as archive:
        gaps = [item for item in archive.children(wants) if hasattr(item, "reason")]
        assert [(gap.location.path, str(gap.reason)) for gap in gaps] == [("big", "corrupt")]
        assert [str(gap.reason) for gap in archive.changed()] == ["changed"]


@pytest.mark.parametrize("change", ["write", "touch", "add", "remove", "rename", "replace"])
def test_a_snapshot_tells_every_change(folder, change):
    fd = os.open(folder, os.O_RDONLY)
    before = directory.snapshot(fd)
    assert directory.snapshot(fd) == before
    file = folder / "a" / "x"
    if change == "write":
        file.write_bytes(b"9")
    elif change == "touch":
        os.utime(file, (1, 1))
    elif change == "add":
        (folder / "new").write_bytes(b"")
    elif change == "remove":
        file.unlink()
    elif change == "rename":
        file.rename(folder / "a" / "w")
    else:
        (folder / "new").write_bytes(b"2")
        os.replace(folder / "new", file)
    assert directory.snapshot(fd) != before
    os.close(fd)


@pytest.mark.parametrize(("levels", "name"), [(150, "d" * 200), (3000, "d")], ids=["long", "deep"])
def test_a_very_deep_folder_is_walked_to_its_bottom(tmp_path, levels, name):
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
        with open("f", "wb") as file:
            file.write(b"1")
    finally:
        os.chdir(here)
    try:
        walked = look(tmp_path)
        assert list(walked.members.values()) == [b"1"] and walked.gaps == []
        assert {rule for _, rule in walked.findings} == {"archive.unportable-name"}
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path)], check=True)


def test_a_path_beyond_all_bounds_is_a_gap(folder, monkeypatch):
    monkeypatch.setattr(directory, "_LONGEST", 2)
    assert look(folder).gaps == [("a/y", "too-deep")]


def test_a_folder_swapped_for_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_bytes(b"SECRET")
    with opened(folder) as archive:
        walk = archive.children(lambda _: 1)
        found = [next(walk)]
        os.rename(folder / "a", folder / "was")
        os.symlink(tmp_path / "elsewhere", folder / "a")
        found += walk
    assert not any(getattr(item, "head", b"") == b"SECRET" for item in found)
    assert "unreadable" in [str(item.reason) for item in found if hasattr(item, "reason")]


def test_what_was_opened_is_closed(folder):
    before = len(os.listdir("/proc/self/fd"))
    look(folder)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_member_is_found_again_by_its_name(folder):
    with opened(folder) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        assert archive.open("a/y/z").read_at(0, 9) == b"3"
        with pytest.raises(NotExamined):
            archive.open("no such file")
