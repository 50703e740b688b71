from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from fixtures.advisories.build import affects, feed, record, small
from gate.adapters import signer
from tests.adapters.test_download import Site, say
from tests.cli.inside import inside
from tests.conftest import ROOT, zipped

__all__ = ["inside"]


@pytest.fixture
def db(inside, tmp_path):
    """db(command, ...) with the data base in a folder of its own."""

    def run(*arguments, **environment):
        return inside("db", *arguments, env={"GATE_DB": str(tmp_path / "data" / "db.sqlite"), **environment})

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


def test_wrong_usage(db, given):
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


def test_a_status_that_nobody_can_read_is_an_error(db, given):
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


def test_the_one_before_is_told_and_can_be_had_back(db, given):
    db("import", given(small()))
    first = json.loads(db("status", "-f", "json").stdout)
    assert first["previous"] is None and "rollback" not in db("status").stdout
    db("import", given(feed(record("X-1", affects("a", "introduced 0"))), "new.zip"), "--force")
    told = json.loads(db("status", "-f", "json").stdout)
    assert told["previous"]["digest"] == first["digest"] and "gate db rollback" in db("status").stdout
    back = db("rollback")
    assert back.returncode == 0 and first["digest"]["sha256"] in back.stdout
    assert json.loads(db("status", "-f", "json").stdout)["previous"]["digest"] == told["digest"]


def test_there_may_be_nothing_to_go_back_to(db, given):
    db("import", given(small()))
    done = db("rollback")
    assert done.returncode == 2 and "nothing to go back to" in done.stderr


@pytest.fixture
def site():
    with Site() as site:
        yield site


def test_an_update_fetches_and_the_next_one_only_asks(db, site, tmp_path):
    url = site.give(say(body=small(), ETag='"1"'))
    done = db("update", "--url", url.replace("//", "//user:secret@"))
    assert done.returncode == 0 and "imported from all.zip" in done.stdout and url in done.stdout
    assert "secret" not in done.stdout and "secret" not in db("status", "-f", "json").stdout
    before = json.loads(db("status", "-f", "json").stdout)
    site.give(say(304, b""))
    again = db("update", "--url", url)
    assert again.returncode == 0 and again.stdout.endswith("unchanged\n")
    assert site.server.asked[-1][1]["If-None-Match"] == '"1"'
    after = json.loads(db("status", "-f", "json").stdout)
    assert after["records"] == before["records"] and after["previous"] is None
    db("update", "--url", url, "--force")
    assert "If-None-Match" not in site.server.asked[-1][1]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (say(500), 3),
        (say(body=small()[:-30]), 2),
        (say(body=b"<html>log in</html>"), 2),
        (say(body=feed(record("X-1", affects("a", "introduced 0")))), 2),
        (say(length="99999"), 3),
    ],
    ids=["an error", "cut off before it was served", "a page", "far fewer records", "cut off"],
)
def test_an_update_that_fails_changes_nothing(db, site, tmp_path, answer, code):
    db("update", "--url", site.give(say(body=small())))
    before = (tmp_path / "data" / "db.sqlite").read_bytes()
    failed = db("update", "--url", site.give(answer))
    assert failed.returncode == code and failed.stdout == "" and failed.stderr.startswith("gate: ")
    assert (tmp_path / "data" / "db.sqlite").read_bytes() == before
    assert os.listdir(tmp_path / "data") == ["db.sqlite"]


def test_wrong_usage_of_update(db):
    assert db("update", "--ca", "/nothing/there").returncode == 2
    assert db("update", "--url", "http://osv.example/all.zip").returncode == 3


@pytest.fixture
def keys(tmp_path):
    key = signer.generate("ed25519")
    (tmp_path / "k.key").write_bytes(signer.private_pem(key, b"correct horse"))
    (tmp_path / "k.pub").write_bytes(signer.public_pem(key))
    (tmp_path / "password").write_text("correct horse")
    (tmp_path / "trust.yaml").write_text("version: 1\nkeys: [{name: carrier, file: k.pub, roles: [evidence]}]\n")
    return tmp_path


def test_a_bundle_is_carried_over_the_gap(db, given, keys, tmp_path):
    db("import", given(small()))
    signing = ("--sign-key", keys / "k.key", "--key-password-file", keys / "password")
    done = db("export", "-o", tmp_path / "b.zip", *signing)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    there = ("--db", tmp_path / "there.sqlite")
    refused = db("import", tmp_path / "b.zip", *there)
    assert refused.returncode == 2 and "--trust" in refused.stderr and not (tmp_path / "there.sqlite").exists()
    carried = db("import", tmp_path / "b.zip", "--trust", keys / "trust.yaml", *there)
    assert carried.returncode == 0 and "signed by      carrier" in carried.stdout
    here, other = (json.loads(db("status", "-f", "json", *place).stdout) for place in ((), there))
    assert (here["fetched"], here["records"]) == (other["fetched"], other["records"]) and other["signer"] == "carrier"
    plain = db("import", given(small()), "--trust", keys / "trust.yaml", *there)
    assert plain.returncode == 2 and "no bundle" in plain.stderr
    assert db("import", tmp_path / "b.zip", given(small()), "--allow-unsigned", *there).returncode == 2


def test_a_bundle_that_nobody_signed_says_so_on_both_sides(db, given, tmp_path):
    db("import", given(small()))
    done = db("export", "-o", tmp_path / "b.zip")
    assert done.returncode == 0 and "not signed" in done.stderr
    assert db("import", tmp_path / "b.zip").returncode == 2
    assert db("import", tmp_path / "b.zip", "--allow-unsigned").returncode == 0


