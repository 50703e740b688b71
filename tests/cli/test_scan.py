"""gate scan as a user runs it: exit codes, one clear line for each mistake, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gate import registry
from tests import extension
from tests.conftest import NOW, ROOT, zipped

CLEAN = {"notes.txt": b"a model of churn", "weights.bin": b"\x00" * 64}


@pytest.fixture
def clean(make):
    return make(CLEAN, "clean.zip")


@pytest.fixture
def loud(make):
    return make({"a": b"HELLO"}, "loud.zip")


@pytest.fixture
def shouting(tmp_path):
    return ("--extension", extension.write(tmp_path / "ext"))


def codes(result):
    return [reason["code"] for reason in json.loads(result.stdout)["decision"]["reasons"]]


def test_a_clean_archive_is_allowed_for_both_stages(gate, clean):
    for stage in ("staging", "production"):
        result = gate("scan", clean, "--stage", stage)
        assert result.returncode == 0, result.stdout
        assert result.stdout.startswith("ALLOW") and result.stderr == ""


def test_an_inspector_from_a_folder_decides(gate, loud, shouting):
    assert gate("scan", loud).returncode == 0
    result = gate("scan", loud, *shouting, "-f", "json")
    assert result.returncode == 1
    (reason,) = json.loads(result.stdout)["decision"]["reasons"]
    assert (reason["code"], reason["action"], reason["subject"]) == ("shout.loud", "deny", "a")
    assert "HELLO" in reason["message"] and reason["remediation"] == "Whisper."


def test_exit_zero_changes_the_exit_code_and_nothing_else(gate, loud, shouting):
    result = gate("scan", loud, *shouting, "--exit-zero")
    assert result.returncode == 0 and result.stdout.startswith("DENY")


def test_with_several_targets_each_has_its_own_outcome_and_the_worst_is_the_exit_code(
    gate, clean, loud, make, shouting
):
    cut = make(zipped({"a": b"1"})[:-25], "cut.zip")
    result = gate("scan", clean, cut, loud, *shouting, "-f", "json")
    outcomes = [json.loads(line)["decision"]["outcome"] for line in result.stdout.splitlines()]
    assert outcomes == ["allow", "inconclusive", "deny"] and result.returncode == 1
    assert gate("scan", clean, cut).returncode == 3
    missing = gate("scan", clean, "/nowhere", "-f", "json")
    assert missing.returncode == 2 and json.loads(missing.stdout)["decision"]["outcome"] == "allow"


def test_an_archive_that_is_too_large_for_its_stage_is_denied(gate, clean, tmp_path):
    data = tmp_path / "site.yaml"
    data.write_text("stages: {production: {limits: {archive_bytes: 100}}}")
    result = gate("scan", clean, "--policy-data", data, "-f", "json")
    assert result.returncode == 1 and codes(result) == ["limits.archive-too-large"]
    assert gate("scan", clean, "--policy-data", data, "--stage", "staging").returncode == 0


def test_standard_input_is_a_target(gate, clean):
    result = gate("scan", "-", "-f", "json", stdin=clean.read_bytes())
    assert result.returncode == 0
    ours, theirs = json.loads(result.stdout)["subject"], json.loads(gate("scan", clean, "-f", "json").stdout)["subject"]
    assert ours["digest"] == theirs["digest"] and ours["name"] == "stdin"


def test_a_folder_is_a_target(gate, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("x")
    result = gate("scan", tmp_path / "model", "-f", "json")
    assert result.returncode == 0 and set(json.loads(result.stdout)["subject"]["digest"]) == {"dirHash"}


@pytest.mark.parametrize("format_", ["text", "json", "sarif"])
@pytest.mark.parametrize("jobs", ["0", "2"])
def test_the_same_inputs_give_the_same_bytes(gate, loud, shouting, format_, jobs):
    once = gate("scan", loud, *shouting, "-f", format_, "--effective-time", NOW)
    again = gate("scan", loud, *shouting, "-f", format_, "--effective-time", NOW, "--jobs", jobs)
    assert once.stdout == again.stdout and once.stdout


def test_files_are_written_beside_what_goes_to_stdout(gate, loud, shouting, tmp_path):
    arguments = ("-f", "json", "-o", f"sarif={tmp_path / 'x.sarif'}", "-o", f"text={tmp_path / 'x.txt'}")
    result = gate("scan", loud, *shouting, *arguments)
    assert json.loads((tmp_path / "x.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "x.txt").read_text().startswith("DENY") and json.loads(result.stdout)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".gate-")]


def test_two_targets_in_one_sarif_are_two_runs(gate, clean, loud, shouting):
    log = json.loads(gate("scan", clean, loud, *shouting, "-f", "sarif").stdout)
    assert [len(run["results"]) for run in log["runs"]] == [0, 1]


MISTAKES = {
    "no such file": (["scan", "/nowhere/m.zip"], "No such file"),
    "no such option": (["scan", "--bogus", "x"], "--bogus"),
    "no target": (["scan"], "TARGET"),
    "no such command": (["bogus"], "bogus"),
    "no such format": (
        ["scan", "{clean}", "-f", "yaml"],
        "there are github, inventory, json, markdown, openvex, sarif, text",
    ),
    "no such output format": (
        ["scan", "{clean}", "-o", "yaml=x"],
        "there are github, inventory, json, markdown, openvex, sarif, text",
    ),
    "output without a path": (["scan", "{clean}", "-o", "json"], "FORMAT=PATH"),
    "output into no folder": (["scan", "{clean}", "-o", "json=/nowhere/x"], "does not exist"),
    "no such limit": (["scan", "{clean}", "--limit", "colour=1"], "no such limit"),
    "a limit that is no number": (["scan", "{clean}", "--limit", "depth=much"], "not a number"),
    "a negative limit": (["scan", "{clean}", "--limit", "depth=-1"], "more than 0"),
    "a time without a zone": (["scan", "{clean}", "--effective-time", "2026-11-21T10:00:00"], "RFC 3339"),
    "a time that is none": (["scan", "{clean}", "--effective-time", "soon"], "RFC 3339"),
    "no waiver file": (["scan", "{clean}", "--waivers", "/nowhere"], "No such file"),
    "no policy data": (["scan", "{clean}", "--policy-data", "/nowhere"], "No such file"),
    "an extension that is none": (["scan", "{clean}", "--extension", "{folder}"], "no rule files"),
    "a colour that is none": (["scan", "{clean}", "--color", "blue"], "auto, always or never"),
    "a device": (["scan", "/dev/null"], "neither a file nor a folder"),
    "no such rule": (["explain", "no.rule"], "no such rule"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(gate, clean, tmp_path, mistake):
    arguments, complaint = MISTAKES[mistake]
    (tmp_path / "empty").mkdir()
    result = gate(*(a.format(clean=clean, folder=tmp_path / "empty") for a in arguments))
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert complaint in result.stderr and result.stderr.count("\n") == 1


def test_rules_policy_and_waivers_from_inside_a_target_are_refused(gate, tmp_path):
    model = tmp_path / "model"
    extension.write(model / "ext")
    (model / "waivers.toml").write_text("")
    (tmp_path / "link.toml").symlink_to(model / "waivers.toml")
    for option, file in (
        ("--waivers", model / "waivers.toml"),
        ("--waivers", tmp_path / "link.toml"),
        ("--extension", model / "ext"),
        ("--policy", model),
        ("--policy-data", model / "waivers.toml"),
    ):
        result = gate("scan", model, option, file)
        assert result.returncode == 2 and "inside the target" in result.stderr


def test_an_output_that_cannot_be_written_leaves_nothing_behind(gate, clean, tmp_path):
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "taken").mkdir()
    result = gate("scan", clean, "-o", f"json={tmp_path / 'dir' / 'taken'}")
    assert result.returncode == 2 and "cannot be written" in result.stderr
    assert os.listdir(tmp_path / "dir") == ["taken"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_standard_output_is_never_exit_0(clean):
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "gate", "scan", str(clean)], stdout=full, stderr=subprocess.PIPE, cwd=ROOT
        )
    assert result.returncode == 2 and b"No space left" in result.stderr and b"Traceback" not in result.stderr


def test_a_reader_that_goes_away_is_never_exit_0(clean):
    command = f"{sys.executable} -m gate scan {clean} -f json; echo $? >&2"
    result = subprocess.run(["bash", "-c", f"({command}) | true"], capture_output=True, text=True, cwd=ROOT)
    assert result.stderr in ("gate: standard output: Broken pipe\n2\n", "0\n")  # 0: it was written before the end


def test_an_unreadable_file_is_exit_2(gate, clean):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    clean.chmod(0)
    result = gate("scan", clean)
    assert result.returncode == 2 and "Permission denied" in result.stderr


HOSTILE = {
    "empty file": (b"", "gap.unsupported"),
    "not an archive": (b"plain words\n" * 20, "gap.unsupported"),
    "truncated": (zipped({"a": b"1" * 100})[:-30], "gap.corrupt"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_end_inconclusive_with_a_reason(gate, make, case):
    content, code = HOSTILE[case]
    result = gate("scan", make(content, "x.bin"), "-f", "json")
    assert result.returncode == 3 and codes(result) == [code] and result.stderr == ""


def test_a_bomb_denies(gate, make):
    result = gate("scan", make(zipped({f"{i}": bytes(30_000_000) for i in range(12)}), "x.bin"), "-f", "json")
    assert result.returncode == 1 and {*codes(result)} == {"archive.bomb", "gap.budget"} and result.stderr == ""


def test_traversal_names_deny(gate, make):
    result = gate("scan", make({"../../etc/passwd": b"x"}), "-f", "json")
    assert result.returncode == 1 and codes(result) == ["archive.unsafe-name"]


def test_10000_levels_of_nesting_end_quickly(gate, make):
    data = b"leaf"
    for _ in range(200):
        data = zipped({"n": data}, 0)
    result = gate("scan", make(data), "-f", "json")
    assert result.returncode == 3 and codes(result) == ["gap.too-deep"]


def test_no_name_of_a_member_reaches_the_terminal_as_it_is(gate, make, shouting):
    evil = {
        "\x1b[2J\x1b]0;owned\x07": b"HELLO",
        "::error::x": b"HELLO",
        "##[add-path]y": b"HELLO",
        "\u202etxt.exe": b"HELLO",
    }
    for format_ in ("text", "json", "sarif"):
        out = gate("scan", make(evil), *shouting, "-f", format_).stdout
        assert "\x1b" not in out and "\u202e" not in out and "##[" not in out
        assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_a_full_temporary_folder_is_exit_3(clean, tmp_path, make):
    """The limit of file size stands in for a full disk: neither can be written to."""
    noise = os.urandom(400_000)
    nested = make({"in.zip": zipped({"a": noise}, 0)}, "nested.zip")
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)); from gate.cli import main; sys.argv = ['gate', *sys.argv[1:]]; main()"
    )
    arguments = ["scan", str(nested), "-f", "json", "--limit", "memory_bytes=1000"]
    result = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 3, result.stderr
    (gap,) = json.loads(result.stdout)["gaps"]
    assert (gap["location"]["path"], gap["reason"]) == ("in.zip", "budget") and "TMPDIR" in gap["detail"]


def test_an_interrupt_is_exit_130_without_a_traceback(make, tmp_path):
    slow = extension.write(tmp_path / "slow", "time.sleep(30)")
    target = make({"a": b"HELLO"}, "slow.zip")
    # A shell that runs this in the background lets its children ignore the signal.
    script = "import os, signal, sys, threading; signal.signal(signal.SIGINT, signal.default_int_handler); threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start(); from gate.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", script, "scan", str(target), "--extension", str(slow)],
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert result.returncode == 130 and result.stderr == "gate: interrupted\n"


@pytest.mark.parametrize("code", ["0", "1", "None", "'text'"])
def test_a_library_that_exits_is_exit_70_and_never_allow(clean, code):
    script = (
        "import sys; from gate import pipeline;"
        f"pipeline.scan = lambda *_: sys.exit({code});"
        "sys.argv = ['gate', 'scan', sys.argv[1]]; from gate.cli import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", script, str(clean)], capture_output=True, text=True, cwd=ROOT)
    assert (result.returncode, result.stdout) == (70, "") and result.stderr.startswith(
        "gate: internal error: SystemExit"
    )


def test_a_waiver_is_applied_shown_and_ends(gate, make, tmp_path):
    target, file = make(zipped({"a": b"x"}) + b"trail"), tmp_path / "waivers.toml"
    file.write_text(
        '[[waiver]]\ncode = "archive.trailing-data"\nsubject = "*"\nstages = ["production"]\nreason = "vendor"\n'
        'owner = "a"\napproved_by = "b"\nticket = "RISK-1"\ncreated = 2026-11-01\nexpires = 2027-02-01\n'
    )
    assert gate("scan", target, "--effective-time", NOW).returncode == 1
    result = gate("scan", target, "--waivers", file, "--effective-time", NOW)
    assert result.returncode == 0 and "RISK-1" in result.stdout and "archive.trailing-data" in result.stdout
    assert gate("scan", target, "--waivers", file, "--effective-time", "2027-02-01T00:00:00Z").returncode == 1
    assert gate("scan", target, "--waivers", file, "--effective-time", NOW, "--stage", "staging").returncode == 1


def test_help_imports_nothing_heavy():
    script = "import gate.cli, sys; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = [
        "yaml",
        "opapywasm",
        "wasmtime",
        "sigstore",
        "lief",
        "presidio_analyzer",
        "pip_audit",
        "rich",
        "isal",
        "multiprocessing",
    ]
    heavy += ["gate.pipeline", "gate.registry", "gate.archive", "gate.adapters.opa_wasm"]
    result = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_scan_loads_no_adapter_library_but_the_engine():
    script = (
        "import sys; from gate import registry; registry.load(); import gate.cli.judge;"
        "print(sorted(m for m in ('opapywasm','wasmtime','sigstore','lief','presidio_analyzer','pip_audit','rich') if m in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_without_the_scan_extra_the_line_to_type_is_said(clean):
    script = (
        "import importlib.util as u, sys; real = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'lief' else real(name, *a);"
        "sys.argv = ['gate', 'scan', sys.argv[1]]; from gate.cli import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", script, str(clean)], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 2 and result.stderr == "gate: scanning needs lief: pip install 'mlgate[scan]'\n"


def test_version_rules_and_explain(gate):
    assert gate("--version").stdout.startswith("gate ")
    listed = gate("rules", "list").stdout
    assert all(rule in listed for rule in registry.load().rules)
    assert "CVE-2025-1944" in gate("explain", "archive.header-mismatch").stdout
    assert "Fix:" in gate("explain", "gap.encrypted").stdout
    told = gate("explain", "pip.main").stdout
    assert "called:        dangerous" in told and "https://nvd.nist.gov/vuln/detail/CVE-2025-1716" in told
    assert "made empty:    info" in gate("explain", "sklearn.svm._classes.SVC").stdout
    assert "only with these: text|bytes" in gate("explain", "_codecs.encode").stdout
    assert gate("rules", "show", "archive.unsafe-name").stdout == gate("explain", "archive.unsafe-name").stdout


def test_facts_is_the_document_that_policy_sees(gate, loud, shouting):
    document = json.loads(gate("facts", loud, *shouting, "--effective-time", NOW).stdout)
    assert document["schema"] == "gate.input/v1" and document["shout"] == {"state": "complete", "words": 1}
    assert document["findings"]["shout.loud"]["total"] == 1
