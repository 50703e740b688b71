"""What is read back is what this user alone wrote, or nothing."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from gate.adapters.private_files import PrivateFiles
from tests.conftest import ROOT

BODY = b"code" * 1000


@pytest.fixture
def files(tmp_path):
    own = PrivateFiles(str(tmp_path / "a" / "b" / "policy"))
    own.write("x", BODY)
    return own


def at(files, name="x"):
    return os.path.join(files.folder, name)


def sealed(body):
    return hashlib.sha256(body).digest() + body


def test_what_was_written_is_read_and_nobody_else_may(files):
    assert files.read("x") == BODY and files.read("y") is None
    assert stat.S_IMODE(os.stat(files.folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(at(files)).st_mode) == 0o600
    assert os.listdir(files.folder) == ["x"]
    files.write("x", b"other")
    assert files.read("x") == b"other"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o707, 0o720, 0o701])
def test_a_folder_that_others_may_enter_is_not_used(files, mode):
    os.chmod(files.folder, mode)
    assert files.read("x") is None
    files.write("y", BODY)
    assert os.listdir(files.folder) == ["x"]


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602, 0o755])
def test_a_file_that_others_may_read_or_write_is_not_believed(files, mode):
    os.chmod(at(files), mode)
    assert files.read("x") is None


def test_a_link_is_followed_neither_to_a_folder_nor_to_a_file(files, tmp_path):
    os.rename(files.folder, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", files.folder)
    assert files.read("x") is None
    files.write("y", BODY)
    assert os.listdir(tmp_path / "elsewhere") == ["x"]
    os.unlink(files.folder)
    os.rename(tmp_path / "elsewhere", files.folder)
    os.symlink(at(files), at(files, "y"))
    assert files.read("y") is None and files.read("x") == BODY


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_left_alone(files, tmp_path):
    (tmp_path / "mine").write_bytes(b"precious")
    os.symlink(tmp_path / "mine", at(files, "y"))
    files.write("y", BODY)
    assert files.read("y") == BODY and (tmp_path / "mine").read_bytes() == b"precious"


def test_a_second_name_for_a_file_makes_it_doubtful(files, tmp_path):
    os.link(at(files), tmp_path / "second")
    assert files.read("x") is None


@pytest.mark.parametrize("who", ["folder", "file"])
def test_what_belongs_to_somebody_else_is_not_believed(files, who, monkeypatch):
    """As when root runs gate with the home of a user."""
    real, folder = os.fstat, os.stat(files.folder).st_ino

    def fstat(fd):
        info = real(fd)
        other = (info.st_ino == folder) == (who == "folder")
        fields = ("st_mode", "st_nlink", "st_size")
        return SimpleNamespace(**{name: getattr(info, name) for name in fields}, st_uid=os.geteuid() + other)

    monkeypatch.setattr(os, "fstat", fstat)
    assert files.read("x") is None


@pytest.mark.parametrize(
    "data", [b"", b"short", BODY, sealed(BODY)[:-1], sealed(BODY) + b"x", bytes(32) + BODY, sealed(BODY)[:32]]
)
def test_what_was_cut_or_changed_is_not_there(files, data):
    with open(at(files), "wb") as file:
        file.write(data)
    assert files.read("x") is None


def test_more_than_anybody_wrote_is_not_read(files):
    os.truncate(at(files), 2**24 + 1)
    assert files.read("x") is None


def test_a_pipe_is_not_waited_for(files):
    os.mkfifo(at(files, "y"), 0o600)
    assert files.read("y") is None
    with socket.socket(socket.AF_UNIX) as end:
        here = os.getcwd()
        os.chdir(files.folder)  # the name of a socket is short
        try:
            end.bind("z")
        finally:
            os.chdir(here)
        os.chmod(at(files, "z"), 0o600)
        assert files.read("z") is None
    os.mkdir(at(files, "d"), 0o700)
    assert files.read("d") is None


def test_only_the_newest_are_kept(files):
    for age, name in enumerate("abcdef"):
        files.write(name, BODY)
        os.utime(at(files, name), (2**30 + age, 2**30 + age))
    assert sorted(os.listdir(files.folder)) == ["d", "e", "f", "x"]


def test_what_is_written_now_stays_whatever_the_clock_said_before(files):
    for name in "abcdef":
        files.write(name, BODY)
        os.utime(at(files, name), (2**31, 2**31))
    files.write("g", BODY)
    assert files.read("g") == BODY and len(os.listdir(files.folder)) == 4


@pytest.mark.parametrize("where", ["file/policy", "file/deep/policy", "/proc/nowhere/policy"])
def test_where_nothing_can_be_written_nothing_is_said(tmp_path, where):
    (tmp_path / "file").write_bytes(b"")
    files = PrivateFiles(os.path.join(tmp_path, where))
    files.write("x", BODY)
    assert files.read("x") is None


def test_root_makes_no_folder_in_the_home_of_a_user(tmp_path, monkeypatch):
    """As `sudo gate` with HOME kept would; the user could not write there afterwards."""
    home = tmp_path / "home"
    home.mkdir()
    real = os.stat

    def stat(path, **options):
        info = real(path, **options)
        return SimpleNamespace(st_uid=1000) if path == str(home) else info

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "stat", stat)
    PrivateFiles(str(home / ".cache" / "mlgate" / "policy")).write("x", BODY)
    assert os.listdir(home) == []


def test_writers_at_the_same_time_leave_one_whole_file(files):
    bodies = [bytes([n]) * 300_000 for n in range(8)]
    seen = set()

    def write(body):
        for _ in range(10):
            files.write("y", body)
            seen.add(files.read("y"))

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= {*bodies, None} and files.read("y") in bodies
    assert len(os.listdir(files.folder)) <= 4


def test_a_full_disk_leaves_nothing_behind(files):
    code = f"""
import resource, signal
from gate.adapters.private_files import PrivateFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
PrivateFiles({files.folder!r}).write("y", {BODY!r})
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert os.listdir(files.folder) == ["x"]
