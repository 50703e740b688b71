from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fixtures.advisories.build import affects, record, small
from gate.advisories.database import open_database
from gate.core.advisory import Advisory, Certainty
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from tests.advisories import model

C, P = Certainty.CERTAIN, Certainty.POSSIBLE


def of(database, name, version):
    return [(one.id, one.certainty) for one in database.of_version(name, Version(version))]


def among(database, name, specifiers):
    return [(one.id, one.certainty) for one in database.of_specifiers(name, SpecifierSet(specifiers))]


def test_two_records_of_one_thing_are_one_advisory(imported):
    database = imported(small())
    assert database.of_version("GLOW_worm", Version("1.1")) == (
        Advisory(
            "CVE-2026-0001",
            ("GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"),
            "Glows in the dark",
            "critical",
            False,
            ("1.4",),
            C,
        ),
    )
    assert database.of_version("glow-worm", Version("0.5"))[0].aliases == ("PYSEC-2026-1",)
    assert database.of_version("glow-worm", Version("0.5"))[0].severity == "unknown"
    assert database.of_version("glow-worm", Version("1.4")) == ()
    assert database.of_version("nothing", Version("1")) == ()


def test_malware_has_no_fix(imported):
    (found,) = imported(small()).of_version("glowworm", Version("6.6.6"))
    assert (found.id, found.malicious, found.fixed_in) == ("MAL-2026-1", True, ())


def test_a_build_of_a_version_is_that_version(imported):
    database = imported(
        record("X-1", affects("torch", "introduced 0", "fixed 1.13.1", versions=["1.12.1"])),
        record("X-2", affects("torch", versions=["1.12.1"])),
        record("X-3", affects("torch", versions=["1.12.1+cu117"])),
        record("X-4", affects("torch", "introduced 0", "last_affected 1.12.1")),
    )
    assert of(database, "torch", "1.12.1+cu113") == [("X-1", C), ("X-2", C), ("X-4", C)]
    assert of(database, "torch", "1.12.1+cu117") == [("X-1", C), ("X-2", C), ("X-3", C), ("X-4", C)]
    assert of(database, "torch", "1.12.1.post1") == [("X-1", C)]


def test_fixes_are_above_the_version_the_nearest_first(imported):
    entry = affects(
        "a", "introduced 0", "fixed 2.4.4", "introduced 2.5", "fixed 2.5.1", "introduced 2.6", "fixed 2.6.10"
    )
    database = imported(record("X-1", entry))
    assert database.of_version("a", Version("2.5.0"))[0].fixed_in == ("2.5.1", "2.6.10")
    assert database.of_version("a", Version("1"))[0].fixed_in == ("2.4.4", "2.5.1", "2.6.10")
    assert database.of_specifiers("a", SpecifierSet("~=2.5.0"))[0].fixed_in == ("2.5.1", "2.6.10")
    assert database.of_specifiers("a", SpecifierSet(""))[0].fixed_in == ("2.4.4", "2.5.1", "2.6.10")


def test_a_range_that_was_not_readable_in_full_is_a_possibility(imported):
    database = imported(record("X-1", affects("steam", "introduced 0", "fixed 2019-09-12", versions=["0.9"])))
    assert of(database, "steam", "1.0") == [("X-1", P)] and of(database, "steam", "0.9") == [("X-1", C)]
    assert among(database, "steam", ">=1") == [("X-1", P)] and among(database, "steam", "==0.9") == [("X-1", C)]


@pytest.mark.parametrize(
    ("specifiers", "expected"),
    [
        ("<1.13", [("X-1", C), ("X-2", P)]),
        ("<1.12.1", [("X-1", C)]),
        ("", [("X-1", P), ("X-2", P)]),
        (">=2.0", []),
        ("==1.12.1", [("X-1", C), ("X-2", C)]),
        ("==1.12.1+cu113", [("X-1", C), ("X-2", C)]),
        ("==1.12.*", [("X-1", C), ("X-2", P)]),
        (">=1.12.1,<=1.12.1", [("X-1", C), ("X-2", C)]),
        ("!=1.12.1", [("X-1", P)]),
        (">2,<1", []),
        ("===1.12.1", [("X-1", C), ("X-2", C)]),
        ("===1.12.1,<1", []),
        ("===1.12.1,===1.13", []),
        ("===1.13.1", []),
        ("===weird", [("X-1", P), ("X-2", P)]),
    ],
)
def test_what_a_requirement_allows(imported, specifiers, expected):
    database = imported(
        record("X-1", affects("torch", "introduced 0", "fixed 1.13.1")),
        record("X-2", affects("torch", versions=["1.12.1"])),
    )
    assert among(database, "torch", specifiers) == expected


