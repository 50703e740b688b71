"""The layouts that a feed may have, and records in YAML."""

from __future__ import annotations

import json
import os

import pytest
from packaging.version import Version

from fixtures.advisories.build import NEWEST, affects, feed, record
from gate.advisories.database import open_database
from gate.advisories.feed import default_url
from gate.advisories.importing import import_feed
from tests.advisories.model import NOW

YAML = f"""
id: PYSEC-2026-7
modified: {NEWEST}
details: Glows.
affected:
- package: {{name: Glow.Worm, ecosystem: PyPI}}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: '0'
    - fixed: 1.10
  versions: [0.5, '1.0', 1.2.3]
aliases: [CVE-2026-7]
"""


@pytest.fixture
def load(tmp_path):
    """load({path: content}) -> the opened data base of a folder with these files."""
    opened = []

    def run(files):
        for name, content in files.items():
            path = tmp_path / "checkout" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            os.utime(path, (NOW - 60, NOW - 60))
        done = import_feed(str(tmp_path / "checkout"), str(tmp_path / "db"), now=NOW)
        opened.append(open_database(str(tmp_path / "db")))
        return done, opened[-1]

    yield run
    for database in opened:
        database.close()


def known(database, version, name="glow-worm"):
    return [one.id for one in database.of_version(name, Version(version))]


def test_a_checkout_of_pypi_s_data_base_is_read_where_its_records_are(load):
    done, database = load(
        {
            "vulns/glow-worm/PYSEC-2026-7.yaml": YAML,
            ".github/workflows/ci.yml": "on: push",
            "tools/settings.json": {"id": "no record"},
        }
    )
    assert (done.about.records, done.about.refused, done.about.kinds) == (1, 0, (("PYSEC", 1),))
    # 1.10 without quotes is the version 1.10, and not the number 1.1
    assert known(database, "1.9") == ["CVE-2026-7"] and known(database, "1.10") == []


def test_a_checkout_of_github_s_data_base_is_read_where_its_records_are(load):
    raw = record(
        "GHSA-aaaa-bbbb-cccc",
        affects("Glow.Worm", "introduced 0", database_specific={"last_known_affected_version_range": "<= 1.2"}),
        database_specific={"severity": "MODERATE", "github_reviewed": True},
        severity=[],
    )
    npm = record("GHSA-dddd-eeee-ffff", {"package": {"ecosystem": "npm", "name": "x"}, "ranges": []})
    done, database = load(
        {
            "advisories/github-reviewed/2026/01/GHSA-aaaa-bbbb-cccc/GHSA-aaaa-bbbb-cccc.json": raw,
            "advisories/github-reviewed/2026/01/GHSA-dddd-eeee-ffff/GHSA-dddd-eeee-ffff.json": npm,
            "advisories/unreviewed/2026/01/GHSA-gggg/GHSA-gggg.json": record("GHSA-gggg-hhhh-jjjj"),
            "package.json": {"name": "no record"},
        }
    )
    assert (done.about.records, done.elsewhere, done.about.refused) == (1, 2, 0)
    (one,) = database.of_version("glow.worm", Version("1.2"))
    assert one.severity == "medium" and known(database, "1.3") == []


def test_several_feeds_make_one_data_base_that_is_as_old_as_the_oldest(tmp_path):
    for number, (name, age) in enumerate((("a", 60), ("b", 7200))):
        (tmp_path / f"{name}.zip").write_bytes(feed(record(f"X-{number}", affects(name, "introduced 0"))))
        os.utime(tmp_path / f"{name}.zip", (NOW - age, NOW - age))
    done = import_feed([str(tmp_path / "a.zip"), str(tmp_path / "b.zip")], str(tmp_path / "db"), now=NOW)
    assert (done.about.records, done.about.source) == (2, "a.zip, b.zip")
    assert done.about.fetched == "2026-03-01T22:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["{", "&a [*a, *a]", "- 1", "id: [5]", "id: X\n---\nid: Y", "a: &a [1]\nb: " + "[" * 100 + "]" * 100, "!!python/object:os.system {}"],
)  # fmt: skip
def test_yaml_that_is_no_record_is_one_refused_record(load, text):
    done, _ = load({"good.yaml": YAML, "bad.yaml": text})
    assert (done.about.records, done.about.refused) == (1, 1)


def test_a_bomb_of_aliases_is_refused_in_no_time(load):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{n}: &{n} [{', '.join(['*' + p] * 9)}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True)]
    done, _ = load({"good.yaml": YAML, "bomb.yaml": "\n".join(lines)})
    assert done.about.refused == 1


def test_what_is_kept_of_a_record_is_what_the_schema_names_about_pypi(load):
    one = record(
        "X-1",
        affects("a", "introduced 0"),
        {"package": {"ecosystem": "npm", "name": "left"}, "ranges": []},
        details="d" * 100_000,
        credits=[{"name": "somebody"}],
        invented={"a": 1},
    )
    _, database = load({"X-1.json": one})
    kept = json.loads(database.record("X-1"))
    assert sorted(kept) == ["affected", "details", "id", "modified", "schema_version"]
    assert len(kept["affected"]) == 1 and len(kept["details"]) == 65_536


def test_the_address_of_osv_is_data():
    assert default_url().startswith("https://") and default_url().endswith("/PyPI/all.zip")
