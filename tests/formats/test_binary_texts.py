"""Texts in pickles, arrays, workbooks and headers of models."""

import io
import pickle
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import tables
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import pickle_texts
from gate.formats.content import Piece
from gate.formats.pickle_texts import pickle_pieces
from gate.formats.spreadsheet import workbook_pieces
from tests.formats.reading import columns_of, content_of, pieces_of, source_of, split

MAIL = "anna.3@example.org"
ROWS = tables.grid(40)


def texts(data: bytes) -> str:
    return "".join(piece.text for piece in pickle_pieces(source_of(data)) if hasattr(piece, "text"))


# -- pickles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_every_string_of_a_pickle_is_read_and_knows_its_bytes(protocol: int) -> None:
    raw = tables.pickled(protocol)
    pieces = pieces_of(raw)
    found = {}
    for piece in pieces:
        at = piece.text.find(MAIL)
        if at >= 0:
            start, end, _ = piece.span(at, at + len(MAIL))
            found[raw[start:end]] = piece.text[at - 1]
    assert list(found) == [MAIL.encode()] and not found[MAIL.encode()].isalnum()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.text(min_size=4, max_size=20) | st.integers() | st.floats() | st.none() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=4), inner) | st.tuples(inner),
        max_leaves=30,
    ),
    st.sampled_from([2, 3, 4, 5]),
)
def test_no_string_of_any_pickle_is_missing(value: Any, protocol: int) -> None:
    found = texts(pickle.dumps(value, protocol)).split("\x1e")

    def look(part: Any) -> None:
        if isinstance(part, str):
            shown = part.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
            assert "\x1e" in part or len(part.encode("utf-8", "surrogatepass")) < 4 or shown in found
        elif isinstance(part, dict):
            look([*part, *part.values()])
        elif isinstance(part, list | tuple):
            for below in part:
                look(below)

    look(value)


def test_texts_behind_raw_data_are_read_too() -> None:
    raw = pickle.dumps({"a": 1})[:-1] + bytes(range(128, 256)) * 40_000 + pickle.dumps(["anna.ackermann@example.org"])
    assert "anna.ackermann@example.org" in texts(raw)


def test_a_text_of_raw_data_may_lie_across_blocks() -> None:
    for shift in range(30):
        raw = b"\x80\x04" + b"\xff" * (2**18 - shift - 2) + b"anna.ackermann@example.org" + b"\xff" * 99
        assert texts(raw).count("anna.ackermann@example.org") == 1


def test_an_array_in_a_pickle_is_cut_into_its_items() -> None:
    raw = b"\x80\x04" + b"\x8c\x03U18" + b"B" + (4 * 18 * 3).to_bytes(4, "little") + MAIL.encode("utf-32-le") * 3 + b"."
    assert texts(raw).count(f"{MAIL}\n{MAIL}\n{MAIL}") == 1
    padded = b"\x80\x04\x8c\x03S20B" + (60).to_bytes(4, "little") + MAIL.encode().ljust(20, b"\0") * 3 + b"."
    assert f"{MAIL}\n{MAIL}\n{MAIL}" in texts(padded)


def test_what_costs_too_much_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (missed,) = split(content_of(tables.pickled(4, 500), opcodes=100))
    assert missed.error.reason is GapReason.BUDGET and missed.start > 0
    monkeypatch.setattr(pickle_texts, "_LONGEST", 1000)
    raw = b"\x80\x04X" + (2000).to_bytes(4, "little") + b"x" * 2000 + b"."
    items = list(pickle_pieces(source_of(raw)))
    assert [item.error.reason for item in items if not hasattr(item, "text")] == [GapReason.TOO_LARGE]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x80\x04", tables.pickled()[:99], b"\x80\x05\x8d\xff\xff\xff\xff"])
)
def test_any_bytes_are_read_to_their_end(data: bytes, before: bytes) -> None:
    for piece in pickle_pieces(source_of(before + data)):
        if isinstance(piece, Piece):
            assert piece.last <= len(piece.text) and piece.offset(0) < len(before + data)


# -- numpy ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [tables.unicode_array, tables.bytes_array])
def test_arrays_of_texts_are_a_column(make: Any) -> None:
    assert columns_of(make(tables.names()))["column 1"] == tables.names()


