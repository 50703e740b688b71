"""Stores of tables are read in a process of their own, which may break and lie as it wants."""

import json
import os
import sqlite3
import tempfile
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, orc, parquet

from fixtures.pii import tables
from gate.adapters import sqlite_child, stores
from gate.core.errors import MissingExtra, NotExamined, Spent
from gate.core.gap import GapReason
from gate.formats.content import Piece
from tests.formats.reading import columns_of, content_of, pieces_of, split

ROWS = tables.grid(40)
DATA = tables.sqlite(ROWS)


def arrow(rows: Any = ROWS) -> Any:
    return pa.table({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])})


def written(table: Any, kind: str) -> bytes:
    out = pa.BufferOutputStream()
    if kind == "parquet":
        parquet.write_table(table, out, row_group_size=16)
    elif kind == "orc":
        orc.write_table(table, out)
    elif kind == "feather":
        feather.write_feather(table, out)
    else:
        with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(out, table.schema) as writer:
            writer.write_table(table)
    return bytes(out.getvalue())


def reasons(raw: bytes, **limits: Any) -> tuple[list[Piece], list[GapReason]]:
    """Pieces and why there are no more of them."""
    pieces: list[Piece] = []
    missed: list[GapReason] = []
    try:
        for item in content_of(raw, **limits):
            if isinstance(item, Piece):
                pieces.append(item)
            else:
                missed.append(item.error.reason)
    except NotExamined as error:
        missed.append(error.reason)
    return pieces, missed


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parquet", "orc", "feather", "file", "stream"])
def test_tables_of_arrow_are_read_by_columns(kind: str) -> None:
    found = columns_of(written(arrow(), kind))
    for name in ("email", "iban", "phone"):
        assert sorted(found[name]) == sorted(row[ROWS[0].index(name)] for row in ROWS[1:])


def test_a_data_base_is_read_by_tables_and_columns() -> None:
    found = columns_of(DATA)
    for name in ("email", "iban", "phone"):
        assert sorted(found[name]) == sorted(row[ROWS[0].index(name)] for row in ROWS[1:])
    assert {piece.sheet.rows for piece in pieces_of(DATA) if piece.sheet and piece.column >= 0} == {40}
    assert any(piece.where == "people, email" for piece in pieces_of(DATA))


def test_values_inside_of_values_are_columns_with_joined_names() -> None:
    table = pa.table(
        {
            "user": [{"mail": "a@example.org", "tags": ["x", None]}, None],
            "map": pa.array([[("k", "v@example.org")], []], pa.map_(pa.string(), pa.string())),
            "dictionary": pa.array(["d@example.org", None]).dictionary_encode(),
            "bytes": pa.array([b"b@example.org", b"\0\1"]),
            "card": pa.array([4111111111111111, 7]),
            "small": pa.array([1, 2]),
            "real": [0.5, 1.5],
            "time": pa.array([0, 1], pa.timestamp("s")),
            "view": pa.array(["w@example.org", ""], pa.string_view()),
        }
    )
    found = columns_of(written(table, "file"))
    assert found["user.mail"] == ["a@example.org", ""] and found["user.tags"] == ["x", ""]
    assert sorted(found["map"]) == ["k", "v@example.org"] and found["dictionary"] == ["d@example.org", ""]
    assert found["bytes"] == ["b@example.org", ""] and found["card"] == ["4111111111111111", "7"]
    assert found["view"] == ["w@example.org", ""]
    assert found.keys() == {"user.mail", "user.tags", "map", "dictionary", "bytes", "card", "view"}


def test_a_long_value_is_read_in_parts() -> None:
    text = "lorem ipsum " * 200_000
    for raw in (
        written(pa.table({"t": [text + "a@example.org", "x"]}), "parquet"),
        tables.sqlite([["t"], [text + "a@example.org"], ["x"]]),
    ):
        pieces = [piece for piece in pieces_of(raw) if piece.column < 0 and len(piece.text) > 100]
        assert "".join(piece.text[piece.first : piece.last] for piece in pieces) == text + "a@example.org"
        assert {piece.name for piece in pieces} == {"t"}


