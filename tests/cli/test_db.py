from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from fixtures.advisories.build import affects, feed, record, small
from tests.conftest import ROOT


@pytest.fixture
def db(gate, tmp_path):
    """db(command, ...) with the data base in a folder of its own."""

    def run(*arguments, **environment):
        return gate("db", *arguments, env={"GATE_DB": str(tmp_path / "data" / "db.sqlite"), **environment})

    return run


@pytest.fixture
def given(tmp_path):
    def write(data, name="feed.zip"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def test_an_import_is_told_and_found_again(db, given, tmp_path):
    done = db("import", given(small()))
    assert (done.returncode, done.stderr) == (0, "")
    digest = hashlib.sha256((tmp_path / "data" / "db.sqlite").read_bytes()).hexdigest()
    assert digest in done.stdout and "4 (1 GHSA, 1 MAL, 2 PYSEC) about 3 packages" in done.stdout
    status = db("status")
    assert status.returncode == 0 and digest in status.stdout and "2026-03-01T00:00:00Z" in status.stdout


def test_status_is_json_for_machines(db, given, tmp_path):
    db("import", given(small()))
    told = json.loads(db("status", "-f", "json").stdout)
    assert told["state"] == "ready" and told["records"] == 4 and told["kinds"] == {"GHSA": 1, "MAL": 1, "PYSEC": 2}
    assert told["data_time"] == "2026-03-01T00:00:00Z" and isinstance(told["data_age_hours"], int)
    assert told["path"] == str(tmp_path / "data" / "db.sqlite") and told["source"] == "feed.zip" and told["label"] == ""
    assert len(told["digest"]["sha256"]) == 64


def test_without_a_data_base_status_is_inconclusive_and_says_what_to_do(db):
    none = db("status")
    assert (none.returncode, none.stdout) == (3, "") and "gate db import" in none.stderr
    told = db("status", "-f", "json")
    assert told.returncode == 3 and json.loads(told.stdout)["state"] == "unavailable"


def test_a_damaged_data_base_is_none(db, given, tmp_path):
    db("import", given(small()))
    path = tmp_path / "data" / "db.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    assert db("status").returncode == 3


def test_records_that_cannot_be_read_are_told_on_stderr_and_stay_visible(db, given):
    done = db("import", given(feed(record("X-1", affects("a", "introduced 0")), {"id": "\x1b[31mX"})))
    assert done.returncode == 0 and "1 records cannot be read" in done.stderr and "\x1b" not in done.stderr
    assert "1 records of the feed could not be read" in db("status").stdout


@pytest.mark.parametrize("data", [b"text", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_feed_is_wrong_usage(db, given, data):
    done = db("import", given(data))
    assert (done.returncode, done.stdout) == (2, "") and "feed.zip" in done.stderr


def test_wrong_usage(db, gate, given):
    assert db("import", "/nothing/there").returncode == 2
    assert db("status", "-f", "yaml").returncode == 2
    assert db("import").returncode == 2


def test_an_older_feed_needs_force(db, given):
    db("import", given(small()))
    old = given(feed(record("X-1", affects("a", "introduced 0"), modified="2020-01-01T00:00:00Z")), "old.zip")
    refused = db("import", old)
    assert refused.returncode == 2 and "--force" in refused.stderr
    assert db("import", old, "--force").returncode == 0


def test_db_says_where_before_the_environment_does(db, given, tmp_path):
    here = tmp_path / "here.sqlite"
    assert db("import", given(small()), "--db", here).returncode == 0
    assert here.exists() and not (tmp_path / "data").exists()
    assert db("status", "--db", here).returncode == 0 and db("status").returncode == 3


def test_it_lies_in_the_data_folder_by_default(db, given, tmp_path):
    environment = {"GATE_DB": "", "XDG_DATA_HOME": str(tmp_path / "xdg")}
    assert db("import", given(small()), **environment).returncode == 0
    assert (tmp_path / "xdg" / "mlgate" / "advisories.sqlite").exists()


def test_a_sample_says_so_first(db):
    done = db("import", ROOT / "fixtures" / "churn" / "advisories")
    assert done.stdout.startswith("WARNING") and "ONLY A SAMPLE" in db("status").stdout


def test_a_status_that_nobody_can_read_is_an_error(db, given, gate):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    db("import", given(small()))
    import subprocess
    import sys

    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "gate", "db", "status"],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "GATE_DB": str(given(b"").parent / "data" / "db.sqlite")},
        )
    assert result.returncode == 2
