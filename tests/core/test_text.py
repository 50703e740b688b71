import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.text import printable


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=40) | st.text("#[\n\x00\u202e\ud800", max_size=40), st.integers(5, 50))
def test_any_text_becomes_one_short_printable_line(text, limit):
    line = printable(text, limit)
    assert line.isprintable() and len(line) <= limit and "##[" not in line
    line.encode()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\nb\t\x1b[0m", "a\\nb\\t\\x1b[0m"),
        ("\u202egpj", "\\u202egpj"),
        ("\udcff", "\\udcff"),
        ("##[error]x", "#.#[error]x"),
        ("###[group]", "##.#[group]"),
    ],
)
def test_what_is_not_printable_is_spelled_out(text, line):
    assert printable(text) == line


def test_long_text_ends_in_an_ellipsis():
    assert printable("x" * 301) == "x" * 299 + "…"
    assert printable("x" * 300) == "x" * 300
    assert len(printable("\0" * 10_000_000)) == 300