def test_a_name_that_could_be_a_value_is_searched_and_not_said() -> None:
    raw = tables.sqlite([["4111 1111 1111 1111", "b"], ["1", "2"]], 'CREATE TABLE "anna@example.org" (a)')
    pieces = pieces_of(raw)
    assert not any("4111" in piece.where or "@" in piece.where for piece in pieces)
    assert any("4111 1111" in piece.text for piece in pieces) and any("anna@" in piece.text for piece in pieces)


# -- what must not happen ---------------------------------------------------------------------------------------------

TRAPS = (
    "CREATE VIEW forever AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
    "CREATE TABLE computed (a, b AS (hex(zeroblob(1000))), c AS (abs(a)) STORED)",
    "INSERT INTO computed (a) VALUES ('zoe@example.org')",
    'CREATE TABLE "a""b\';--" ("x""y" TEXT DEFAULT \'kim@example.org\')',
    'INSERT INTO "a""b\';--" DEFAULT VALUES',
    "CREATE INDEX slow ON people (hex(email)) WHERE abs(age) > 0",
    "CREATE TRIGGER t AFTER INSERT ON people BEGIN SELECT abs(-9223372036854775807 - 1); END",
    "CREATE TABLE wide (z BLOB)",
    "INSERT INTO wide VALUES (zeroblob(1000000))",
)


def test_nothing_that_a_schema_says_is_executed() -> None:
    pieces, missed = reasons(tables.sqlite(ROWS, *TRAPS))
    text = "".join(piece.text for piece in pieces)
    assert not missed and "zoe@example.org" in text and "kim@example.org" in text
    assert len({piece.where for piece in pieces if piece.where.startswith("people, ")}) == len(ROWS[0])


@pytest.mark.parametrize(
    "action", [sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_RECURSIVE]
)
def test_only_reading_is_allowed(action: int) -> None:
    assert sqlite_child._only_reading(action, "load_extension", None) == sqlite3.SQLITE_DENY
    assert sqlite_child._only_reading(sqlite3.SQLITE_PRAGMA, "writable_schema", "1") == sqlite3.SQLITE_DENY
    assert sqlite_child._only_reading(sqlite3.SQLITE_READ, "people", "email") == sqlite3.SQLITE_OK


def test_a_damaged_table_does_not_hide_the_next() -> None:
    raw = bytearray(tables.sqlite(ROWS, "CREATE TABLE later (mail)", "INSERT INTO later VALUES ('zoe@example.org')"))
    size = int.from_bytes(raw[16:18], "big")
    raw[size : size + 64] = b"\xff" * 64  # the root page of the first table
    pieces, missed = reasons(bytes(raw))
    assert missed == [GapReason.CORRUPT] and "zoe@example.org" in "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("cut", [17, 100, 4000, len(DATA) // 2])
def test_a_data_base_that_is_cut_off_is_missed(cut: int) -> None:
    _, missed = reasons(DATA[:cut])
    assert missed and set(missed) <= {GapReason.CORRUPT, GapReason.ENCRYPTED}


PARQUET = written(arrow(), "parquet")
STREAM = written(arrow(), "stream")


