"""The wheel alone is enough: it holds its rules, its policy and the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    (file,) = out.iterdir()
    return file


def test_the_wheel_holds_what_a_scan_needs_and_nothing_of_the_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "gate/_data/rules/archive.yaml",
        "gate/_data/policies/.manifest",
        "gate/policy/compiled/policy.wasm",
    } <= names
    assert "gate/_data/fixtures/churn/build.py" in names and "gate/output/schema/result.v1.json" in names
    assert not [name for name in names if name.startswith("tests/") or "/tests/" in name or "__pycache__" in name]


def test_the_demo_runs_from_the_wheel_in_an_environment_of_its_own(wheel, tmp_path):
    """Dependencies come from this environment by path, because tests use no network; gate itself does not."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    paths = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    site = paths.stdout.strip()
    zipfile.ZipFile(wheel).extractall(site)
    with open(os.path.join(site, "dependencies.pth"), "w") as file:
        file.write(sysconfig.get_path("purelib") + "\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    where = subprocess.run(
        [python, "-c", "import gate; print(gate.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert where.stdout.startswith(str(tmp_path)), where
    result = subprocess.run(
        [python, "-m", "gate", "demo"], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "DENY" in result.stdout and "ALLOW" in result.stdout
