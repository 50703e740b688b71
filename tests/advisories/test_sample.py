from __future__ import annotations

import json

from packaging.version import Version

from gate.advisories.database import open_database
from gate.advisories.sample import sample
from tests.conftest import ROOT

RECORDS = ROOT / "fixtures" / "churn" / "advisories"


def test_the_sample_knows_the_package_of_the_demo_and_says_that_it_is_a_sample(tmp_path):
    with open_database(sample(str(tmp_path))) as database:
        found = database.of_version("pillow", Version("9.0.0"))
        assert [(one.id, one.severity, one.fixed_in) for one in found] == [
            ("CVE-2022-24303", "critical", ("9.0.1",)),
            ("CVE-2022-45198", "high", ("9.2.0",)),
            ("CVE-2023-4863", "high", ("10.0.1",)),
            ("CVE-2023-44271", "high", ("10.0.0",)),
            ("CVE-2023-50447", "high", ("10.2.0",)),
        ]
        assert database.of_version("pillow", Version("13.0.0")) == ()
        assert database.about.label.startswith("ONLY A SAMPLE")


def test_the_sample_is_the_same_everywhere_and_always(tmp_path):
    with open_database(sample(str(tmp_path / "a"))) as one, open_database(sample(str(tmp_path / "b"))) as other:
        assert one.about == other.about
        assert (one.about.data_time, one.about.fetched) == ("2024-03-27T23:53:00Z", "2026-01-01T00:00:00Z")
    with open_database(sample(str(tmp_path / "a"))) as again:  # over an old one
        assert again.about == one.about


def test_every_record_of_the_sample_is_marked_so_that_no_import_of_them_passes_for_data():
    records = [json.loads(path.read_text()) for path in RECORDS.glob("*.json")]
    assert len(records) == 6
    for record in records:
        assert "demo" in record["database_specific"]["gate_sample"], record["id"]


def test_nothing_uses_the_sample_unless_it_asks_for_it():
    users = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gate").rglob("*.py")
        if "from gate.advisories.sample" in path.read_text() or "sample-advisories" in path.read_text()
    }
    assert users <= {"gate/advisories/sample.py", "gate/cli/demo.py"}
