"""What people can read, piece by piece: nothing is hidden by how it is written, and every value knows its bytes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import people, tables
from gate.formats.content import may_be_said
from gate.formats.text import OVERLAP, WINDOW
from tests.formats.reading import columns_of, content_of, pieces_of, split

MAIL = "anna@example.org"


def spans(data: bytes | str, value: str = MAIL) -> list[bytes]:
    """The bytes of each time that the value is among the pieces."""
    raw = data.encode() if isinstance(data, str) else data
    found = []
    for piece in pieces_of(raw):
        at = piece.text.find(value)
        while at >= 0:
            if piece.owns(at):
                start, end, _ = piece.span(at, at + len(value))
                found.append(raw[start:end])
            at = piece.text.find(value, at + 1)
    return found


HIDDEN = {
    r'{"mail": "anna\u0040example.org"}': rb"anna\u0040example.org",
    r'{"mail": "a\nanna@example\u002Eorg"}': rb"anna@example\u002Eorg",
    r"mail: " + r'"anna\x40example.org"': rb"anna\x40example.org",
    "<html><body><p>anna<b>&#64;</b>example.org</p>": b"anna<b>&#64;</b>example.org",
    "<!DOCTYPE html><td>anna&commat;example&period;org</td>": b"anna&commat;example&period;org",
    '<table><a href="mailto:anna@example.org">us</a>': b"anna@example.org",
    "(lp0\nVanna@example.org\np1\na.": b"anna@example.org",
    r'(lp0' + "\n" + r"Vanna\u0040example.org" + "\np1\na.": rb"anna\u0040example.org",
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/w"><w:p><w:r w:rsidR="00A1"><w:t>anna@exa'
    '</w:t></w:r><w:r><w:t xml:space="preserve">mple.org</w:t></w:r></w:p>': b"anna@exa</w:t></w:r><w:r><w:t xml:space="
    b'"preserve">mple.org',
}  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN, ids=range(len(HIDDEN)))
@pytest.mark.parametrize("before", ["", "x" * 5000])
def test_how_it_is_written_hides_no_value(text: str, before: str) -> None:
    if before and text[0] != "{":
        return
    raw = text.replace("{", '{"x": "' + before + '", ', 1) if before else text
    (found,) = spans(raw)
    assert found.startswith(HIDDEN[text]) and len(found) - len(HIDDEN[text]) in (0, len("</w:t></w:r>"))


def test_what_is_no_escape_stays() -> None:
    text = r"C:\users\q \d{3} \u12 \xzz &notanentity; <T> \\n"
    assert "".join(piece.text for piece in pieces_of(text)) == r"C:\users\q \d{3} \u12 \xzz &notanentity; <T> \n"


def test_half_a_pair_is_no_character_and_a_whole_one_is() -> None:
    (piece,) = pieces_of(r'"\ud83d\ude00 \ud83d \udc80 x"')
    assert piece.text == '"\U0001f600 \ufffd \ufffd x"'


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"]))
def test_every_string_of_json_is_read_as_it_was_and_each_character_knows_its_byte(text: str, codec: str) -> None:
    text = text.replace("\b", "").replace("\f", "").encode("utf-8", "replace").decode()
    document = json.dumps(f"<{text}>")
    written = "".join(f"\\u{ord(c):04x}" if ord(c) < 32 and c not in "\n\r\t" else c for c in text)
    raw = document.encode(codec)
    (piece,) = pieces_of(raw)
    assert piece.text == f'"<{text}>"' and written is not None
    before = -1
    plain = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)
    for i, character in enumerate(piece.text):
        offset = piece.offset(i)
        assert offset > before
        before = offset
        rest = raw[offset:].decode(plain)
        assert rest[0] in (character, "\\")
    assert piece.offset(len(piece.text)) == len(raw)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(WINDOW - 30, WINDOW + 30), st.integers(0, 3))
def test_a_value_with_escapes_on_the_edge_of_a_window_is_found_once(at: int, extra: int) -> None:
    text = "\\n" * extra + "x" * (at - 2 * extra) + r" anna\u0040example.org " + "y" * OVERLAP
    assert spans(text) == [rb"anna\u0040example.org"]


def test_pieces_are_the_whole_text_once() -> None:
    text = (("lorem " * 20 + "\\u0041 ipsum\\n") * 20_000)[: 2 * WINDOW + 77]
    own = "".join(piece.text[piece.first : piece.last] for piece in pieces_of(text))
    assert own.count("A") == text.count("\\u0041")
    assert own.replace("\n", "\\n").replace("A", "\\u0041") == text


# -- tables -----------------------------------------------------------------------------------------------------------


def test_a_value_stands_once_in_a_piece_with_how_often_it_is_there() -> None:
    pieces = pieces_of("id,city\n" + "".join(f"{i},{'Ulm' if i % 3 else 'Bonn'}\n" for i in range(30)))
    city = next(piece for piece in pieces if piece.name == "city")
    assert dict(zip(city.cells, city.times, strict=True)) == {"Bonn": 10, "Ulm": 20}
    assert (city.where, city.column, city.words) == ("city", 1, frozenset({"city"}))
    assert city.sheet is not None and city.sheet.rows == 30


def test_a_column_is_called_by_its_number_where_its_name_could_be_a_value() -> None:
    pieces = pieces_of("id,customer 4111\n" + "1,2\n" * 5)
    assert [piece.where for piece in pieces] == ["", "id", "column 2"]
    assert pieces[2].words == {"customer", "4111", "customer4111"}
    assert may_be_said("e-mail") and not may_be_said("4111") and not may_be_said("a@b.co")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_cell_knows_its_row_its_bytes_and_the_row_where_it_is_written_otherwise(ending: str) -> None:
    text = f'id,note{ending}1,über {MAIL}{ending}2,"say ""{MAIL}"" twice"{ending}3,x{ending}'
    raw = text.encode()
    note = next(piece for piece in pieces_of(raw) if piece.name == "note")
    first, second = (note.text.index(MAIL), note.text.rindex(MAIL))
    start, end, line = note.span(first, first + len(MAIL))
    assert (raw[start:end].decode(), line) == (MAIL, 2)
    start, end, line = note.span(second - len('say "'), second + len(MAIL))
    assert (raw[start:end].decode(), line) == (f'2,"say ""{MAIL}"" twice"', 3)


def test_what_follows_a_damaged_row_is_text_from_there() -> None:
    text = "a,b\n" + "1,2\n" * 30 + '3,"never closed\n' + "x,y\n" * 50_000 + MAIL + "\n"
    pieces = pieces_of(text)
    assert {piece.column for piece in pieces} == {-1, 0, 1}
    assert spans(text) == [MAIL.encode()]
    rest = [piece for piece in pieces if piece.column < 0][1:]
    assert "".join(piece.text[piece.first : piece.last] for piece in rest) == text[text.index('\n3,"') :]


def test_an_object_around_a_table_is_text() -> None:
    document = {"owner": MAIL, "data": [{"n": i, "m": f"u{i}@example.org"} for i in range(9)], "end": f"{MAIL}!"}
    assert columns_of(json.dumps(document))["m"] == [f"u{i}@example.org" for i in range(9)]
    assert len(spans(json.dumps(document))) == 2


# -- notebooks --------------------------------------------------------------------------------------------------------


def test_a_notebook_is_read_cell_by_cell_without_pictures() -> None:
    pieces = pieces_of(tables.notebook())
    texts = {piece.where: piece.text for piece in pieces if piece.where}
    assert texts["cell 1"] == "# Churn\nAsk anna@example.org\n"
    assert texts["cell 2"] == "df.head()\n" and "4111 1111 1111 1111" in texts["cell 2, output"]
    assert any("zoe@example.org" in piece.text for piece in pieces)
    assert not any("iVBOR" in piece.text[piece.first : piece.last] for piece in pieces)


def test_a_value_in_a_notebook_lies_in_its_cell() -> None:
    raw = tables.notebook()
    piece = next(piece for piece in pieces_of(raw) if piece.where == "cell 2, output" and "4111" in piece.text)
    at = piece.text.index("4111")
    start, end, line = piece.span(at, at + 19)
    assert raw[start:end] == b"4111 1111 1111 1111" and line == 1 + raw[:start].count(b"\n")


def test_an_output_can_be_nested_as_deep_as_it_wants() -> None:
    deep = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1", "outputs": [MAIL]}]})
    deep = deep.replace(f'"{MAIL}"', "[" * 900 + f'"{MAIL}"' + "]" * 900)
    assert len(spans(deep)) <= 1  # and no error


# -- hostile ----------------------------------------------------------------------------------------------------------

HOSTILE = {
    "deep arrays": "[" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep in a row": '[{"a": 1}, {"b": 1}, {"c": 1}, ' + '{"a": [' * 50_000,
    "one long string": '{"a": "' + "x" * 3_000_000 + '"}',
    "a long string in rows": '[{"a": 1}, {"a": 2}, {"a": 3}, {"a": "' + "x" * 20_000_000,
    "entities": "<html>" + "&amp;" * 100_000 + "&" * 100_000 + "&#" * 50_000,
    "tags": "<html>" + "<" * 100_000 + "<b" * 50_000 + "<a b=" * 50_000,
    "office": '<x xmlns="http://schemas.openxmlformats.org/">' + "<a" * 300_000 + "<a @" * 50_000,
    "backslashes": "\\" * 200_001,
    "names": "[" + ",".join(f'{{"k{i}": 1}}' for i in range(30_000)) + "]",
    "the same name": "[" + ",".join('{"a": 1, "a": 2}' for _ in range(10_000)) + "]",
    "a bracket and white space": "[" + " " * 3_000_000 + "{",
    "quotes": '{"' * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_to_its_end_in_bounded_time(name: str) -> None:
    pieces, missed = split(content_of(HOSTILE[name]))
    assert not missed and pieces
    assert max(len(piece.text) for piece in pieces) <= 2**24 + 2**20


def test_people_come_out_of_every_form_of_text() -> None:
    assert len(columns_of(people.rows(50))["iban"]) == 50
    assert len(columns_of(people.json_lines(50))["contact.email"]) == 50
