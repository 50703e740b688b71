"""Presidio as gate runs it: offline, quiet, and asked only where something can be, with the same answers."""

import logging
import socket
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii import people
from gate.adapters import presidio
from gate.adapters.presidio import Analyzer, Hit, analyzer
from gate.core.errors import MissingExtra, NotExamined, UsageError
from gate.core.gap import GapReason
from gate.formats.personal import Asked, profile
from gate.formats.personal_choice import Choice
from tests.conftest import ROOT

ROWS = profile().rows
ALL = tuple(range(len(ROWS)))


def asking(words: frozenset[str] = frozenset(), column: bool = False) -> Asked:
    return Asked(ALL, words, column)


def searched(text: str, asked: Asked | None = None) -> list[Hit]:
    return list(analyzer().search(text, asked or asking()))


def named(text: str, hits: list[Hit]) -> list[tuple[str, str]]:
    return [(ROWS[hit.row].entity, text[hit.start : hit.end]) for hit in hits]


@pytest.mark.parametrize(("entity", "value", "sentence"), people.VALUES, ids=[value for _, value, _ in people.VALUES])
def test_every_kind_of_value_is_found_in_its_sentence(entity: str, value: str, sentence: str) -> None:
    text = sentence.format(value)
    assert named(text, searched(text)) == [(entity, value)]


@pytest.mark.parametrize("text", people.NOTHING)
def test_what_only_looks_like_one_is_not_found(text: str) -> None:
    assert searched(f" {text} ") == searched(text) == []


@pytest.mark.parametrize(("entity", "value", "sentence"), people.VALUES, ids=[value for _, value, _ in people.VALUES])
def test_presidio_is_started_for_every_value(entity: str, value: str, sentence: str) -> None:
    assert profile().possible(sentence.format(value), asking())


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 9000), st.integers(1, 5000))
def test_two_halves_find_what_the_whole_does(cut: int, size: int) -> None:
    text = (people.notes() + people.rows(30))[:16_000]
    found: list[Hit] = []
    for first, last in ((0, cut), (cut, cut + size), (cut + size, len(text))):
        found += analyzer().search(text, asking(), first, last)
    assert found == searched(text)


def test_no_context_reaches_from_one_cell_into_the_next() -> None:
    assert searched("the PESEL\x1e44051401359\x1e") == []
    assert len(searched("the PESEL 44051401359\x1e")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mastercard 2223003122003222", "2223003122003222"),
        ("credit card 4917484589897107123", None),
        ("telefon 32 12 34 56", "32 12 34 56"),
        ("tel 0664 1234567", "0664 1234567"),
    ],
)
def test_what_presidio_alone_does_not_know(text: str, expected: str | None) -> None:
    assert [value for _, value in named(text, searched(text))] == ([expected] if expected else [])


def test_a_card_of_19_digits_is_found_beside_a_word_for_it() -> None:
    digits = "491761582937461528"
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(reversed(digits)))
    value = f"{digits}{-total % 10}"
    assert named(f"credit card {value}", searched(f"credit card {value}")) == [("CREDIT_CARD", value)]
    assert searched(f"seed {value}") == []


def test_an_allowed_value_is_none() -> None:
    import hashlib
    from dataclasses import replace

    row = next(row for row in ROWS if row.name == "email")
    text = "write to anna@bank.example.org"
    assert row.span(text, 9, len(text)) == (9, len(text))
    quiet = replace(row, allowed=frozenset({hashlib.sha256(text[9:].encode()).hexdigest()}))
    assert quiet.span(text, 9, len(text)) is None


# -- what a user chooses ----------------------------------------------------------------------------------------------

OWN = b"""
recognizers:
  - name: employee
    supported_language: en
    supported_entity: EMPLOYEE_ID
    patterns: [{name: emp, regex: '\\bEMP-\\d{6}\\b', score: 0.6}]
  - name: slow
    supported_entity: SLOW
    patterns: [{name: slow, regex: '(?:(?:a|aa|a.a)+b)+c', score: 0.6}]
"""


def test_countries_and_recognizers_of_the_user_are_searched_in_the_same_pass() -> None:
    choice = Choice(frozenset({"uk"}), (OWN,))
    chosen = profile(choice)
    asked = Asked(tuple(range(len(chosen.rows))), choice=choice)
    text = "nino AB123456C of EMP-123456, not SSN 536-90-4399"
    found = list(presidio.search(text, asked, 0, len(text), lambda: None))
    assert [chosen.rows[hit.row].entity for hit in found] == ["UK_NINO", "EMPLOYEE_ID"]
    assert [chosen.rows[hit.row].rule for hit in found] == ["pii.national-id", "pii.custom-entity"]


def test_a_pattern_that_takes_too_long_is_a_gap_and_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    from gate.adapters import presidio_sieve

    monkeypatch.setattr(presidio_sieve, "_SECONDS", 0.05)
    choice = Choice(frozenset(), (OWN,))
    asked = Asked(tuple(range(len(profile(choice).rows))), choice=choice)
    text = f"EMP-123456 {'a' * 3000} bc"
    found = []
    with pytest.raises(NotExamined) as caught:
        for hit in presidio.search(text, asked, 0, len(text), lambda: None):
            found.append(hit)
    assert caught.value.reason is GapReason.TIMED_OUT and len(found) == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe", b"[", b"[]", b"recognizers: 7", b"recognizers: [7]", b"recognizers: [{name: a}]",
        b"recognizers: [{name: a, supported_entity: B, patterns: [{name: x, regex: '(', score: 1}]}]",
        b"recognizers: [{name: a, supported_entity: B, patterns: [{name: x, regex: 'a*', score: 1}]}]",
        b"recognizers: [{name: UsSsnRecognizer, type: predefined}]",
        b"recognizers: [{name: a, supported_entity: B, patterns: [{name: x, regex: 'a', score: 7}]}]",
        b"recognizers: [{name: a, supported_entity: B}]",
    ],
    ids=range(11),
)  # fmt: skip
def test_a_registry_that_is_none_is_refused(bad: bytes) -> None:
    with pytest.raises(UsageError):
        presidio.analyzer(Choice(frozenset(), (bad,)))


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
assert len(list(analyzer().search(text, asked))) == 3
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
    for name in [name for name in sys.modules if name.startswith("gate.adapters.presidio_")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(name)
    monkeypatch.setattr(sys, "meta_path", [Missing(error), *sys.meta_path])
    with pytest.raises(expected):
        Analyzer(profile())


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
