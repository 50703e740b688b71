"""A scan that is killed leaves nothing behind: what it unpacks to disk never has a name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SPOOLING = """
import sys, time
from fixtures.archive import streams, tars, zips
from gate.archive.member import Need
from gate.core.limits import Limits
from tests.walking import opened
inner = zips.simple({"a": bytes(3_000_000)})
data = streams.gz(tars.simple({"n.zip": inner}))
with opened(data, Limits(memory_bytes=1000)) as archive:
    for member in archive.children(lambda member: Need.SEEK):
        if archive.budget.spooled:
            print("spooled", archive.budget.spooled, flush=True)
            time.sleep(60)
"""
PIPED = """
import sys
from gate.core.limits import Limits
from gate.sources import stdin
stdin._BLOCK = 1000
read = sys.stdin.buffer.read
class Slow:
    def isatty(self): return False
    class buffer:
        taken = 0
        @classmethod
        def read(cls, n):
            cls.taken += 1
            if cls.taken == 300:
                print("spooled", flush=True)
                __import__("time").sleep(60)
            return bytes(n)
sys.stdin = Slow()
stdin.open_stdin(Limits())
"""


@pytest.mark.parametrize("script", [SPOOLING, PIPED], ids=["member", "standard input"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_scan_leaves_no_file(tmp_path, script, how):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"spooled")
        assert os.listdir(tmp_path) == []
        process.send_signal(how)
        assert process.wait(20) == -how
    assert os.listdir(tmp_path) == []
