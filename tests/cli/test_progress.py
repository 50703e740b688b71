"""What a terminal shows while a scan runs, and that nothing else ever does."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from gate import pipeline
from gate.core.limits import Limits
from gate.registry import Registry


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "big.zip"
    with zipfile.ZipFile(path, "w") as file:
        for i in range(4):
            file.writestr(f"weights/{i}.bin", os.urandom(2**20) * 64)
    return path


def terminal(*command: str) -> bytes:
    """Standard error of a command, which is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not block:
            break
        seen += block
    os.close(ours)
    process.wait()
    return seen


def test_a_terminal_is_told_how_far_it_is_and_is_wiped_in_the_end(archive: Path) -> None:
    seen = terminal(sys.executable, "-m", "gate", "scan", str(archive))
    assert b"members, " in seen and b" GB read or unpacked" in seen
    assert seen.endswith(b"\r\x1b[K")


@pytest.mark.parametrize("option", ["--no-progress", "-q"])
def test_who_does_not_want_it_sees_nothing(archive: Path, option: str) -> None:
    assert terminal(sys.executable, "-m", "gate", "scan", str(archive), option) == b""


def test_what_is_no_terminal_gets_no_line(archive: Path) -> None:
    command = [sys.executable, "-m", "gate", "scan", str(archive)]
    assert subprocess.run(command, capture_output=True, check=False).stderr == b""


def test_the_first_word_comes_at_once_and_bytes_only_grow(archive: Path) -> None:
    begin, heard = time.monotonic(), []

    def tell(members: int, read: int) -> None:
        heard.append((time.monotonic() - begin, members, read))

    pipeline.scan(str(archive), Registry({}, {}, ""), Limits(), 1, tell)
    assert heard[0][0] < 5  # half a second on a quiet machine
    assert [read for _, _, read in heard] == sorted(read for _, _, read in heard)
    assert heard[-1][1] == 4
