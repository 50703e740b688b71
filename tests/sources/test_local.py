import os
import time

import pytest

from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.sources import open_target
from gate.sources.local import open_local


def test_a_file_is_opened_with_its_name_and_size(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"12345")
    root = open_target(str(path), Limits())
    assert (root.name, root.folder, root.size, root.path) == ("model.pt", False, 5, str(path))
    assert os.pread(root.fd, 10, 0) == b"12345"
    root.close()


def test_a_folder_is_opened_with_its_name(tmp_path):
    for name in (str(tmp_path), f"{tmp_path}/", f"{tmp_path}/."):
        root = open_local(name)
        assert (root.name, root.folder) == (tmp_path.name, True)
        root.close()


def test_a_link_to_the_target_is_followed(tmp_path):
    (tmp_path / "model").write_bytes(b"1")
    os.symlink("model", tmp_path / "latest")
    root = open_local(str(tmp_path / "latest"))
    assert (root.name, root.size) == ("latest", 1)
    assert not root.changed()
    root.close()


def test_a_target_that_is_not_there_is_told_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="No such file") as error:
        open_local(str(tmp_path / "nothing"))
    assert "\n" not in str(error.value) and error.value.__cause__ is not None


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_neither_file_nor_folder_is_refused_without_waiting(tmp_path, kind):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    before, start = len(os.listdir("/proc/self/fd")), time.monotonic()
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        open_local("/dev/null" if kind == "device" else str(path))
    assert time.monotonic() - start < 5
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_unreadable_target_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match="Permission denied"):
        open_local(str(tmp_path))