@pytest.mark.parametrize(
    ("raw", "at"), [(PARQUET, 30), (PARQUET, len(PARQUET) - 60), (STREAM, 30), (STREAM, len(STREAM) // 2)], ids=range(4)
)
def test_damage_anywhere_is_missed_or_read_and_never_an_error(raw: bytes, at: int) -> None:
    broken = raw[:at] + bytes(byte ^ 0x55 for byte in raw[at : at + 20]) + raw[at + 20 :]
    _, missed = reasons(broken)
    assert set(missed) <= {GapReason.CORRUPT, GapReason.CRASHED, GapReason.UNSUPPORTED, GapReason.TOO_LARGE}


def test_a_table_of_10_to_the_8_rows_in_a_few_bytes_ends_in_time() -> None:
    one = pa.DictionaryArray.from_arrays(pa.array([0] * 2**20, pa.int8()), pa.array(["a@example.org"]))
    out = pa.BufferOutputStream()
    schema = pa.schema([("mail", one.type)])
    with parquet.ParquetWriter(out, schema) as writer:
        writer.write_table(pa.Table.from_batches([pa.record_batch([one], schema)] * 100), row_group_size=2**27)
    raw = bytes(out.getvalue())
    assert len(raw) < 2**21
    _, missed = reasons(raw, native_seconds=0.5)
    assert missed in ([], [GapReason.TIMED_OUT])


def test_too_little_memory_is_a_gap() -> None:
    raw = written(pa.table({"t": ["x" * 2**25]}), "parquet")
    _, missed = reasons(raw, native_memory_bytes=2**28)
    assert missed and set(missed) <= {GapReason.TOO_LARGE, GapReason.CRASHED, GapReason.CORRUPT}


def test_a_store_beyond_the_limit_is_too_large() -> None:
    with pytest.raises(NotExamined) as caught:
        content_of(DATA, store_bytes=1000)
    assert caught.value.reason is GapReason.TOO_LARGE


def test_without_the_extra_tables_of_arrow_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="parquet"):
        content_of(PARQUET)
    assert columns_of(DATA)  # needs none


def test_a_deadline_ends_the_process_and_nothing_is_left() -> None:
    before = set(os.listdir(tempfile.gettempdir()))
    content = iter(content_of(DATA))
    next(content)
    content.close()  # type: ignore[attr-defined]
    with pytest.raises(Spent):
        list(content_of(DATA, total_bytes=1, total_factor=1, expansion_floor_bytes=1))
        raise Spent(GapReason.BUDGET, "nothing to read twice")
    left = set(os.listdir(tempfile.gettempdir())) - before
    assert not {
        name for name in left if name.startswith("gate-") and os.path.isfile(os.path.join(tempfile.gettempdir(), name))
    }


LIES: list[Any] = [
    {},
    [],
    {"table": 1},
    {"names": [1]},
    {"names": ["x"] * 30_000},
    {"rows": -1},
    {"rows": "many"},
    {"column": 0, "values": ["a"], "times": [1, 2]},
    {"column": 0, "values": ["a"], "times": [0]},
    {"column": 0, "values": [7], "times": [1]},
    {"column": 0, "values": [], "times": []},
    {"missed": "harmless", "detail": "x"},
    {"text": "x", "first": 0, "last": 1},
]


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_what_the_process_says_is_not_believed(lie: Any) -> None:
    with pytest.raises(NotExamined) as caught:
        list(stores._Tables("SQLite").pieces(lie if isinstance(lie, dict) else {}))
    assert caught.value.reason is GapReason.CRASHED


def test_frames_that_are_none_end_the_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for said, reason in (
        ("b'\\xff\\xff\\xff\\xff'", GapReason.CRASHED),
        ("b'\\0\\0\\0\\2no'", GapReason.CRASHED),
        ("b''", GapReason.CRASHED),
        (f"b'\\0\\0\\0\\x0a' + {json.dumps({'end': 1})!r}.encode()", None),
    ):
        script = tmp_path / "liar.py"
        script.write_text(f"import os; os.write(1, {said})")
        monkeypatch.setattr(stores, "_SCRIPT", script)
        _, missed = reasons(DATA)
        assert missed == ([reason] if reason else []), said


def test_pieces_of_stores_have_no_place() -> None:
    pieces, missed = split(content_of(DATA))
    assert not missed and {piece.span(0, 1) for piece in pieces} == {(-1, -1, -1)}