def test_fields_of_records_are_columns_with_names() -> None:
    record = b"".join(
        i.to_bytes(4, "little") + f"u{i}@example.org".ljust(16, "\0").encode("utf-32-le") for i in range(9)
    )
    raw = tables.npy("[('id', '<i4'), ('mail', '<U16')]", record, (9,))
    assert columns_of(raw) == {"mail": [f"u{i}@example.org" for i in range(9)]}
    big = tables.npy("[('mail', '>U16', (2,))]", "a@example.org".ljust(16, "\0").encode("utf-32-be") * 4, (2,))
    assert columns_of(big) == {"mail": ["a@example.org"] * 4}


def test_an_array_of_objects_is_a_pickle() -> None:
    raw = tables.npy("'|O'", tables.pickled(3), (1,))
    assert MAIL in "".join(piece.text for piece in pieces_of(raw))


def test_numbers_are_no_texts_and_damaged_headers_no_error() -> None:
    for descr in ("'<f8'", "[('a', '<i4'), ('b', '<M8[ns]')]", "'<U0'", "[('a', [('b', 'S4')])]", "5", "'|V99999999'"):
        with pytest.raises(NotExamined):
            list(content_of(tables.npy(descr, b"", (0,)) if descr != "5" else tables.npy("5", b"", (0,))))  # fmt: skip
            raise FormatError("nothing")
    raw = tables.npy("'<U9999999'", b"x" * 100, (10**9,))
    pieces, missed = split(content_of(raw))
    assert not pieces and missed[0].error.reason is GapReason.TOO_LARGE


# -- workbooks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "x"])
@pytest.mark.parametrize("inline", [False, True])
def test_a_workbook_is_read_by_columns(prefix: str, inline: bool) -> None:
    raw = tables.workbook(ROWS, prefix=prefix, inline=inline)
    found = columns_of(raw)
    for name in ("email", "iban", "phone"):
        column = ROWS[0].index(name)
        assert sorted(found[name]) == sorted(row[column] for row in ROWS[1:])
    assert {piece.sheet.rows for piece in pieces_of(raw) if piece.sheet and piece.column >= 0} == {40}
    assert any(piece.where == "sheet 1, email" for piece in pieces_of(raw))


def test_long_numbers_in_a_workbook_are_values_and_short_ones_are_not() -> None:
    raw = tables.workbook([["id", "card"], *([str(i), "4111111111111111"] for i in range(5))])
    assert columns_of(raw) == {"id": [""] * 5, "card": ["4111111111111111"] * 5}


def book(sheet: str, shared: str = "") -> bytes:
    return tables.zipped({"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet}.items())


BROKEN = {
    "no XML": (book("never", "never"), 2),
    "cut off": (book("<worksheet><sheetData><row><c t='str'><v>a@example.org</v></c></row>"), 2),
    "document type": (book('<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "<sst/>"), 1),
    "deep": (book("<a>" * 5000, "<sst/>"), 1),
    "references to nothing": (book('<w><row><c t="s"><v>7</v></c><c t="s"><v>x</v></c></row></w>', "<sst/>"), 0),
    "columns beyond all": (book('<w><row><c r="ZZZZ1" t="str"><v>a</v></c></row></w>', "<sst/>"), 0),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_workbook_is_missed_and_no_error(name: str) -> None:
    raw, count = BROKEN[name]
    _, missed = split(content_of(raw))
    assert len(missed) == count


def test_rows_before_the_damage_are_read() -> None:
    pieces, _ = split(content_of(BROKEN["cut off"][0]))
    assert [piece.cells for piece in pieces] == [("a@example.org",)]


def test_a_bomb_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    from gate.formats import spreadsheet

    monkeypatch.setattr(spreadsheet, "PART", 2**20)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<w><row><c t='str'><v>a@example.org</v></c></row>" + " " * 2**24)
    _, missed = split(content_of(out.getvalue()))
    assert [item.error.reason for item in missed] == [GapReason.TOO_LARGE]


def test_what_is_no_zip_is_refused() -> None:
    with pytest.raises(FormatError):
        list(workbook_pieces(source_of(b"PK\x03\x04xl/workbook.xml" + bytes(99))))


# -- models -----------------------------------------------------------------------------------------------------------


def test_metadata_of_a_model_are_texts_with_their_keys() -> None:
    header = rb'{"__metadata__": {"author": "anna\u0040example.org"}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    (piece,) = pieces_of(len(header).to_bytes(8, "little") + header + bytes(4))
    assert "author: anna@example.org" in piece.text and piece.where == "metadata"
