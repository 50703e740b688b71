"""The bundle itself: its own tests, its shape, and that what is shipped was compiled from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys

import pytest

from gate.core.errors import UsageError
from gate.policy.digest import policy_digest
from gate.policy.standard import standard
from tests.policy.scenes import COMPILED, ROOT, opa

POLICIES = ROOT / "policies"


def run(*command, cwd=ROOT):
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)


def test_its_own_tests_pass_and_run_every_line():
    done = run(opa(), "test", "-b", "policies", "--coverage", "--format=json")
    assert done.returncode == 0, done.stdout + done.stderr
    files = {
        path: row for path, row in json.loads(done.stdout)["files"].items() if not path.startswith("policies/policies")
    }
    assert any(path.endswith("decision.rego") for path in files)
    assert {path: row.get("not_covered") for path, row in files.items()} == dict.fromkeys(files)


def test_a_test_of_the_bundle_can_fail(tmp_path):
    copy = shutil.copytree(POLICIES, tmp_path / "policies")
    rego = copy / "gate" / "decision" / "decision.rego"
    rego.write_text(rego.read_text().replace("tally.total if code in mandatory", "tally.unwaived if code in mandatory"))
    assert run(opa(), "test", "-b", str(copy)).returncode == 2


def test_it_is_strict_and_formatted():
    assert run(opa(), "check", "--strict", "-b", "policies").returncode == 0
    done = run(opa(), "fmt", "--diff", "--fail", "policies")
    assert done.returncode == 0, done.stdout


def test_what_is_shipped_was_compiled_from_it():
    opa()
    done = run(sys.executable, ".ci/build_policy.py", "--check")
    assert done.returncode == 0, done.stderr


def test_the_check_notices_a_byte(tmp_path):
    opa()
    for name in (".ci", "policies", "gate"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    data = tmp_path / "policies" / "gate" / "config" / "data.json"
    data.write_text(data.read_text().replace("archive.unsafe-name", "archive.unsafe-nome"))
    done = run(sys.executable, ".ci/build_policy.py", "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert "gate/policy/compiled/data.json" in done.stderr
    assert "policies/.manifest" in done.stderr


def test_the_revision_of_the_bundle_is_the_policy_digest():
    revision = json.loads((POLICIES / ".manifest").read_text())["revision"]
    assert revision == policy_digest(POLICIES) == json.loads((COMPILED / "manifest.json").read_text())["digest"]


def test_the_policy_digest_is_that_of_sha256sum(tmp_path):
    files = {"b/data.json": b"{}", "a/x.rego": b"package a", "a/data.yaml": b"a: 1"}
    for name, content in {**files, "a/x_test.rego": b"no", "input.schema.json": b"no", ".manifest": b"no"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    assert policy_digest(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_folder_without_a_policy_has_no_digest(tmp_path):
    with pytest.raises(UsageError):
        policy_digest(tmp_path)
    with pytest.raises(UsageError):
        policy_digest(tmp_path / "absent")


def test_what_python_holds_against_every_engine_is_in_the_bundle():
    config = json.loads((POLICIES / "gate" / "config" / "data.json").read_text())
    assert standard().mandatory == set(config["mandatory"])
    assert standard().stages == set(config["stages"])
    assert {"serialization.dangerous-call", "serialization.dangerous-reference"} <= standard().mandatory
