"""The inventory: one line a member, sorted, the same bytes each time, however many there are."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from dataclasses import replace

import jsonschema
import pytest

from gate.archive.inventory import Inventory, InventoryRow
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Inventory as Totals
from gate.output import FORMATS, RENDERERS, STREAMS
from gate.output.dump import dumps
from gate.output.inventory import pieces
from tests.conftest import NOW, ROOT
from tests.output.results import allowed

SCHEMA = json.loads((ROOT / "gate" / "output" / "schema" / "inventory.v1.json").read_text())
ROWS = [
    InventoryRow("a.txt", 3, "aa" * 32, 0, "text/plain"),
    InventoryRow('b"\\é.bin', 0, "bb" * 32, 1, "application/octet-stream"),
    InventoryRow("c.zip", -1, "", 2, ""),
    InventoryRow("d.pkl", -1, "", 3, "application/x-python-pickle"),
]
GAPS = (
    Gap(Location(""), GapReason.CORRUPT, "archive"),
    Gap(Location("a.txt"), GapReason.UNSUPPORTED, "pii"),
    Gap(Location("c.zip"), GapReason.ENCRYPTED, "archive"),
    Gap(Location("c.zip!/x"), GapReason.CORRUPT, "archive"),
    Gap(Location("d.pkl"), GapReason.TIMED_OUT, "pii"),
)


def report(rows=ROWS, gaps=GAPS):
    return replace(allowed().report, gaps=gaps, inventory=Totals(len(ROWS), 3, None, rows))


def lines(*arguments):
    return [json.loads(line) for line in "".join(pieces(report(*arguments))).splitlines()]


def test_every_member_has_a_line_of_the_published_schema():
    header, *rows = lines()
    for line in (header, *rows):
        jsonschema.Draft202012Validator(SCHEMA).validate(line)
    assert header["schema"] == "gate.inventory/v1" and header["members"] == 4 and header["root"] is None
    assert header["subject"]["digest"] == {"sha256": "ab" * 32}
    assert [row["path"] for row in rows] == [row.path for row in ROWS]
    assert rows[0] == {"path": "a.txt", "size": 3, "sha256": "aa" * 32, "media_type": "text/plain"}


def test_a_member_that_was_not_read_says_why():
    *_, locked, unknown = lines()
    assert locked == {"path": "c.zip", "size": None, "sha256": None, "media_type": None, "reason": "encrypted"}
    assert unknown["reason"] == "unreadable"  # no gap of the walk tells


def test_the_schema_refuses_other_lines():
    check = jsonschema.Draft202012Validator(SCHEMA)
    header, row, *_ = lines()
    for wrong in ({**row, "sha256": None}, {**row, "more": 1}, {**header, "schema": "gate.inventory/v2"}, {}):
        with pytest.raises(jsonschema.ValidationError):
            check.validate(wrong)


def test_a_line_is_what_the_json_writer_of_all_formats_would_write():
    for row, line in zip(ROWS[:2], "".join(pieces(report())).splitlines(keepends=True)[1:3], strict=True):
        value = {"path": row.path, "size": row.size, "sha256": row.sha256, "media_type": row.media_type}
        assert line == dumps(value)
        assert line.isascii()


def test_a_hundred_thousand_rows_are_not_held():
    rows = Inventory()
    for i in range(100_000):
        rows.add(f"d/{i:06}", i, f"{i:064x}", i, "text/plain")
    tracemalloc.start()
    count = sum(piece.count("\n") for piece in pieces(report(rows, ())))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_001 and peak < 12 * 2**20


def test_a_format_is_rendered_whole_or_in_pieces():
    assert set(FORMATS) == set(RENDERERS) | set(STREAMS) and not set(RENDERERS) & set(STREAMS)


# -- the command ---------------------------------------------------------------------------------------------------

CONTENT = {"a.txt": b"hello", "d/w.bin": bytes(100)}


def test_the_command_writes_the_inventory_of_an_archive(gate, make, tmp_path):
    target, file = make(CONTENT), tmp_path / "inv.jsonl"
    result = gate("scan", target, "-o", f"inventory={file}", "--effective-time", NOW, "-f", "json")
    header, *rows = map(json.loads, file.read_text().splitlines())
    assert header["subject"] == json.loads(result.stdout)["subject"]
    assert header["root"] == json.loads(result.stdout)["inventory"]["root"]
    assert rows == [
        {"path": "a.txt", "size": 5, "sha256": hashlib.sha256(b"hello").hexdigest(), "media_type": "text/plain"},
        {
            "path": "d/w.bin",
            "size": 100,
            "sha256": hashlib.sha256(bytes(100)).hexdigest(),
            "media_type": "application/octet-stream",
        },
    ]
    text = "".join(f"{row['sha256']}  {row['path']}\n" for row in rows)
    assert header["root"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    for jobs in ("0", "1", "2"):
        again = gate("scan", target, "-f", "inventory", "--jobs", jobs)
        assert again.stdout == file.read_text()


def test_several_targets_are_told_apart_by_their_headers(gate, make):
    one, two = make(CONTENT, "one.zip"), make({"b": b"x"}, "two.zip")
    lines = [json.loads(line) for line in gate("scan", one, two, "-f", "inventory").stdout.splitlines()]
    assert [line["subject"]["name"] for line in lines if "schema" in line] == ["one.zip", "two.zip"]
    assert [line.get("path") for line in lines] == [None, "a.txt", "d/w.bin", None, "b"]


def test_nothing_is_left_where_the_file_cannot_be_written(gate, make, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "inv").mkdir()
    result = gate("scan", make(CONTENT), "-o", f"inventory={folder / 'inv'}", "-q")
    assert result.returncode == 2 and "cannot be written" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["inv"]
