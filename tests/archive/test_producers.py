"""Archives made by the tools that make models: nothing at level error is said about them.

The wheels come from the package index, so that test runs only where GATE_TEST_WHEELS names a folder to keep them in.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gate import registry
from gate.archive.member import Need
from gate.core.finding import Level
from tests.walking import look

RULES = registry.load().rules
TEXT = b"hello model\n" * 99


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "folder"
    for name in ("a.txt", "d/b.bin", "r\u00e9sum\u00e9.txt", "d/Model.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TEXT)
    (root / "empty").mkdir()
    return root


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"no {tool} here")


@needs("zip")
@pytest.mark.parametrize(
    "options",
    ["-r x.zip .", "-r0 x.zip .", "-rD x.zip .", "-r -Z bzip2 x.zip .", "-r -fz x.zip .", "-rX x.zip .", "-ry x.zip ."],
)
def test_info_zip(folder, options):
    os.symlink("a.txt", folder / "link")
    subprocess.run(["zip", "-q", *options.split()], cwd=folder, check=True)
    walked = look(folder / "x.zip")
    assert walked.clean
    assert walked.members["d/b.bin"] == TEXT


@needs("zip")
@pytest.mark.parametrize("command", ["zip -q - a.txt | cat", "cat a.txt | zip -q - - | cat"])
def test_info_zip_into_a_pipe(folder, command):
    data = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=True).stdout
    walked = look(data)
    assert walked.clean and TEXT in walked.members.values()


@needs("jar")
def test_jar(folder):
    subprocess.run(["jar", "cf", "x.jar", "a.txt", "d", "empty"], cwd=folder, check=True)
    walked = look(folder / "x.jar")
    assert walked.clean and walked.members["d/b.bin"] == TEXT


class Pipe(io.RawIOBase):
    """A target in which nobody can go back."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, block):
        self.data += bytes(block)
        return len(block)


def test_python_into_a_pipe():
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", TEXT)
        archive.writestr("d/", b"")
        with archive.open("large", "w", force_zip64=True) as member:
            member.write(TEXT)
    walked = look(pipe.data)
    assert walked.clean and walked.members["large"] == TEXT


def test_python_that_appends(tmp_path):
    path = tmp_path / "x.zip"
    for name in ("a", "b", "c"):
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, TEXT)
    assert look(path).clean


def test_git_archive(tmp_path):
    for command in ("git init -q .", "git add .", "git -c user.name=n -c user.email=e commit -qm m"):
        (tmp_path / "a.txt").write_bytes(TEXT)
        subprocess.run(command.split(), cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "archive", "--format=zip", "--prefix=r/", "HEAD"], cwd=tmp_path, capture_output=True, check=True
    )
    walked = look(done.stdout)
    assert walked.clean and walked.members["r/a.txt"] == TEXT


WHEELS = (
    "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "onnx", "transformers", "tokenizers", "safetensors", "jax",
    "polars", "keras", "skops", "mlflow-skinny", "protobuf", "grpcio", "torchmetrics",
)  # fmt: skip
KEPT = os.environ.get("GATE_TEST_WHEELS", "")


@pytest.mark.skipif(not KEPT, reason="GATE_TEST_WHEELS names no folder")
@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_of_the_package_index(name):
    kept = Path(KEPT)
    stem = name.replace("-", "_")
    if not list(kept.glob(f"{stem}-*.whl")):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            KEPT,
            name,
        ]
        subprocess.run(command, check=True)
    for path in kept.glob(f"{stem}-*.whl"):
        walked = look(path, need=Need.HEAD, each=lambda _: None)
        assert [rule for rule in walked.rules if RULES[rule].level is not Level.NONE] == []
        assert walked.gaps == []
