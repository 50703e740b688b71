from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from fixtures.churn import build, surroundings
from gate.advisories.sample import sample
from tests.action.runner import Job
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """The environment that the first step of the action makes; dependencies come by path, as tests use no network."""
    folder = tmp_path_factory.mktemp("action") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    (Path(site) / "dependencies.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    return str(python)


@pytest.fixture(scope="session")
def bank(tmp_path_factory):
    """The archives of the bank and everything that belongs to them: archives, supplies, data base."""
    folder = str(tmp_path_factory.mktemp("bank"))
    built = build.build(folder)
    return built, surroundings.supply(folder, built), sample(folder)


@pytest.fixture
def job(python, tmp_path):
    return Job(python, tmp_path)


@pytest.fixture
def stocked(job, bank):
    """A job whose workspace holds both archives with their signature and the supplies; the inputs that name them."""
    built, supplies, advisories = bank
    for variant, path in (("clean", built.clean_mar), ("dirty", built.dirty_mar)):
        shutil.copy(path, job.workspace / f"{variant}.mar")
        shutil.copy(f"{path}.sig", job.workspace / f"{variant}.mar.sig")
    folder = os.path.dirname(supplies.trust)
    for path in Path(folder).iterdir():
        if path.suffix in (".yaml", ".pub"):
            shutil.copy(path, job.workspace)
    job.inputs = {
        "trust": "trust.yaml",
        "profile": "target.yaml",
        "policy_data": "policy-data.yaml",
        "db": advisories,
    }
    return job