def test_a_requirement_that_asks_for_pre_releases_is_answered_as_well(imported):
    database = imported(record("X-1", affects("a", "introduced 0", "fixed 2")))
    assert among(database, "a", "==2.0rc1") == [("X-1", C)]
    assert database.of_specifiers("a", SpecifierSet("<2", prereleases=True))[0].certainty is C
    assert database.of_specifiers("a", SpecifierSet("<2", prereleases=False))[0].certainty is C


def test_two_records_that_name_it_together_are_certain_together(imported):
    database = imported(
        record("X-1", affects("a", "introduced 0", "fixed 1"), aliases=["CVE-1"]),
        record("X-2", affects("a", "introduced 1", "fixed 2"), aliases=["CVE-1"]),
    )
    assert among(database, "a", "<2") == [("CVE-1", C)]


def test_of_a_whole_feed_every_version_is_judged_as_a_walk_over_the_events_does(imported):
    chance = random.Random(7)
    records, truth = [], {}
    for number in range(120):
        at = chance.sample(model.BOUNDS, chance.randint(1, 4))
        events = [("introduced", chance.choice(["0", "0.5"]))]
        events += [(chance.choice(["introduced", "fixed", "last_affected"]), text) for text in at]
        chance.shuffle(events)
        package = f"p{number % 10}"
        records.append(record(f"X-{number}", affects(package, *map(" ".join, events))))
        truth[f"X-{number}"] = (package, events)
    database = imported(*records)
    for package in {package for package, _ in truth.values()}:
        for version in model.UNIVERSE:
            expected = {
                own for own, (name, events) in truth.items() if name == package and model.naive(events, version)
            }
            assert {one.id for one in database.of_version(package, version)} == expected
        for text in ("", ">=2", "<3", "==2.*", ">1,<=3,!=2", "~=3.0", "==1", "<0.5", ">=4.post1"):
            specifiers = SpecifierSet(text)
            tried = [v for v in model.UNIVERSE if specifiers.contains(v, prereleases=True)]
            found = dict(among(database, package, text))
            for own, (name, events) in truth.items():
                if name == package:
                    hits = [model.naive(events, v) for v in tried]
                    assert found.get(own) == (C if hits and all(hits) else P if any(hits) else None), (own, text)


def test_two_hundred_packages_are_looked_up_in_no_time(imported):
    chance = random.Random(1)
    database = imported(
        *(
            record(
                f"X-{i}",
                affects(f"p{i % 300}", "introduced 0", f"fixed {chance.randint(1, 9)}.1"),
                aliases=[f"CVE-2026-{i}"],
            )
            for i in range(3000)
        )
    )
    start = time.process_time()
    assert sum(len(database.of_version(f"p{i}", Version("1.0"))) for i in range(200)) == 2000
    assert time.process_time() - start < 1.0  # 0.04 s on an idle machine


def test_about_is_the_digest_of_the_file_and_what_it_says(imported):
    database = imported(small())
    assert database.about.digest == hashlib.sha256(Path(database.path).read_bytes()).hexdigest()
    assert (database.about.records, database.about.packages) == (4, 3)


def test_a_data_base_that_is_replaced_meanwhile_goes_on_as_it_was(imported):
    database, other = imported(small()), imported(record("X-1", affects("a", "introduced 0")))
    digest = hashlib.sha256(Path(database.path).read_bytes()).hexdigest()
    os.replace(other.path, database.path)
    assert database.about.digest == digest and of(database, "glowworm", "6.6.6")


def refused(path):
    with pytest.raises(NotExamined) as error:
        open_database(str(path))
    assert error.value.reason is GapReason.UNAVAILABLE
    return str(error.value)


