"""Where a code host finds what was judged: never a path of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gate.sources import address
from tests.conftest import ROOT


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "repo" / "deep" / "models").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repo" / "deep")
    return tmp_path / "repo"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("m.zip", "m.zip"),
        ("./models//m.zip", "models/m.zip"),
        ("models/", "models"),
        ("models/../m.zip", "m.zip"),
        (".", "."),
        ("../m.zip", ""),
        ("/etc/passwd", ""),
        ("..m.zip", "..m.zip"),
        ("...", "..."),
        ("-", ""),
    ],
)
def test_without_a_repository_it_is_below_the_working_directory(here, target, expected):
    assert address(target) == expected
    if not os.path.isabs(target) and target != "-":
        assert address(os.path.abspath(target)) == expected


@pytest.mark.parametrize("as_file", [True, False])
def test_in_a_repository_it_is_below_its_root(here, as_file):
    """A work tree of git has a file of that name."""
    (here / ".git").write_text("gitdir: elsewhere") if as_file else (here / ".git").mkdir()
    assert [address(target) for target in ("m.zip", "../m.zip", "..", "../..", "../../x")] == [
        "deep/m.zip",
        "m.zip",
        ".",
        "",
        "",
    ]


def test_a_working_directory_that_is_gone_has_no_addresses(here, tmp_path):
    os.rmdir(here / "deep" / "models")
    os.rmdir(here / "deep")
    assert address("m.zip") == "" and address("/m.zip") == ""


def scan(folder, *targets, form="sarif"):
    """As from that working directory, which is what this is about."""
    command = [sys.executable, "-m", "gate", "scan", *targets, "-f", form]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode in (1, 3), done.stderr
    return done.stdout


EVIL = b"cos\nsystem\n(S'id'\ntR."


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repo"
    for folder in (root / "eu", root / "us", tmp_path / "a", tmp_path / "b"):
        folder.mkdir(parents=True)
        (folder / "m.pkl").write_bytes(EVIL)
    (root / ".git").mkdir()
    return root


def test_two_archives_of_one_name_have_their_own_place_and_their_own_category(repository):
    log = json.loads(scan(repository / "eu", "m.pkl", "../us/m.pkl"))
    assert [run["automationDetails"]["id"] for run in log["runs"]] == ["gate/eu/m.pkl/", "gate/us/m.pkl/"]
    for run, uri in zip(log["runs"], ("eu/m.pkl", "us/m.pkl"), strict=True):
        places = {row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for row in run["results"]}
        assert places == {uri} and run["artifacts"][0]["location"]["uri"] == uri
    shown = scan(repository / "eu", "../us/m.pkl", form="github")
    assert "file=us/m.pkl," in shown and "m.pkl may not be promoted" in shown


def test_outside_of_the_repository_they_are_numbered_and_no_folder_of_the_machine_is_told(repository):
    targets = [str(repository.parent / name / "m.pkl") for name in "ab"]
    log = scan(repository, *targets, "../a/m.pkl")
    ids = [run["automationDetails"]["id"] for run in json.loads(log)["runs"]]
    assert ids == ["gate/m.pkl/", "gate/m.pkl#2/", "gate/m.pkl#3/"]
    assert str(repository.parent) not in log and ".." not in log
    assert "file=m.pkl," in scan(repository, *targets, form="github")


def test_a_repository_that_is_itself_judged_shows_its_files_where_they_are(repository):
    (run,) = json.loads(scan(repository, "."))["runs"]
    assert run["automationDetails"]["id"] == "gate/repo/" and run["artifacts"][0]["location"]["uri"] == "repo/"
    places = {row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for row in run["results"]}
    assert places == {"eu/m.pkl", "us/m.pkl"}
    assert "file=eu/m.pkl," in scan(repository, ".", form="github")


def test_the_result_and_so_what_is_signed_know_the_name_alone(repository):
    one, other = (
        scan(folder, target, form="json") for folder, target in ((repository, "eu/m.pkl"), (repository / "eu", "m.pkl"))
    )
    first, second = (json.loads(text) for text in (one, other))
    first["request"]["effective_time"] = second["request"]["effective_time"] = ""
    assert first == second and first["subject"]["name"] == "m.pkl" and "address" not in one
