"""Presidio as gate runs it: offline, quiet, and asked only where something can be, with the same answers."""

import logging
import re
import socket
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import people, quiet
from gate.adapters import presidio
from gate.adapters.presidio import Analyzer, Hit, analyzer
from gate.core.errors import MissingExtra, NotExamined
from gate.core.gap import GapReason
from gate.formats.personal import MARGIN, PART, Asked, profile
from tests.conftest import ROOT

ROWS = profile().rows
ALL = tuple(range(len(ROWS)))


def searched(text: str, asked: Asked = Asked(ALL)) -> list[Hit]:
    return list(analyzer().search(text, asked, profile().parts(text, asked)))


def named(text: str, hits: list[Hit]) -> list[tuple[str, str]]:
    return [(ROWS[hit.row].entity, text[hit.start : hit.end]) for hit in hits]


@pytest.mark.parametrize(("entity", "value", "sentence"), people.VALUES, ids=[value for _, value, _ in people.VALUES])
def test_every_kind_of_value_is_found_in_its_sentence(entity: str, value: str, sentence: str) -> None:
    text = sentence.format(value)
    assert named(text, searched(text)) == [(entity, value)]


@pytest.mark.parametrize("text", people.NOTHING)
def test_what_only_looks_like_one_is_not_found(text: str) -> None:
    assert searched(f" {text} ") == searched(text) == []


# -- the same answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        people.notes(),
        people.rows(60),
        people.json_lines(),
        " ".join(value for _, value, _ in people.VALUES),
        "\n".join(data.decode()[:20_000] for data in quiet.QUIET.values()) + people.notes(),
        "4111 1111 1111 1111 " * 600,
        "+49 30 23125 000 " * 600,
    ],
    ids=["prose", "table", "json", "dense", "mixed", "cards", "phones"],
)
def test_a_search_in_parts_finds_what_one_in_the_whole_does(text: str) -> None:
    assert searched(text) == analyzer().whole(text, Asked(ALL))


FRAGMENTS = st.sampled_from(
    [value for _, value, _ in people.VALUES]
    + list(people.NOTHING)
    + [word for row in ROWS for word in row.context]
    + [
        " ",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        ",",
        ";",
        ".",
        "-",
        "/",
        "+",
        "=",
        '"',
        "'",
        "_",
        "@",
        ":",
        "(",
        ")",
        "\x1e",
        "\0",
    ]
    + ["0", "4", "12", "3456", "99999", "a", "DE", "İ", "ß", "٣", "\u00a0", "\u200b", "😀", "ﬁ", "e\u0301", "\ud800"]
    + ["x" * 200, "9" * 70, "word " * 40]
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(FRAGMENTS, max_size=60), st.booleans(), st.sampled_from([frozenset[str](), frozenset({"phone", "dni"})])
)
def test_a_search_in_parts_finds_what_one_in_the_whole_does_in_any_text(
    fragments: list[str], column: bool, words: frozenset[str]
) -> None:
    text = "".join(fragments)
    asked = Asked(ALL, words, column)
    assert searched(text, asked) == analyzer().whole(text, Asked(ALL, words, column))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2 * PART), st.integers(1, PART))
def test_two_halves_find_what_the_whole_does(cut: int, size: int) -> None:
    text = (people.notes() + people.rows(30))[: 3 * PART]
    engine, asked = analyzer(), Asked(ALL)
    found: list[Hit] = []
    for first, last in ((0, cut), (cut, cut + size), (cut + size, len(text))):
        found += engine.search(text, asked, profile().parts(text, asked, first, last))
    assert found == searched(text)


def test_the_checks_are_presidios_own_and_its_recognizers_find_the_same_in_a_table() -> None:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, IbanRecognizer

    from gate.adapters.presidio_engine import _Email

    text = people.rows(200)
    registry = RecognizerRegistry([CreditCardRecognizer(), IbanRecognizer(), _Email()], supported_languages=["en"])
    nlp = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
    theirs = AnalyzerEngine(registry=registry, nlp_engine=nlp).analyze(text, "en", score_threshold=0.5)
    ours = [hit for hit in searched(text) if ROWS[hit.row].name in ("card", "iban", "email")]
    assert sorted((hit.entity_type, hit.start, hit.end) for hit in theirs) == sorted(
        (ROWS[hit.row].entity, hit.start, hit.end) for hit in ours
    )
    assert len(ours) == 600


# -- what makes this so -----------------------------------------------------------------------------------------------


