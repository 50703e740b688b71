"""Every hostile pickle is scanned under an audit hook: nothing is imported, executed, opened or connected."""

import json
import subprocess
import sys

from tests.conftest import ROOT

# First everything is loaded that gate itself needs; from then on an event is an escape (PEP 578).
SCRIPT = r"""
import json, os, sys
sys.path.insert(0, sys.argv[1])
from fixtures.serialization.benign import BENIGN, QUIET
from fixtures.serialization.malicious import DANGEROUS, UNKNOWN
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.inspectors.serialization import inspector
from gate.loading.names import advisories

advisories("pip.main", "call")
def look(data):
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member("x", Entry(b"x", None, window=Memory(data, budget)), budget)
    return list(inspector.inspect(member)) if inspector.wants(member) is not None else []

for data in (BENIGN["npy-objects"], BENIGN["joblib"], BENIGN["python-2-object"], b"\x80\x02Va\u0062\n."):
    look(data)
bad = ("import", "exec", "open", "os.", "subprocess.", "socket.", "pickle.", "marshal.", "ctypes.", "shutil.", "tempfile.")
seen, said = [], 0
def hook(event, args):
    if event.startswith(bad):
        seen.append([event, repr(args)[:100]])
sys.addaudithook(hook)
for data in (*DANGEROUS.values(), *UNKNOWN.values(), *BENIGN.values(), *QUIET.values()):
    said += len(look(data))
events = list(seen)
print(json.dumps([said, events]))
"""


def test_scanning_every_case_fires_nothing(tmp_path) -> None:
    command = [sys.executable, "-P", "-c", SCRIPT, str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    said, events = json.loads(run.stdout)
    assert said > 400
    assert events == []
    assert list(tmp_path.iterdir()) == []
