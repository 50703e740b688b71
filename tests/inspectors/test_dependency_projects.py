"""Projects, lock files, images and what lists say about where packages come from, through the whole inspector."""

from __future__ import annotations

import json

import pytest

from fixtures.dependencies import build
from tests.inspectors.advised import Scanner

SHA = "ab" * 32
COMMIT = "0123456789" * 4


@pytest.fixture
def scan(tmp_path, monkeypatch):
    return Scanner(tmp_path, monkeypatch)


def model(**files: str) -> dict[str, bytes]:
    return {"model.bin": b"x" * 100} | {name.replace("__", "."): text.encode() for name, text in files.items()}


def lock(name: str, version: str, **more: str) -> str:
    rows = {"name": f'"{name}"', "version": f'"{version}"', "files": f'[{{file = "a", hash = "sha256:{SHA}"}}]'} | more
    return "[[package]]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["holey==1.2"]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\nholey = "1.2"\n'),
        ("Pipfile", '[packages]\nholey = "==1.2"\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n  holey==1.2\n"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['holey==1.2'])\n"),
        ("poetry.lock", lock("holey", "1.2")),
        ("uv.lock", lock("holey", "1.2")),
        ("pdm.lock", lock("holey", "1.2")),
        ("pylock.toml", "lock-version = '1.0'\n" + lock("holey", "1.2").replace("package", "packages")),
        ("pylock.prod.toml", "lock-version = '1.0'\n" + lock("holey", "1.2").replace("package", "packages")),
        ("Pipfile.lock", '{"default": {"holey": {"version": "==1.2"}}, "develop": {}}'),
        ("bentofile.yaml", "python:\n  packages: [holey==1.2]\n"),
    ],
)
def test_every_kind_of_list_at_the_top_counts(scan, name, text):
    result = scan({"model.bin": b"x", name: text.encode()})
    assert "vulnerable" in result.rules and result.all[0].location.path == name
    assert not result.gaps


@pytest.mark.parametrize("name", ["deep/er/pyproject.toml", "deep/er/setup.cfg"])
def test_one_that_lies_elsewhere_is_a_note(scan, name):
    text = (
        "[options]\ninstall_requires =\n  holey==1.2\n"
        if "cfg" in name
        else '[project]\ndependencies = ["holey==1.2"]\n'
    )
    assert scan({"model.bin": b"x", name: text.encode()}).rules == ["unreferenced-vulnerable"]


def test_where_a_lock_file_lies_it_decides_and_not_the_range(scan):
    project = '[project]\ndependencies = ["holey"]\n'
    assert scan(model(pyproject__toml=project)).sorted == ["possibly-vulnerable", "unpinned"]
    assert scan(model(pyproject__toml=project, uv__lock=lock("holey", "2.0"))).rules == []
    assert scan(model(pyproject__toml=project, uv__lock=lock("holey", "1.2"))).rules == ["vulnerable"]


def test_packages_of_developers_are_not_what_runs_unless_they_are_an_attack(scan):
    assert scan(model(poetry__lock=lock("holey", "1.2", groups='["dev"]'))).rules == []
    assert scan(model(poetry__lock=lock("evil-pkg", "1", groups='["dev"]'))).rules == ["malicious"]


def test_a_notebook_and_a_dockerfile_are_told_of_in_a_note(scan):
    cells = [{"cell_type": "code", "source": "%pip install holey==1.2"}]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert scan(model(train__ipynb=notebook)).rules == ["unreferenced-vulnerable"]
    result = scan(model(Dockerfile="FROM python:3.12\nRUN pip install holey==1.2 evil-pkg==1\n"))
    assert result.sorted == ["malicious", "mutable-image", "unreferenced-vulnerable"]
    assert result.args("mutable-image") == {"image": "python:3.12"}
    assert scan(model(Dockerfile=f"FROM python@sha256:{SHA}\n")).rules == []


def test_an_image_with_a_password_in_its_name_is_not_quoted(scan):
    (finding,) = scan(model(Dockerfile="FROM user:hunter2@registry.example/x\n")).all
    assert dict(finding.args) == {"image": "…"}


def test_what_setup_py_computes_is_a_gap(scan):
    result = scan(model(setup__py="from setuptools import setup\nsetup(install_requires=read())\n"))
    assert result.gaps == [("setup.py", "unsupported")]


def test_conda_and_pip_name_an_installed_package_once(scan):
    meta = json.dumps({"name": "holey", "version": "1.2", "depends": ["python"]}).encode()
    files = {"conda-meta/holey-1.2-0.json": meta, "model.bin": b"x"}
    assert scan(files).findings == [("vulnerable", "conda-meta/holey-1.2-0.json", -1)]
    site = "lib/python3.12/site-packages/holey-1.2.dist-info/METADATA"
    assert scan(files | {site: build.metadata("holey", "1.2")}).findings == [("vulnerable", site, -1)]


