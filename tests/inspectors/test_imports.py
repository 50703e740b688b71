from __future__ import annotations

import json

import pytest

from fixtures.imports import build
from gate import pipeline, registry
from gate.core.limits import Limits
from gate.registry import Registry
from tests.conftest import zipped


@pytest.fixture
def scan(tmp_path):
    def look(files: dict[str, bytes], jobs: int = 0):
        path = tmp_path / "model.zip"
        path.write_bytes(zipped(files))
        full = registry.load()
        names = [name for name in full.inspectors if name in ("imports", "dependencies", "serialization")]
        report = pipeline.scan(
            str(path),
            Registry({name: full.inspectors[name] for name in names}, full.rules, full.digest),
            Limits(),
            jobs,
        )
        return Result(report)

    return look


class Result:
    def __init__(self, report) -> None:
        self.report = report
        self.found = [f for f in report.findings if f.rule.startswith("imports.")]
        self.said = [
            (f.rule.removeprefix("imports."), f.location.path, f.location.line, dict(f.args)["module"])
            for f in self.found
        ]
        self.facts = {f.module: (f.how, f.listed) for f in report.facts if f.kind == "imports.module"}
        self.gaps = [(g.location.path, str(g.reason)) for g in report.gaps if g.inspector == "imports"]
        self.section = report.sections["imports"]


def code(text: str, requirements: str = "scikit-learn==1.5.0\n") -> dict[str, bytes]:
    return {"code/run.py": text.encode(), "requirements.txt": requirements.encode(), "model.bin": b"x" * 99}


def test_what_is_listed_or_needed_by_something_listed_is_there(scan):
    result = scan(build.complete())
    assert not result.said and not result.gaps
    assert result.facts == {
        "sklearn.linear_model._base": ("model", "scikit-learn"), "numpy": ("model", "scikit-learn"),
    }  # fmt: skip
    assert result.section == {"modules": 2, "models_need": 2, "missing": 0, "undeclared": 0, "state": "complete"}


def test_a_model_that_needs_what_its_environment_has_not_does_not_load(scan):
    result = scan(build.incomplete())
    assert result.said == [("missing", "model.pkl", -1, "xgboost.sklearn")]
    (finding,) = result.found
    start, end = finding.location.start, finding.location.end
    assert build.xgboost_pickle()[start:end] == b"\x81"  # where it makes the object
    assert dict(finding.args)["distributions"] == "xgboost"


def test_in_an_environment_of_which_something_is_not_known_it_may_be_there(scan):
    files = build.mlflow(build.CONDA + "  - acme-private-models==1.0\n", build.xgboost_pickle())
    assert [row[0] for row in scan(files).said] == ["undeclared"]
    files["model.pkl"] = b"\x80\x04cacme_models.scoring\nScorer\n)\x81}b."
    assert not scan(files).said


def test_without_any_list_there_is_nothing_to_compare_with(scan):
    result = scan({"model.pkl": build.sklearn_pickle(), "run.py": b"import torch\n"})
    assert not result.said
    assert set(result.facts) == {"sklearn.linear_model._base", "numpy", "torch"}


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("import torch", ["torch"]),
        ("import torch.nn as nn, json", ["torch.nn"]),
        ("from torch import nn", ["torch"]),
        ("import numpy, scipy.stats, joblib", []),
        ("import os, sys, __future__, tomllib", []),
        ("from . import x\nfrom .y import z", []),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None", []),
        ("try:\n    import torch\nexcept:\n    pass", []),
        ("try:\n    import torch\nexcept (ValueError, ModuleNotFoundError):\n    pass", []),
        ("try:\n    pass\nexcept ImportError:\n    import torch", []),
        ("try:\n    import torch\nexcept KeyError:\n    pass", ["torch"]),
        ("try:\n    import torch\nfinally:\n    pass", ["torch"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", []),
        ("def f():\n    import torch", []),
        ("class A:\n    import torch", ["torch"]),
        ("if x:\n    import torch", []),
        ("import importlib\nm = importlib.import_module('torch')", ["torch"]),
        ("m = __import__('torch')", ["torch"]),
        ("m = __import__(name)", []),
        ("import helper", []),
        ("import cv2", ["cv2"]),
        ("print 'Python 2'\nimport torch", ["torch"]),
        ("import torch\n{{ template }}", ["torch"]),
        ("with open(x) as f:\n    import torch", ["torch"]),
        ("import google.cloud.storage", ["google.cloud.storage"]),
    ],
)
def test_imports_are_told_apart_by_how_sure_they_are(scan, text, modules):
    files = code(text) | {"code/helper.py": b"x = 1", "pyproject.toml": b'[project]\ndependencies = ["scipy"]\n'}
    assert [row[3] for row in scan(files).said] == modules