def test_no_pattern_matches_more_than_it_promises() -> None:
    """README.md of the tables: the parts of a text overlap by twice this."""
    from re import _parser  # type: ignore[attr-defined]

    for row in ROWS:
        for pattern in row.patterns:
            assert _parser.parse(pattern).getwidth()[1] <= (256 if row.within is None else 64), row.name
    assert MARGIN >= 2 * 256


def test_every_value_holds_a_candidate_of_its_recognizer() -> None:
    for _, value, sentence in people.VALUES:
        for hit in analyzer().whole(sentence.format(value), Asked(ALL)):
            row = ROWS[hit.row]
            assert row.candidates.search(value), (row.name, value)
            assert row.within is None or row.within.search(value), (row.name, value)


def test_patterns_and_candidates_know_only_ascii_digits() -> None:
    """One library takes \\d for more characters than another."""
    for row in ROWS:
        for pattern in (*row.patterns, row.candidates.pattern, row.within.pattern if row.within else ""):
            assert not re.search(r"(?<!\[\^\\W)\\d", pattern), row.name


# -- a good guest -----------------------------------------------------------------------------------------------------

GUEST = """
import logging, os, socket, sys, warnings
warnings.simplefilter("error")
def refuse(*arguments, **options): raise SystemError(f"the network was asked: {arguments}")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
before = len(logging.getLogger().handlers)
from gate.adapters.presidio import analyzer, Asked
from gate.formats.personal import profile
asked = Asked(tuple(range(len(profile().rows))))
text = "anna@example.org pays with 4111 1111 1111 1111, phone 212-555-0188"
assert len(list(analyzer().search(text, asked, profile().parts(text, asked)))) == 3
assert len(logging.getLogger().handlers) == before
for name in ("presidio-analyzer", "decision_process", "tldextract", "phonenumbers"):
    assert not logging.getLogger(name).handlers, name
    logging.getLogger(name).error("anna@example.org")
assert not [name for name in sys.modules if name.partition(".")[0] in ("torch", "transformers", "spacy_huggingface_hub")]
"""


def test_it_needs_no_network_writes_no_cache_and_leaves_no_log_handler_behind(tmp_path: Any) -> None:
    environment = {"HOME": str(tmp_path), "PATH": "", "TLDEXTRACT_CACHE": str(tmp_path / "cache")}
    result = subprocess.run([sys.executable, "-c", GUEST], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


def test_presidio_is_not_imported_before_something_could_be_personal() -> None:
    code = (
        "import sys; from gate.adapters.presidio import search; from gate.formats.personal import Asked\n"
        "assert not list(search('no one is here, nor 12 apples', Asked((0, 1, 2, 3)), 0, 99, lambda: None))\n"
        "assert 'presidio_analyzer' not in sys.modules and 'spacy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


class Missing:
    """A finder that knows no Presidio, or one that exits like spaCy when a model is absent."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "presidio_analyzer":
            raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModuleNotFoundError("no", name="presidio_analyzer"), MissingExtra),
        (ImportError("a library of it", name="_ctypes"), NotExamined),
        (SystemExit(1), NotExamined),
        (OSError("disk"), NotExamined),
    ],
)
def test_a_presidio_that_cannot_start_is_a_gap(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, expected: type[NotExamined]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "presidio_analyzer"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "gate.adapters.presidio_engine")
    monkeypatch.delattr("gate.adapters.presidio_engine")
    monkeypatch.setattr(sys, "meta_path", [Missing(error), *sys.meta_path])
    with pytest.raises(expected):
        Analyzer(profile())


class Slow:
    def finditer(self, *arguments: object, **options: object) -> list[object]:
        raise TimeoutError


def test_a_pattern_that_takes_too_long_is_a_gap_and_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    card = next(one for one in analyzer()._recognizers if one.name == "card")
    monkeypatch.setattr(card.patterns[0].compiled_regex, "_pattern", Slow())
    with pytest.raises(NotExamined) as caught:
        searched("pay with 4012 8888 8888 1881 please")
    assert caught.value.reason is GapReason.TIMED_OUT


def test_values_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        searched(people.notes())
        searched("IBAN DE8937040044053201300Ü and GB29 NWBK 6016 1331 9268 1٣")
    assert not caplog.text


def test_it_runs_without_the_network_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert named("x@example.org", searched("x@example.org")) == [("EMAIL_ADDRESS", "x@example.org")]
    assert presidio.analyzer() is analyzer()