# -- where packages come from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        (f"a @ git+https://g.example/a.git@{COMMIT}", []),
        (f"a @ git+https://g.example/a.git@{COMMIT}#egg=a", []),
        ("a @ git+https://g.example/a.git@main", ["mutable-source"]),
        ("a @ git+http://g.example/a.git", ["insecure-transport", "mutable-source"]),
        (f"-e git+ssh://git@g.example/a.git@{COMMIT}#egg=a", []),
        (f"a @ https://f.example/a-1.0.tar.gz#sha256={SHA}", []),
        ("a @ https://f.example/a-1.0.tar.gz#md5=00", ["mutable-source"]),
        ("a @ https://user:hunter2@f.example/a-1.0.tar.gz", ["credentials", "mutable-source"]),
        ("a @ https://ghp_0123456789abcdef@github.com/a-1.0.tar.gz", ["credentials", "mutable-source"]),
        ("a @ https://${TOKEN}@f.example/a-1.0.tar.gz", ["mutable-source"]),
        ("a @ https://user:${TOKEN}@f.example/a-1.0.tar.gz", ["mutable-source"]),
        (f"a==1.0 --hash=sha256:{SHA}", []),
        ("a==1.0 --hash=md5:00", ["weak-hash"]),
        (f"a==1.0 --hash=md5:00 --hash=sha256:{SHA}", []),
        ("-r https://user:hunter2@f.example/r.txt", ["credentials"]),
    ],
)
def test_what_an_address_says_about_what_is_installed(scan, line, rules):
    result = scan(model(requirements__txt=line + "\n"))
    hygiene = {"mutable-source", "insecure-transport", "credentials", "weak-hash"}
    assert [rule for rule in result.sorted if rule in hygiene] == rules
    assert "hunter2" not in str(result.all) and "ghp_" not in str(result.all)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a==1\nb==2\n", ("a", "2", "2")),
        (f"a==1 --hash=sha256:{SHA}\nb==2\n", ("b", "1", "2")),
        (f"a==1 --hash=sha256:{SHA}\n", None),
        ("a==1\nb>=2\n", None),
        ("", None),
    ],
)
def test_digests_are_missed_where_the_rest_is_pinned(scan, text, said):
    notes = scan(model(requirements__txt=text)).unhashed
    found = [dict(note.args) for note in notes]
    assert [(row["package"], row["count"], row["total"]) for row in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("torch==2.0", "torch==2.1", True),
        ("torch==2.0.0+cu118", "torch==2.0.0", False),
        ("torch>=2", "torch<2", True),
        ("torch>=2", "torch>=2.1,<3", False),
        ("torch==2.0; sys_platform == 'win32'", "torch==2.1", False),
        ("Torch==2.0", "torch===2.1", True),
        ("torch", "torch==2.1", False),
        ("pip==23", "pip==24", False),
    ],
)
def test_lists_of_one_folder_that_exclude_each_other_are_named(scan, one, other, clash):
    result = scan(model(requirements__txt=one + "\n", requirements_2__txt=other + "\n"))
    assert ("conflict" in result.rules) is clash


def test_lists_of_two_models_may_differ(scan):
    files = {
        f"{folder}/{name}": text.encode()
        for folder, version in (("a", "1"), ("b", "2"))
        for name, text in (("MLmodel", "flavors: {}"), ("requirements.txt", f"torch=={version}\n"))
    }
    assert scan(files).rules == []


# -- Python -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "now", "ended"),
    [
        ("3.8.10", "2026-11-21T10:00:00Z", "2024-10-07"),
        ("3.10", "2026-10-31T10:00:00Z", None),
        ("3.10", "2026-11-01T00:00:00Z", "2026-10-31"),
        ("3.99", "2026-11-21T10:00:00Z", None),
        ("three", "2026-11-21T10:00:00Z", None),
    ],
)
def test_a_python_without_fixes_is_named_by_the_clock_of_the_scan(scan, python, now, ended):
    result = scan(model(MLmodel=f"flavors:\n  python_function:\n    python_version: '{python}'\n"), now=now)
    assert [dict(f.args).get("ended") for f in result.all] == ([ended] if ended else [])


@pytest.mark.parametrize(
    ("python", "metadata", "wheel", "rules"),
    [
        ("3.12.1", b"Requires-Python: >=3.9\n", b"Tag: cp312-cp312-linux_x86_64\n", []),
        ("3.12.1", b"Requires-Python: <3.12\n", b"Tag: py3-none-any\n", ["python-mismatch"]),
        ("3.12.1", b"", b"Tag: cp311-cp311-linux_x86_64\n", ["python-mismatch"]),
        ("3.12.1", b"", b"Tag: cp39-abi3-linux_x86_64\n", []),
        ("3.12", b"Requires-Python: >=3.12.4\n", b"", []),
        ("", b"Requires-Python: <3\n", b"", []),
        ("3.12.1", b"Requires-Python: nonsense\n", b"Tag: odd\n", []),
    ],
)
def test_a_package_for_another_python_is_named(scan, python, metadata, wheel, rules):
    folder = "site/good-1.0.dist-info/"
    files = model(MLmodel=f"flavors:\n  python_function:\n    python_version: '{python}'\n")
    files[folder + "METADATA"] = b"Metadata-Version: 2.1\nName: good\nVersion: 1.0\n" + metadata + b"\nbody"
    files[folder + "WHEEL"] = b"Wheel-Version: 1.0\n" + wheel
    assert scan(files).rules == rules