def test_a_list_that_is_added_to_a_servers_image_does_not_repeat_what_that_has(scan):
    assert not scan(build.handler("import torch, transformers\nfrom ts.torch_handler.base_handler import X\n")).said
    result = scan(build.handler("import torch\nimport lightgbm\n"))
    assert result.said == [("undeclared", "handler.py", 2, "lightgbm")]


def test_what_is_in_the_archive_is_there(scan):
    files = code("import mine, pkg.sub, native_part, space.inner.x\n")
    more = ["mine.py", "lib/pkg/__init__.py", "lib/native_part.cpython-312-x86_64-linux-gnu.so", "space/inner/x.py"]
    assert not scan(files | dict.fromkeys(more, b"")).said


def test_what_an_installed_package_imports_is_its_own_affair(scan):
    site = "env/lib/python3.12/site-packages/"
    files = code("") | {
        f"{site}thing-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{site}thing/__init__.py": b"import tensorflow\n",
    }
    assert not scan(files).said


@pytest.mark.parametrize("path", ["tests/test_x.py", "conftest.py", "setup.py", "docs/conf.py", "train_test.py"])
def test_code_for_developers_is_not_what_runs(scan, path):
    assert not scan(code("") | {path: b"import torch\n"}).said


@pytest.mark.parametrize(("python", "told"), [("3.11.9", False), ("3.12.4", True)])
def test_what_left_the_standard_library_is_missed_from_then_on(scan, python, told):
    conda = build.CONDA.replace("3.12.4", python).replace("  - mlflow==2.20.0\n", "")
    files = build.mlflow(conda) | {"code/run.py": b"from distutils.util import strtobool\n"}
    files["MLmodel"] = files["MLmodel"].replace(b"3.12.4", python.encode())
    assert [row[3] for row in scan(files).said] == (["distutils.util"] if told else [])


def test_a_notebook_is_read_and_never_missed_for(scan):
    cells = [
        {"cell_type": "code", "source": "%matplotlib inline\nimport torch\n!ls\nx?"},
        {"cell_type": "code", "source": 3},
    ]
    result = scan(code("") | {"train.ipynb": json.dumps({"cells": cells}).encode()})
    assert not result.said and result.facts["torch"] == ("lazy", "")


def test_modules_of_a_keras_configuration_are_needed(scan):
    layer = {"module": "keras_nlp.layers", "class_name": "X", "config": {}, "registered_name": "keras_nlp>X"}
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}, "registered_name": None}
    inner = zipped({"config.json": json.dumps(config).encode(), "metadata.json": b"{}"})
    assert "keras_nlp.layers" in scan({"m.keras": inner}).facts


def test_any_number_of_workers_says_the_same(scan):
    files = build.incomplete() | {f"code/{n}.py": f"import mod{n}, torch\n".encode() for n in range(70)}
    assert scan(files).said == scan(files, jobs=2).said


def test_hostile_source_costs_itself_only(scan):
    files = code("import lightgbm\n") | {
        "deep.py": b"x = " + b"(" * 50_000, "large.py": b"import os\n" * 200_000, "many.py": b"import a" + b", a" * 99_000,
        "names.py": "\n".join(f"import m{n}" for n in range(20_000)).encode(), "nul.py": b"import torch\n\0" + b"x" * 999,
    }  # fmt: skip
    result = scan(files)
    assert result.gaps == [("large.py", "too-large"), ("names.py", "too-many")]
    assert ("undeclared", "code/run.py", 1, "lightgbm") in result.said
