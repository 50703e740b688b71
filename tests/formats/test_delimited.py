"""Tables that are text: recognised by their first rows, read forward, given up where they are none."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import quiet
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.delimited import Table, read_table
from gate.formats.text import Text, read_text


def text_of(data: str | bytes) -> Text:
    raw = data.encode() if isinstance(data, str) else data
    budget = Budget(Limits())
    budget.admit(len(raw))
    return read_text(Memory(raw, budget))


def table_of(data: str | bytes) -> Table:
    table = read_table(text_of(data))
    assert table is not None
    return table


def columns(table: Table) -> dict[str, list[str]]:
    """All cells by the name of their column, or its number."""
    found: dict[str, list[str]] = {}
    for batch in table.batches():
        for column, (cells, rows) in batch.columns.items():
            assert len(cells) == len(rows)
            name = table.names[column] if column < len(table.names) else ""
            found.setdefault(name or str(column), []).extend(cells)
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_on_which_the_rows_agree(delimiter: str) -> None:
    text = "name;a,age\tb,city|c\n".replace(";a", delimiter).replace("\tb", delimiter).replace("|c", "")
    rows = text.replace(",", delimiter) + delimiter.join(["Ann", "1,5 m; 2", "Ulm"]).replace(delimiter, "", 0) + "\n"
    body = "".join(delimiter.join((f"n{i}", str(i), "x")) + "\n" for i in range(5))
    table = table_of(delimiter.join(("name", "age", "city")) + "\n" + body)
    assert rows and (table.delimiter, table.names) == (delimiter, ["name", "age", "city"])
    assert columns(table)["age"] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_line_ends_make_no_difference(codec: str, ending: str) -> None:
    text = ending.join(["größe,ort", "1,Köln", "2,Ulm", "3,Ürzig", ""])
    assert columns(table_of(text.encode(codec))) == {"größe": ["1", "2", "3"], "ort": ["Köln", "Ulm", "Ürzig"]}


def test_quotes_hide_delimiters_and_line_ends_and_rows_know_where_they_stand() -> None:
    text = 'id,note\n1,"a,b"\n2,"two\nlines"\n3,"say ""hi"""\n'
    (batch,) = table_of(text).batches()
    assert batch.columns[1][0] == ["a,b", "two\nlines", 'say "hi"']
    assert [(place.line, text[place.start : place.start + 3]) for place in batch.places] == [
        (2, '1,"'),
        (3, '2,"'),
        (5, '3,"'),
    ]


@pytest.mark.parametrize(
    "first",
    ["anna@example.org,Ulm", "100,Ulm", "Ulm,Ulm", "+49 30 23125 000,x", "a-very-long-name" * 10 + ",b", "1.5,2.5"],
)
def test_a_first_row_of_data_is_no_header(first: str) -> None:
    table = table_of(first + "\n" + "1,2\n" * 10)
    assert not table.header and table.names == []
    assert columns(table)["0"][0] == first.split(",", maxsplit=1)[0]


def test_rows_may_be_longer_or_shorter_than_the_header() -> None:
    found = columns(table_of("a,b\n" + "1,2\n" * 30 + "3\n4,5,anna@example.org\n\n"))
    assert found["a"] == ["1"] * 30 + ["3", "4"] and found["b"][-2:] == ["", "5"]
    assert found["2"][-1] == "anna@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "just some prose, with a comma\nand a line without\nand, two, of them\n",
        "x = [1, 2]\ny = 3\nfor a, b, c in d:\n    pass\n",
        "one\ncolumn\nonly\nhere\n",
        '{\n "a": 1,\n "b": 2\n}\n',
        quiet.QUIET["LICENSE"].decode(),
        quiet.QUIET["handler.py"].decode(),
        quiet.QUIET["tokenizer.json"].decode(),
        "a" * 3_000_000,
        "a," * 1_500_000,
    ],
    ids=range(11),
)
def test_other_text_is_no_table(text: str) -> None:
    assert read_table(text_of(text)) is None


def test_a_quote_that_is_never_closed_is_found_out_without_reading_the_rest_into_memory() -> None:
    text = "a,b\n" + "1,2\n" * 40 + '3,"open\n' + "4,5\n" * 400_000
    with pytest.raises(FormatError, match="not a table"):
        for _ in table_of(text).batches():
            pass


def test_a_line_that_grows_too_long_ends_the_table() -> None:
    with pytest.raises(FormatError, match="too long"):
        columns(table_of("a,b\n" + "1,2\n" * 40 + "3," + "x" * 2**21 + "\n"))


def test_ten_thousand_columns_are_read_in_little_memory() -> None:
    row = ",".join(f"{i % 97}.5" for i in range(10_000)) + "\n"
    text = text_of(",".join(f"f{i}" for i in range(10_000)) + "\n" + row * 100)
    tracemalloc.start()
    table = read_table(text)
    assert table is not None and len(table.names) == 10_000
    assert sum(len(batch.places) for batch in table.batches()) == 100
    assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
    tracemalloc.stop()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet='a1,;"\n\r\t|{}[]:\0é\x1e ', max_size=300), st.sampled_from(["", "a,b\n" * 5]))
def test_any_text_is_a_table_or_none_and_every_row_lies_where_it_says(text: str, before: str) -> None:
    raw = (before + text).encode()
    try:
        table = read_table(text_of(raw))
    except FormatError:
        return
    if table is None:
        return
    try:
        for batch in table.batches():
            for place in batch.places:
                line = place.text.split("\n")[0]
                assert raw[place.start : place.start + len(line.encode())].decode() == line
    except FormatError as error:
        assert "not a table" in str(error)
