import io
import os
import sys

import pytest

from gate.core.errors import OutOfSpace, UsageError
from gate.core.limits import Limits
from gate.sources import open_target, stdin


def given(monkeypatch, data, tty=False):
    text = io.TextIOWrapper(io.BytesIO(data))
    monkeypatch.setattr(text, "isatty", lambda: tty, raising=False)
    monkeypatch.setattr(sys, "stdin", text)


@pytest.mark.parametrize("size", [0, 5, 3 * 2**20 + 1])
def test_everything_is_kept_in_a_file_without_a_name(monkeypatch, tmp_path, size):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given(monkeypatch, bytes(size))
    root = open_target("-", Limits())
    assert (root.name, root.folder, root.size, root.path) == ("stdin", False, size, None)
    assert os.pread(root.fd, size + 1, 0) == bytes(size)
    assert os.listdir(tmp_path) == []
    assert not root.changed()
    root.close()


def test_a_terminal_is_refused(monkeypatch):
    given(monkeypatch, b"", tty=True)
    with pytest.raises(UsageError, match="terminal"):
        stdin.open_stdin(Limits())
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="terminal"):
        stdin.open_stdin(Limits())


def test_more_than_may_be_kept_is_refused_as_a_whole(monkeypatch):
    given(monkeypatch, bytes(101))
    with pytest.raises(OutOfSpace, match="spool_bytes"):
        stdin.open_stdin(Limits(spool_bytes=100))
    given(monkeypatch, bytes(101))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 200}))
    with pytest.raises(OutOfSpace, match="TMPDIR"):
        stdin.open_stdin(Limits())


def test_a_full_disk_is_told(monkeypatch):
    class Full(io.BytesIO):
        def write(self, block):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    given(monkeypatch, b"1")
    with pytest.raises(OutOfSpace, match="No space left"):
        stdin.open_stdin(Limits())
