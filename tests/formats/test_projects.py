"""pyproject.toml, Pipfile, setup.cfg, setup.py, Dockerfile, bentofile, notebooks: what they ask for."""

from __future__ import annotations

import contextlib
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.limits import Limits
from gate.formats.bentofile import read_bentofile
from gate.formats.conda_meta import read_conda_meta
from gate.formats.dockerfile import read_dockerfile
from gate.formats.markers import Holds, holds
from gate.formats.notebook_installs import read_notebook_installs
from gate.formats.pyproject import read_pipfile, read_pyproject
from gate.formats.requirement import Include, Index, Requirement
from gate.formats.setup_files import read_setup_cfg, read_setup_py
from gate.formats.wheel_tags import read_wheel_tags

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
[project]
name = "app"
requires-python = ">=3.11"
dependencies = [
  "torch>=2,<3 ; sys_platform != 'win32'",
  "mine",
]
[project.optional-dependencies]
gpu = ["cupy==13.0"]
[dependency-groups]
dev = ["pytest", {include-group = "x"}]
[tool.uv.sources]
mine = { git = "https://git.example/mine.git", branch = "main" }
[[tool.uv.index]]
name = "corp"
url = "https://pypi.corp.example/simple"
default = true
"""
POETRY = """\
[tool.poetry.dependencies]
python = "^3.11"
requests = "^2.31"
pandas = { version = "~2.1", optional = true }
multi = [{ version = "<2", python = "<3.9" }, { version = ">=2" }]
local = { path = "../local", develop = true }
[tool.poetry.group.dev.dependencies]
ruff = "*"
[[tool.poetry.source]]
name = "corp"
url = "https://pypi.corp.example/simple"
"""
READERS = (
    read_pyproject, read_pipfile, read_setup_cfg, read_setup_py, read_dockerfile, read_bentofile,
    read_notebook_installs, read_wheel_tags, read_conda_meta,
)  # fmt: skip


def read(reader, text: str | bytes):
    return reader(Memory(text if isinstance(text, bytes) else text.encode(), Budget(Limits())))


def asked(items) -> dict[str, Requirement]:
    return {item.name: item for item in items if isinstance(item, Requirement)}


def never(item) -> bool:
    return holds(item.marker, "3.12") is Holds.NO


def test_a_standard_project_with_groups_extras_and_sources_of_uv():
    project = read(read_pyproject, PYPROJECT)
    found = asked(project.items)
    assert project.python == ">=3.11"
    assert (found["torch"].specifier, found["torch"].marker) == ("<3,>=2", 'sys_platform != "win32"')
    assert found["torch"].span.line == 7
    assert found["mine"].target == "git+https://git.example/mine.git@main"
    assert all(never(found[name]) for name in ("hatchling", "cupy", "pytest"))
    assert [(item.option, item.value) for item in project.items if isinstance(item, Index)] == [
        ("index-url", "https://pypi.corp.example/simple")
    ]


def test_a_project_of_poetry():
    project = read(read_pyproject, POETRY)
    found = asked(project.items)
    assert project.python == "<4,>=3.11"
    assert found["requests"].specifier == "<3,>=2.31" and not never(found["requests"])
    assert never(found["pandas"]) and never(found["ruff"])
    assert [item.specifier for item in project.items if isinstance(item, Requirement) and item.name == "multi"] == [
        "<2", ">=2",
    ]  # fmt: skip
    assert (found["local"].kind, found["local"].target) == ("path", "../local")
    assert any(isinstance(item, Index) for item in project.items)


def test_a_pipfile():
    text = (
        '[[source]]\nurl = "https://pypi.org/simple"\nverify_ssl = true\n[packages]\nrequests = "==2.31.0"\nany = "*"\n'
        '[dev-packages]\nblack = {version = ">=24"}\n[requires]\npython_version = "3.11"\n'
    )
    project = read(read_pipfile, text)
    found = asked(project.items)
    assert (found["requests"].specifier, found["any"].specifier, project.python) == ("==2.31.0", "", "==3.11.*")
    assert never(found["black"])


def test_a_setup_cfg():
    text = (
        "[options]\npython_requires = >=3.8\ninstall_requires =\n    numpy>=1.20\n    # no\n    torch==2.0.0\n"
        "[options.extras_require]\ntest = pytest; coverage\n"
    )
    project = read(read_setup_cfg, text)
    found = asked(project.items)
    assert (found["torch"].specifier, found["torch"].span.line, project.python) == ("==2.0.0", 6, ">=3.8")
    assert never(found["pytest"]) and never(found["coverage"])
    (item,) = read(read_setup_cfg, "[options]\ninstall_requires = file: requirements.txt\n").items
    assert isinstance(item, Include) and item.target == "requirements.txt"


def test_a_setup_py_is_read_and_never_run(tmp_path):
    canary = tmp_path / "canary"
    text = (
        f"import os\nopen({str(canary)!r}, 'w')\nfrom setuptools import setup\nREQUIRED = ['numpy==1.0', 'torch']\n"
        "setup(name='x', install_requires=REQUIRED, extras_require={'dev': ['pytest']}, python_requires='>=3.8')\n"
    )
    project = read(read_setup_py, text)
    found = asked(project.items)
    assert (found["numpy"].specifier, found["numpy"].span.line, project.python) == ("==1.0", 4, ">=3.8")
    assert never(found["pytest"]) and not canary.exists()


@pytest.mark.parametrize(
    "value", ["open('r.txt').read().split()", "[line for line in x]", "get()", "['a', *more]", "UNKNOWN"]
)
def test_what_a_setup_py_computes_is_a_gap_and_no_silence(value):
    with pytest.raises(NotExamined, match="computes"):
        read(read_setup_py, f"from setuptools import setup\nsetup(install_requires={value})\n")


def test_a_dockerfile_names_its_images_and_what_it_installs():
    text = (
        "# syntax=docker/dockerfile:1\nARG TAG=3.11\nFROM --platform=linux/amd64 python:${TAG} AS build\n"
        f"FROM nvidia/cuda@sha256:{'ab' * 32}\nFROM build\nFROM scratch\n"
        "RUN apt-get update && \\\n    # a comment\n    pip install --no-cache-dir -r requirements.txt \\\n"
        "      'torch>=2' --extra-index-url https://download.pytorch.org/whl ${MORE} && rm -rf /x; python3 -m pip install -e .\n"
        "RUN echo pip install-not\nRUN uv pip install numpy==1.0 --target /opt\n"
    )
    build = read(read_dockerfile, text)
    assert [(base.image, base.pinned, base.span.line) for base in build.bases] == [
        ("python:3.11", False, 3), (f"nvidia/cuda@sha256:{'ab' * 32}", True, 4),
    ]  # fmt: skip
    found = asked(build.items)
    assert set(found) == {"torch", "numpy", ""}
    assert found["torch"].specifier == ">=2" and found["torch"].span.line == 7
    assert found[""].kind == "editable"
    assert [item.target for item in build.items if isinstance(item, Include)] == ["requirements.txt"]
    assert [item.value for item in build.items if isinstance(item, Index)] == ["https://download.pytorch.org/whl"]


def test_a_bentofile():
    text = "service: x\npython:\n  packages:\n    - torch==2.0.0\n  requirements_txt: ./r.txt\ndocker:\n  base_image: a:b\n"
    build = read(read_bentofile, text)
    assert asked(build.items)["torch"].span.line == 4
    assert [item.target for item in build.items if isinstance(item, Include)] == ["r.txt"]
    assert [(base.image, base.pinned) for base in build.bases] == [("a:b", False)]


def test_a_notebook_installs_in_its_cells():
    cells = [
        {"cell_type": "markdown", "source": ["pip install no\n"]},
        {"cell_type": "code", "source": ["import x\n", "%pip install holey==1.0 \\\n", "  other\n"]},
        {"cell_type": "code", "source": "!pip install -q git+https://git.example/x.git\nprint('pip install nothing')"},
    ]
    found = asked(read(read_notebook_installs, json.dumps({"cells": cells, "nbformat": 4})))
    assert set(found) == {"holey", "other", ""} and found[""].kind == "vcs"


@pytest.mark.parametrize(
    ("tags", "specifiers"),
    [
        (["cp310-cp310-manylinux_2_17_x86_64"], ("==3.10.*",)),
        (["py3-none-any"], (">=3,<4",)),
        (["py2.py3-none-any"], (">=2,<3", ">=3,<4")),
        (["cp38-abi3-linux_x86_64"], (">=3.8,<4",)),
        (["cp311-cp311-a", "cp312-cp312-b"], ("==3.11.*", "==3.12.*")),
        (["junk", "jy27-none-any"], ()),
    ],
)
def test_tags_of_a_wheel_say_under_which_python_it_can_be_installed(tags, specifiers):
    assert read(read_wheel_tags, "Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags)) == specifiers


def test_what_conda_installed_is_named_as_on_the_index():
    meta = {"name": "pytorch", "version": "2.0.0", "depends": ["python >=3.10,<3.11.0a0", "numpy"]}
    one = read(read_conda_meta, json.dumps(meta))
    assert (one.name, one.version) == ("torch", "2.0.0")
    assert read(read_conda_meta, json.dumps({"name": "openssl", "version": "3", "depends": []})) is None


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_bytes_are_read_or_refused(reader, data):
    seeds = [PYPROJECT.encode(), POETRY.encode(), b"FROM a\nRUN pip install x\n", b'{"cells": []}', b"setup(a=1)"]
    raw = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(0, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError, NotExamined):
        read(reader, bytes(raw))


def test_deep_source_is_refused(monkeypatch):
    with pytest.raises((FormatError, NotExamined)):
        read(read_setup_py, "x = " + "(" * 20_000 + ")" * 20_000)
    assert sys.getrecursionlimit() < 20_000