def test_nothing_and_no_file_and_no_data_base_are_all_unavailable(tmp_path):
    assert "gate db update" in refused("")
    assert "No such file" in refused(tmp_path / "none")
    refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe")
    for name, data in (("empty", b""), ("text", b"hello" * 1000), ("header", b"SQLite format 3\0" + bytes(5000))):
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name)


def changed(database, *statements):
    path = database.path + "x"
    shutil.copy(database.path, path)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return refused(path)


def test_another_program_s_file_another_layout_and_other_tables_are_refused(imported):
    database = imported(small())
    assert "no data base of gate" in changed(database, "PRAGMA application_id = 1")
    assert "layout 1" in changed(database, "PRAGMA user_version = 1")
    assert "tables" in changed(database, "CREATE TABLE more(x)")
    assert "tables" in changed(
        database, "DROP TABLE package", "CREATE VIEW package AS SELECT 'glowworm' AS name, x'00' AS advisories"
    )
    for statement in (
        "DELETE FROM package WHERE name = 'glowworm'",
        "UPDATE package SET name = 'glowwurm' WHERE name = 'glowworm'",
        "UPDATE package SET advisories = x'00'",
        "UPDATE package SET advisories = 'text'",
        "UPDATE about SET facts = '{}'",
        "UPDATE about SET facts = x'00'",
        "UPDATE about SET facts = replace(facts, '2026', '2027')",
        "DELETE FROM about",
    ):
        assert "damaged" in changed(database, statement), statement


def test_a_damaged_byte_is_noticed_or_does_not_matter(imported):
    database = imported(small())
    whole, chance = Path(database.path).read_bytes(), random.Random(3)
    answers = [
        database.of_version(name, Version(v))
        for name, v in (("glow-worm", "1.1"), ("glowworm", "6.6.6"), ("moth", "2!1"))
    ]
    facts, records, noticed = database.facts, dict(database.records()), 0
    used = [at for at, byte in enumerate(whole) if byte]
    for at in chance.sample(used, 300):
        data = bytearray(whole)
        data[at] ^= 1 << chance.randrange(8)
        path = database.path + "y"
        Path(path).write_bytes(data)
        try:
            with open_database(path) as other:
                now = [
                    other.of_version(name, Version(v))
                    for name, v in (("glow-worm", "1.1"), ("glowworm", "6.6.6"), ("moth", "2!1"))
                ]
                assert (now, other.facts, dict(other.records())) == (answers, facts, records), at
        except NotExamined as error:
            assert error.reason is GapReason.UNAVAILABLE
            noticed += 1
    assert noticed > 200


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_data_base_that_was_cut_off_is_refused(imported, tmp_path, keep):
    database = imported(*(record(f"X-{i}", affects(f"p{i}", "introduced 0")) for i in range(300)))
    data = Path(database.path).read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(len(data) * keep)])
    refused(tmp_path / "cut")


def test_a_path_with_any_characters_is_opened(imported, tmp_path):
    path = tmp_path / "a?mode=rwc#%41 ü.sqlite"
    shutil.copy(imported(small()).path, path)
    with open_database(str(path)) as database:
        assert database.facts.records == 4
    assert sorted(os.listdir(tmp_path)) == sorted({path.name, "feed0.zip", "db0"})


def test_a_path_that_is_no_text_is_opened_and_one_that_is_no_path_is_not(imported, tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff.sqlite")
    shutil.copy(imported(small()).path, path)
    with open_database(path) as database:
        assert database.facts.records == 4
    refused("a\0b")


def test_nothing_is_written_beside_it_and_it_may_be_read_only(imported, tmp_path):
    database = imported(small())
    os.chmod(database.path, 0o400)
    with open_database(database.path) as other:
        assert of(other, "glowworm", "6.6.6")
        with pytest.raises(sqlite3.OperationalError):
            other._connection.execute("DELETE FROM package")


def test_importing_the_module_is_cheap():
    import subprocess
    import sys

    script = "import sys; import gate.advisories.database; print([m for m in ('pip_audit', 'requests', 'yaml') if m in sys.modules])"
    assert (
        json.loads(
            subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.replace("'", '"')
        )
        == []
    )
