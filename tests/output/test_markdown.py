"""Markdown read by a parser of its own: whatever an archive says stays text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gate.output.markdown import render
from tests.output.results import HOSTILE, RESULTS, hostile

GFM = MarkdownIt("commonmark").enable("table")
TRICKS = (
    "[click](https://evil.example)",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "a | b | c",
    "`code` and ``more``",
    "`",
    "@everyone",
    "# heading",
    "***",
    "https://evil.example",
    "&lt;script&gt;",
    "\\",
    "\\|",
    "text\\",
)


def tokens(text):
    for token in GFM.parse(text):
        yield token
        yield from token.children or ()


def shape(text):
    """The types of all tokens but the text between them."""
    kinds = {"text", "text_special", "softbreak", "code_inline"}
    return [token.type for token in tokens(text) if token.type not in kinds and token.content != "<!-- -->"]


def words(text):
    return "".join(t.content for t in tokens(text) if t.type in ("text", "code_inline", "text_special"))


@pytest.mark.parametrize("trick", [*TRICKS, *HOSTILE])
def test_text_of_an_archive_changes_nothing_of_the_structure(trick):
    assert shape(render(*hostile(trick))) == shape(render(*hostile("harmless")))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([*TRICKS, "x", " ", "``", "|", "\\", "<", ">", "[", "]", "(", ")", "*", "_", "~"])))
def test_no_combination_of_tricks_does(parts):
    assert shape(render(*hostile("".join(parts)))) == shape(render(*hostile("harmless")))


def test_the_words_arrive_as_they_are():
    for trick in TRICKS:
        assert words(render(*hostile(trick))).count(trick.strip()) >= 1, trick


def test_nobody_is_mentioned():
    texts = [token.content for token in tokens(render(*hostile("@everyone"))) if token.type == "text"]
    assert any("everyone" in text for text in texts)
    assert not any("@everyone" in text for text in texts)


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_every_reason_is_a_row_with_four_cells(name):
    result = RESULTS[name]()
    kinds = shape(render(*result))
    reasons = len(result.decision.reasons) + len(result.decision.warnings)
    tables = kinds.count("table_open")
    assert kinds.count("tr_open") == reasons + tables
    assert kinds.count("td_open") == 4 * reasons


def test_the_outcome_is_the_heading():
    assert render(*RESULTS["denied"]()).startswith("# gate: DENY\n")
