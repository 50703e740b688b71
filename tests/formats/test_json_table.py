"""Tables that are JSON: objects in lines or in an array, read forward, given up where they are none."""

import json
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import people
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.json_table import JsonTable, read_json_table
from gate.formats.text import Text, read_text


def text_of(data: str | bytes) -> Text:
    raw = data.encode() if isinstance(data, str) else data
    budget = Budget(Limits())
    budget.admit(len(raw))
    return read_text(Memory(raw, budget))


def table_of(data: str | bytes) -> JsonTable:
    table = read_json_table(text_of(data))
    assert table is not None
    return table


def columns(table: JsonTable) -> dict[str, list[str]]:
    """All cells by the name of their column."""
    found: dict[str, list[str]] = {}
    for batch in table.batches():
        for column, (cells, rows) in batch.columns.items():
            assert len(cells) == len(rows)
            found.setdefault(table.names[column], []).extend(cells)
    return found


def test_objects_are_rows_and_names_inside_of_names_are_joined() -> None:
    lines = [
        {"id": 1, "contact": {"mail": "a@example.org", "tags": ["x", "y"]}},
        {"id": 2, "contact": {"mail": "b@example.org"}, "ok": True, "none": None},
        {"id": 2.5, "c@example.org": "v"},
    ]
    table = table_of("".join(json.dumps(line) + "\n" for line in lines))
    found = columns(table)
    assert found["id"] == ["1", "2", "2.5"] and found["contact.mail"] == ["a@example.org", "b@example.org"]
    assert found["contact.tags"] == ["x", "y"]
    assert "c@example.org" in [cell for cells in found.values() for cell in cells]  # a name that may be data
    assert "c@example.org" not in table.names


def test_a_name_that_stands_twice_hides_no_value() -> None:
    line = '{"mail": "a@example.org", "mail": "x", "n": 1}\n'
    assert columns(table_of(line * 3))["mail"] == ["a@example.org", "x"] * 3


@pytest.mark.parametrize("line", ['["a"]', "{", "[" * 5000, '{"a": ' * 5000, "nothing", '{"a": ' + "9" * 5000 + "}"])
def test_lines_that_are_no_objects_are_no_table_at_first_and_end_one_later(line: str) -> None:
    good = '{"a": 1}\n' * 40
    if line.endswith("9}"):  # a long number is still one
        assert columns(table_of(good + line + "\n"))["a"][-1] == "9" * 5000
        return
    assert read_json_table(text_of((line + "\n") * 5)) is None
    cells: list[str] = []
    with pytest.raises(FormatError, match="not a table") if line.startswith("{") else nullcontext():
        for batch in table_of(good + line + "\n").batches():
            cells += batch.columns[0][0]
    assert cells == ["1"] * 40


def test_the_customers_come_out() -> None:
    assert len(columns(table_of(people.json_lines(50)))["contact.email"]) == 50


OBJECTS = [{"id": i, "mail": f"a{i}@example.org"} for i in range(5)]
SHAPES = {
    "lines": "".join(f"{json.dumps(item)}\n" for item in OBJECTS),
    "several lines each": "".join(f"{json.dumps(item, indent=2)}\n" for item in OBJECTS),
    "an array": json.dumps(OBJECTS),
    "an array over lines": json.dumps(OBJECTS, indent=1),
    "in an object": json.dumps({"version": "1.1", "n": 5, "none": None, "data": OBJECTS, "more": [1]}),
    "in two": json.dumps({'a " b': {"rows": OBJECTS}}),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_objects_are_found_in_every_shape_and_know_where_they_stand(shape: str, codec: str) -> None:
    raw = SHAPES[shape].encode(codec)
    table = table_of(raw)
    assert columns(table)["mail"] == [item["mail"] for item in OBJECTS]
    plain = "utf-16-le" if codec == "utf-16" else "utf-8"
    for place, _ in table.objects():
        assert raw[place.start :].decode(plain).startswith(place.text)
        assert place.line == 1 + raw[: place.start].decode(plain).count("\n")


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "[1, 2, 3]", '[{"a": 1}]', '{"a": [1], "b": [{}, {}, {}]}', "[[{}, {}, {}]]x", ""]
)
def test_other_json_is_no_table(text: str) -> None:
    assert read_json_table(text_of(text)) is None


def test_an_object_across_the_pieces_of_a_text_is_one() -> None:
    items = [{"n": i, "text": "x" * 300_000, "mail": f"a{i}@example.org"} for i in range(8)]
    assert columns(table_of(json.dumps(items)))["mail"] == [item["mail"] for item in items]


def test_rows_before_a_damaged_one_are_rows() -> None:
    table = table_of(SHAPES["lines"] + '{"broken": \n')
    batches = table.batches()
    assert len(next(batches).places) == 5
    with pytest.raises(FormatError, match="not a table"):
        next(batches)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(alphabet='a1,;"\n\r\t|{}[]:\\\0é\x1e ', max_size=300),
    st.sampled_from(["", '{"a":1}\n' * 5, "[" + '{"a":1},' * 5]),
)
def test_any_text_is_a_table_or_none_and_every_row_lies_where_it_says(text: str, before: str) -> None:
    raw = (before + text).encode()
    try:
        table = read_json_table(text_of(raw))
        for place, _ in table.objects() if table else ():
            assert raw[place.start : place.start + len(place.text.encode())].decode() == place.text
    except FormatError as error:
        assert "not a table" in str(error) or str(error) == "not text"
