"""What leaves a scan holds no credential, wherever in the report it stood."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from fixtures.secrets.issued import Draw, issued, password
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.model import Model
from gate.core.report import Inventory, Report
from gate.core.row import Fact
from gate.core.subject import Subject
from gate.formats.redact import named, redacted
from gate.masked import Row, masked

TOKEN = issued("github-token", "masked")[0]
ADDRESS = f"https://anna:{password(Draw('masked'))}@host.acme.io/x"
PATHS = (
    "model/layers.0.self_attn.k_proj.weight", "a/b/0123456789abcdef0123456789abcdef01234567.bin", "requirements.txt",
    "data/key-0123456789abcdef0123456789abcdef.parquet", "blobs/sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quote(Fact):
    """A fact with every sort of field."""

    kind: ClassVar[str] = "test.quote"
    text: str
    number: int
    parts: tuple[tuple[str, int], ...]


def report(text: str, path: str) -> Report:
    return Report(
        _subject(),
        [Finding(Location(path, 1, 2), "x.y", text, (("a", text), ("b", "c")))],
        [Gap(Location(path), GapReason.CORRUPT, "x", f"no {text} here")],
        [Quote(path, text, 3, ((text, 4),))],
        (),
        {"x": {"items": [{"path": path, "n": 1, text: None}], "ok": True}},
        Inventory(1, 5, None, [Row(path, 5, "ab", "text/plain")]),
        model=Model(text, text, None, (("by", text),)),
    )


def _subject() -> Subject:
    return Subject("m.zip", "file", {"sha256": "ab"}, 5, "zip")


def everything(given: Report) -> str:
    parts = (given.findings, given.gaps, given.facts, given.inventory.rows, [given.sections, given.model])
    return "".join(str(item) for part in parts for item in part)


def test_nothing_of_a_credential_is_left_in_any_part_of_a_report() -> None:
    clean = masked(report(f"see {TOKEN} at {ADDRESS}", f"keys/{TOKEN}.json"))
    for _ in range(2):  # the parts may be read again
        assert TOKEN[4:] not in everything(clean) and ADDRESS[13:20] not in everything(clean)
    (finding,), (row,) = clean.findings, clean.inventory.rows
    assert finding.location == ("keys/gh******.json", 1, 2, -1) and finding.args[1] == ("b", "c")
    assert (row.path, row.size, row.sha256) == ("keys/gh******.json", 5, "ab")


def test_a_report_without_one_is_the_same() -> None:
    given = report("nothing in here", "a/b.txt")
    assert everything(masked(given)) == everything(given)


def test_names_of_members_stay_what_they_are() -> None:
    for path in PATHS:
        assert redacted(path) == path and named(path) is None, path


def test_masking_costs_little_where_nothing_is_to_be_masked() -> None:
    paths = [f"model/part-{i:05}-of-90000/weights.bin" for i in range(20_000)]
    start = time.process_time()
    assert [redacted(path) for path in paths] == paths
    assert time.process_time() - start < 2
