"""What a user gives besides the archive: read once, recorded by digest, never taken from inside a target."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fixtures.churn import build, signing, surroundings
from gate.advisories.sample import sample
from tests.conftest import NOW

PINNED = {"requirements.txt": b"pillow==9.0.0\n"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("bank"))
    built = build.build(folder)
    return built, surroundings.supply(folder, built), sample(folder)


def outcome(result):
    decision = json.loads(result.stdout)["decision"]
    return (
        decision["outcome"],
        {row["code"] for row in decision["reasons"]},
        {row["code"] for row in decision["warnings"]},
    )


def test_without_a_data_base_packages_are_not_called_free_of_advisories(gate, make):
    result = gate("scan", make(PINNED), "-f", "json")
    assert result.returncode == 3
    assert outcome(result)[:2] == ("inconclusive", {"gap.unavailable"})
    (gap,) = json.loads(result.stdout)["gaps"]
    assert gap["inspector"] == "dependencies" and "gate db update" in gap["detail"]


def test_a_data_base_is_found_where_gate_keeps_it_or_where_the_environment_says(gate, make, bank, tmp_path):
    kept = tmp_path / "data" / "mlgate" / "advisories.sqlite"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(Path(bank[2]).read_bytes())
    for env in ({"XDG_DATA_HOME": str(tmp_path / "data")}, {"GATE_DB": bank[2]}):
        result = gate("scan", make(PINNED), "-f", "json", env=env)
        assert "dependencies.vulnerable" in outcome(result)[1], result.stdout


def test_old_advisories_and_a_sample_are_not_enough_for_production(gate, make, bank):
    fine = make({"requirements.txt": b"nothing-known==1.0\n"})
    result = gate("scan", fine, "--db", bank[2], "--effective-time", NOW, "-f", "json")
    assert outcome(result)[:2] == ("inconclusive", {"advisories.stale", "advisories.sample"})
    staged = gate("scan", fine, "--db", bank[2], "--stage", "staging", "--effective-time", NOW, "-f", "json")
    assert outcome(staged)[0] == "allow" and {"advisories.stale", "advisories.sample"} <= outcome(staged)[2]


def test_a_damaged_data_base_is_a_gap_and_not_an_error(gate, make, tmp_path):
    damaged = tmp_path / "db.sqlite"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    result = gate("scan", make(PINNED), "--db", damaged, "-f", "json")
    assert outcome(result)[:2] == ("inconclusive", {"gap.unavailable"}) and result.stderr == ""


def test_everything_given_is_recorded_by_digest(gate, bank):
    built, supplies, db = bank
    given = ("--trust", supplies.trust, "--profile", supplies.profile, "--db", db)
    inputs = json.loads(gate("scan", built.clean_mar, *given, "-f", "json").stdout)["inputs"]

    def sha(path):
        return {"sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}

    assert inputs["trust"] == {"digest": sha(supplies.trust)}
    assert inputs["profiles"] == [{"name": surroundings.TARGET, "digest": sha(supplies.profile)}]
    assert inputs["advisories"]["digest"] == sha(db) and inputs["advisories"]["data_time"].endswith("Z")
    facts = json.loads(gate("facts", built.clean_mar, *given).stdout)
    assert facts["profiles"] == inputs["profiles"] and facts["native"]["profiles"] == 1


def test_a_signature_that_lies_elsewhere_is_named(gate, bank, tmp_path):
    built, supplies, _ = bank
    model = tmp_path / "model.zip"
    model.write_bytes(Path(built.clean_mar).read_bytes())
    given = (model, "--trust", supplies.trust, "--stage", "staging", "-f", "json")
    assert "provenance.unsigned" in outcome(gate("scan", *given))[2]
    signed = gate("scan", *given, "--signature", f"{built.clean_mar}.sig")
    assert "provenance.unsigned" not in outcome(signed)[2]


def test_a_folder_says_who_signed_it_beside_itself_only(gate, bank, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"weights")
    (folder / "a.txt.sig").write_bytes(signing.sign(b"weights"))
    result = gate("facts", folder, "--trust", bank[1].trust)
    section = json.loads(result.stdout)["signature"]
    assert (section["verified"], section["member_verified"]) == (0, 1)


MISTAKES = {
    "no data base": (["--db", "{folder}/none"], "gate db import"),
    "no trust file": (["--trust", "{folder}/none"], "No such file"),
    "no profile": (["--profile", "{folder}/none"], "No such file"),
    "no signature": (["--signature", "{folder}/none"], "No such file"),
    "a trust file that is none": (["--trust", "{text}"], "note.txt"),
    "a profile that is none": (["--profile", "{text}"], "note.txt"),
    "one profile twice": (["--profile", "{profile}", "--profile", "{profile}"], "two profiles are called"),
    "a trust file whose key is gone": (["--trust", "{orphan}"], "No such file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(gate, make, bank, tmp_path, mistake):
    arguments, complaint = MISTAKES[mistake]
    (tmp_path / "note.txt").write_text("just text")
    (tmp_path / "trust.yaml").write_bytes(signing.trust_yaml())
    names = {
        "folder": tmp_path,
        "text": tmp_path / "note.txt",
        "profile": bank[1].profile,
        "orphan": tmp_path / "trust.yaml",
    }
    result = gate("scan", make({"a": b"x"}), *(argument.format(**names) for argument in arguments))
    assert result.returncode == 2 and complaint in result.stderr and result.stdout == ""
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--trust", "--profile", "--db"])
def test_a_target_does_not_bring_its_own(gate, bank, tmp_path, option):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "own").write_text("version: 1")
    result = gate("scan", folder, option, folder / "own")
    assert result.returncode == 2 and "lies inside the target" in result.stderr


def test_a_trust_file_does_not_name_keys_inside_a_target(gate, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / signing.FILE).write_bytes(signing.public_key())
    text = signing.trust_yaml().replace(signing.FILE.encode(), b"model/" + signing.FILE.encode())
    (tmp_path / "trust.yaml").write_bytes(text)
    result = gate("scan", folder, "--trust", tmp_path / "trust.yaml")
    assert result.returncode == 2 and "lies inside the target" in result.stderr
