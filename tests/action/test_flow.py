"""The action as a workflow runs it: exit codes, outputs, summary, annotations, files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gate.action.given import PREFIX, FailOn, read
from gate.action.runner import SUMMARY, Runner
from gate.core.errors import UsageError
from tests.conftest import zipped


def test_the_clean_archive_is_allowed(stocked):
    ran = stocked.run(path="clean.mar", **stocked.inputs)
    assert ran.code == 0, ran.log
    data = (stocked.workspace / "clean.mar").read_bytes()
    assert ran.outputs["decision"] == "allow" and ran.outputs["exit-code"] == "0"
    assert ran.outputs["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert ran.titles("notice") == ["gate: ALLOW"] and ran.titles() == []
    assert ran.summary.startswith("# gate: ALLOW\n") and "ALLOW: clean.mar may be promoted" in ran.log


def test_the_dirty_archive_is_denied_everywhere_at_once(stocked):
    ran = stocked.run(path="dirty.mar", stage="production", **stocked.inputs)
    assert ran.code == 1 and ran.outputs["decision"] == "deny" and ran.outputs["exit-code"] == "1"
    assert "gate: DENY" in ran.titles() and "gate: serialization.dangerous-call" in ran.titles()
    assert len(ran.titles()) <= 10
    assert ran.summary.startswith("# gate: DENY\n") and "serialization.dangerous-call" in ran.summary
    (run,) = json.loads(Path(ran.outputs["sarif-file"]).read_text())["runs"]
    assert "serialization.dangerous-call" in {row["ruleId"] for row in run["results"]}
    assert json.loads(Path(ran.outputs["json-file"]).read_text())["decision"]["outcome"] == "deny"
    assert Path(ran.outputs["report-file"]).read_text() == ran.summary
    assert all(Path(ran.outputs[f"{name}-file"]).is_relative_to(stocked.temp) for name in ("sarif", "report", "json"))


def test_several_archives_have_the_worst_decision_and_all_digests(job):
    (job.workspace / "good.zip").write_bytes(zipped({"a.txt": b"hello"}))
    (job.workspace / "bad.zip").write_bytes(zipped({"../x": b""}))
    ran = job.run(path="good.zip\n\n  bad.zip\n", format="github")
    assert ran.code == 1 and ran.outputs["decision"] == "deny"
    assert len(ran.outputs["digest"].splitlines()) == 2
    assert len(json.loads(Path(ran.outputs["sarif-file"]).read_text())["runs"]) == 2
    assert ran.titles("notice").count("gate: ALLOW") == 1 == ran.titles().count("gate: DENY")


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [
        ("inconclusive", {0: 0, 1: 1, 2: 2, 3: 3, 70: 70, 130: 130}),
        ("deny", {0: 0, 1: 1, 2: 2, 3: 0, 70: 70, 130: 130}),
        ("never", {0: 0, 1: 0, 2: 2, 3: 0, 70: 70, 130: 130}),
    ],
)
def test_fail_on_spares_decisions_and_never_errors(fail_on, codes):
    assert {code: FailOn(fail_on).status(code) for code in codes} == codes


def test_a_spared_denial_is_told(job):
    (job.workspace / "m.zip").write_bytes(zipped({"../x": b""}))
    ran = job.run(path="m.zip", fail_on="never")
    assert ran.code == 0 and ran.outputs["decision"] == "deny" and ran.outputs["exit-code"] == "1"
    assert any("lets the job go on" in command.message for command in ran.commands)


def test_inconclusive_fails_unless_only_deny_does(job):
    (job.workspace / "m.bin").write_bytes(b"\x00\x01nothing known")
    assert job.run(path="m.bin").code == 3
    ran = job.run(path="m.bin", fail_on="deny")
    assert ran.code == 0 and ran.outputs["decision"] == "inconclusive"


def test_a_missing_archive_never_passes(job):
    (job.workspace / "clean.zip").write_bytes(zipped({"a.txt": b"hello"}))
    for path in ("nowhere.mar", "nowhere.mar\nclean.zip"):
        ran = job.run(path=path, fail_on="never")
        assert ran.code == 2 and ran.outputs["decision"] == "error"
        assert any("nowhere.mar" in command.message for command in ran.commands)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"path": " \n "}, "path"),
        ({"path": "m.zip", "fail-on": "always"}, "fail-on"),
        ({"path": "m.zip", "stage": "a\nb"}, "stage"),
        ({"path": "m.zip\x1b[2J"}, "path"),
        ({"path": "m.zip", "sarif-file": "no/where.sarif"}, "sarif-file"),
        ({"path": "m.zip", "sarif-file": "m.zip"}, "sarif-file"),
        ({"path": "m.zip", "report-file": "link/report.md"}, "report-file"),
        ({"path": "m.zip", "report-file": "away.md"}, "report-file"),
    ],
)
def test_a_wrong_input_is_named(job, inputs, named, tmp_path):
    (job.workspace / "m.zip").write_bytes(zipped({"a.txt": b"hello"}))
    (job.workspace / "link").symlink_to(tmp_path)
    (job.workspace / "away.md").symlink_to(tmp_path / "x")
    given = {PREFIX + name.upper().replace("-", "_"): value for name, value in inputs.items()}
    with pytest.raises(UsageError, match=f"^{named}: "):
        read(given, str(job.workspace))


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"path": "m.zip", "fail_on": "always"}, "fail-on"),
        ({"path": "m.zip", "format": "xml"}, "xml"),
        ({"path": "m.zip", "waivers": "none.toml"}, "none.toml"),
        ({"path": "-"}, "-"),
        ({"path": "--exit-zero"}, "--exit-zero"),
    ],
)
def test_a_wrong_input_is_exit_2(job, inputs, named):
    (job.workspace / "m.zip").write_bytes(zipped({"a.txt": b"hello"}))
    ran = job.run(**inputs)
    assert ran.code == 2 and ran.outputs["decision"] == "error", ran.log
    assert any(named in command.message for command in ran.commands if command.name == "error"), ran.log
    assert ran.summary.startswith("# gate: ERROR")


def test_files_are_written_where_they_are_asked_for_and_old_ones_are_no_result(job):
    (job.workspace / "m.zip").write_bytes(zipped({"a.txt": b"hello"}))
    (job.workspace / "gate.sarif").write_text("of yesterday")
    assert job.run(path="nowhere", sarif_file="gate.sarif").outputs["sarif-file"] == ""
    assert not (job.workspace / "gate.sarif").exists()
    ran = job.run(path=str(job.workspace / "m.zip"), sarif_file="gate.sarif", report_file=str(job.temp / "r.md"))
    assert ran.outputs["sarif-file"] == str(job.workspace / "gate.sarif")
    assert json.loads((job.workspace / "gate.sarif").read_text())["version"] == "2.1.0"
    assert (job.temp / "r.md").read_text().startswith("# gate: ALLOW")


def test_nothing_of_the_workspace_is_run(job):
    (job.workspace / "m.zip").write_bytes(zipped({"a.txt": b"hello"}))
    for name in ("gate.py", "json.py", "typer.py", "yaml.py", "sitecustomize.py", "subprocess.py"):
        (job.workspace / name).write_text("import os; open('canary', 'w'); os._exit(0)")
    ran = job.run(path="m.zip", environment={"PYTHONPATH": str(job.workspace), "PYTHONSTARTUP": "json.py"})
    assert ran.code == 0 and ran.outputs["decision"] == "allow"
    assert not (job.workspace / "canary").exists()


def test_the_summary_stays_below_what_github_takes(tmp_path):
    path = tmp_path / "summary"
    Runner({"GITHUB_STEP_SUMMARY": str(path)}).summary("| é | row |\n" * 200_000)
    data = path.read_bytes()
    assert SUMMARY - 100 < len(data) <= SUMMARY
    assert data.decode().endswith("has the rest.**\n") and "é | row |\n\n\n**Cut" in data.decode()


def test_outside_of_a_workflow_it_says_what_to_use_instead(job):
    ran = job.run(path="m.zip", environment={"GITHUB_WORKSPACE": ""})
    assert ran.code == 2 and "gate scan" in ran.log