def test_wrong_usage_of_export(db, given, tmp_path):
    assert db("export", "-o", tmp_path / "b.zip").returncode == 3  # there is nothing to export
    assert not (tmp_path / "b.zip").exists()
    db("import", given(small()))
    assert db("export", "-o", tmp_path / "data" / "db.sqlite").returncode == 2
    assert db("export", "-o", tmp_path / "b.zip", "--key-password-file", "x").returncode == 2
    assert db("export").returncode == 2


def test_wrong_usage_of_serve(db):
    assert db("serve").returncode == 3
    remote = db("serve", "--host", "0.0.0.0")
    assert remote.returncode == 2 and "--expose" in remote.stderr


def vex(tmp_path, *statements):
    path = tmp_path / "vex.json"
    path.write_text(
        json.dumps(
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": "https://acme.example/vex/1",
                "author": "ml-sec",
                "timestamp": "2026-03-01T00:00:00Z",
                "statements": list(statements),
            }
        )
    )
    return path


@pytest.fixture
def scan(inside, db, given, tmp_path):
    """scan(options...) -> the result of an archive that asks for one vulnerable and one malicious package."""
    db("import", given(small()))
    archive = given(zipped({"requirements.txt": b"glow-worm==1.1+cu113\nglowworm==6.6.6\n"}), "m.zip")

    def run(*options):
        done = inside(
            "scan", archive, "--db", tmp_path / "data" / "db.sqlite", "-f", "json", "--jobs", "0",
            "--effective-time", "2026-03-02T00:00:00Z", *options,
        )  # fmt: skip
        return json.loads(done.stdout) if done.stdout else done

    return run


def test_vex_covers_what_it_names_and_shows_why(scan, tmp_path):
    own = scan()
    assert own["totals"]["dependencies.vulnerable"] == {"total": 1, "waived": 0, "truncated": 0}
    product = {"@id": "m", "hashes": {"sha-256": own["subject"]["digest"]["sha256"]}}
    said = {
        "vulnerability": {"name": "PYSEC-2026-1"},  # an alias of what gate calls it
        "status": "not_affected",
        "justification": "inline_mitigations_already_exist",
    }
    parts = [{"@id": "pkg:pypi/Glow_Worm@1.1"}]
    covered = scan("--vex", vex(tmp_path, {**said, "products": [{**product, "subcomponents": parts}]}))
    assert covered["totals"]["dependencies.vulnerable"]["waived"] == 1
    (waived,) = [row for row in covered["decision"]["waived"] if row["code"] == "dependencies.vulnerable"]
    assert waived["subject"] == "requirements.txt"
    (document,) = covered["inputs"]["vex"]
    assert document["name"] == "vex.json" and len(document["digest"]["sha256"]) == 64
    for change in (
        {"products": [{**product, "hashes": {"sha-256": "00" * 32}, "subcomponents": parts}]},
        {"products": [{"@id": "pkg:pypi/glow-worm@1.2"}]},
        {"products": [{"@id": "pkg:pypi/glow-worm"}], "status": "affected"},
    ):
        assert scan("--vex", vex(tmp_path, {**said, **change}))["totals"]["dependencies.vulnerable"]["waived"] == 0


def test_malware_is_never_covered(scan, tmp_path):
    said = {"vulnerability": {"name": "MAL-2026-1"}, "status": "fixed", "products": [{"@id": "pkg:pypi/glowworm"}]}
    result = scan("--vex", vex(tmp_path, said))
    assert result["totals"]["dependencies.malicious"]["waived"] == 0
    assert "dependencies.malicious" in [row["code"] for row in result["decision"]["reasons"]]


def test_a_vex_document_does_not_come_with_the_archive(scan, inside, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "vex.json").write_bytes(vex(tmp_path).read_bytes())
    done = inside("scan", folder, "--vex", folder / "vex.json")
    assert done.returncode == 2 and "inside the target" in done.stderr
    bad = scan("--vex", tmp_path / "feed.zip")
    assert bad.returncode == 2 and "--vex" in bad.stderr


def test_what_is_known_leaves_as_openvex_that_comes_back(scan, tmp_path):
    from gate.advisories.vex_read import read_vex

    scan("-o", f"openvex={tmp_path / 'out.json'}")
    data = (tmp_path / "out.json").read_bytes()
    found = read_vex(data)
    assert found.unbound == 0
    assert [(one.ids, one.package, one.version, one.status) for one in found.statements] == [
        (("CVE-2026-0001", "GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"), "glow-worm", "1.1+cu113", "affected"),
        (("MAL-2026-1",), "glowworm", "6.6.6", "affected"),
    ]
    assert {len(one.digest) for one in found.statements} == {64}
    assert all(row.get("action_statement") for row in json.loads(data)["statements"])


def test_stock_pip_audit_runs_on_our_data(db, given, tmp_path):
    """The whole peer as a process, over the data base served on this machine."""
    import subprocess
    import sys
    import threading

    from gate.advisories.server import Server

    db("import", given(small()))
    (tmp_path / "requirements.txt").write_text("glow-worm==1.1\nmoth==1.0\nglowworm==6.6.6\nnobody==1\n")
    server = Server(str(tmp_path / "data" / "db.sqlite"), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "-r", tmp_path / "requirements.txt", "--no-deps", "--disable-pip",
             "-s", "osv", "--osv-url", server.url + "/v1/query", "-f", "json", "--cache-dir", tmp_path / "cache"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 1, done.stderr  # its word for "vulnerabilities were found"
    found = {one["name"]: sorted(v["id"] for v in one["vulns"]) for one in json.loads(done.stdout)["dependencies"]}
    assert found == {"glow-worm": ["PYSEC-2026-1"], "moth": [], "glowworm": ["MAL-2026-1"], "nobody": []}
