import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile

import pytest

from gate.archive.budget import Budget
from gate.archive.keep import Keep
from gate.archive.source import Memory, Window, whole
from gate.core.errors import Spent
from gate.core.limits import Limits
from tests.conftest import ROOT

SMALL = Limits(memory_bytes=10, spool_bytes=100)


def kept(memory, spool, *blocks, limits=SMALL):
    keep = Keep(memory, spool, Budget(limits))
    for block in blocks:
        keep.write(block)
    return keep


def test_nothing_is_kept_when_nobody_reads():
    assert kept(False, False, b"12345").source() is None


@pytest.mark.parametrize("spool", [False, True])
def test_small_members_stay_in_memory(spool):
    source = kept(True, spool, b"12345", b"67890").source()
    assert isinstance(source, Memory)
    assert whole(source, 10) == b"1234567890"


def test_larger_ones_are_let_go_when_they_can_be_unpacked_again():
    assert kept(True, False, b"12345", b"678901").source() is None


def test_larger_ones_are_spooled_when_readers_jump():
    keep = kept(True, True, b"12345", b"678901", b"more")
    source = keep.source()
    assert isinstance(source, Window)
    assert whole(source, 100) == b"12345678901more"
    keep.close()


def test_the_spool_has_a_budget_and_what_was_written_stays_readable():
    keep = kept(True, True, b"12345678901")
    with pytest.raises(Spent, match="disk"):
        keep.write(bytes(90))
    assert whole(keep.source(), 100) == b"12345678901"
    keep.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_a_budget_that_ran_out(monkeypatch, code):
    class Full:
        def write(self, block):
            raise OSError(code, "full")

        def close(self):
            pass

        def fileno(self):
            raise AssertionError("nothing was written")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(Spent, match="TMPDIR"):
        kept(True, True, b"12345678901")


def test_other_errors_of_the_disk_are_not_taken_for_a_budget(monkeypatch):
    class Broken:
        def write(self, block):
            raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(tempfile, "TemporaryFile", Broken)
    with pytest.raises(OSError, match="broken"):
        kept(True, True, b"12345678901")


SCRIPT = """
import resource, sys
from tests.walking import look
from gate.core.limits import Limits
from fixtures.archive import zips
data = zips.build([zips.Item(b"big.zip", zips.simple({"a": bytes(3_000_000)}), 8), zips.Item(b"small", b"1", 8)])
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
walked = look(data, Limits(memory_bytes=1000))
print(sorted(walked.members), walked.gaps)
"""


def test_a_file_size_limit_costs_one_member_and_leaves_nothing_behind(tmp_path):
    def ignore():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, preexec_fn=ignore)
    assert done.stdout == "['', 'big.zip', 'small'] [('big.zip', 'budget')]\n", done.stderr
    assert os.listdir(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 500_000
