"""One member, searched: windows, columns, caps, budgets."""

from typing import Any

import pytest

from fixtures.pii import people, quiet
from gate.adapters import personal
from gate.adapters.personal import Count, Personal, read_personal
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats.text import OVERLAP, WINDOW

MAIL = "anna.ackermann@example.org"
CARD = "4111 1111 1111 1111"


def read(data: str | bytes, **limits: Any) -> Personal:
    raw = data.encode() if isinstance(data, str) else data
    budget = Budget(Limits(**limits))
    budget.admit(len(raw))
    return read_personal(Memory(raw, budget))


def only(found: Personal) -> Count:
    (count,) = found.counts
    return count


def test_text_that_is_none_is_refused() -> None:
    with pytest.raises(FormatError):
        read(b"\0\x01\x02\x03" * 10)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_first_value_is_located_in_bytes_and_lines_in_every_encoding(codec: str) -> None:
    text = f"Dear all\r\nan älle\n\nö {MAIL} ü\n{MAIL}\n"
    raw = text.encode(codec)
    count = only(read(raw))
    name = codec.removesuffix("-sig") if codec.startswith("utf-8") else "utf-16-le" if codec == "utf-16" else codec
    name = "utf-32-le" if codec == "utf-32" else name
    assert raw[count.start : count.end].decode(name) == MAIL
    assert (count.line, count.count, len(count.distinct), count.sample) == (4, 2, 1, "an******")


@pytest.mark.parametrize("shift", [0, 1, 5, 12, 19, 25, 26, OVERLAP, -1])
def test_a_value_on_the_edge_of_a_window_is_found_once(shift: int) -> None:
    before = ("lorem ipsum " * (WINDOW // 12 + 1))[: WINDOW - shift]
    found = read(f"{before} {MAIL} {CARD} {before}")
    assert [(count.entity, count.count) for count in found.counts] == [("EMAIL_ADDRESS", 1), ("CREDIT_CARD", 1)]
    assert found.counts[0].start == len(before) + 1


def test_columns_count_by_themselves_and_numbers_in_columns_are_no_telephones() -> None:
    found = read(people.rows(120))
    (sheet,) = found.sheets
    assert (sheet.rows, sheet.names[4]) == (120, "iban")
    assert [(count.entity, count.column, count.count, count.share) for count in found.counts] == [
        ("EMAIL_ADDRESS", 2, 120, 100),
        ("PHONE_NUMBER", 3, 60, 50),  # the other half is kept free for films
        ("IBAN_CODE", 4, 120, 100),
        ("CREDIT_CARD", 5, 120, 100),
    ]


def test_the_name_of_a_column_speaks_for_what_is_in_it() -> None:
    rows = "".join(f"{i},0302312500{i % 10}\n" for i in range(30))
    assert only(read(f"id,phoneNumber\n{rows}")).entity == "PHONE_NUMBER"
    assert read(f"id,offset\n{rows}").counts == []


def test_a_column_of_ids_with_right_check_digits_needs_no_name() -> None:
    rows = "".join(f"x{i},44051401359\n" for i in range(30))
    count = only(read(f"a,b\n{rows}"))
    assert (count.entity, count.share) == ("PL_PESEL", 100)
    chance = "".join(f"x{i},{44051401300 + i * 37}\n" for i in range(200))
    assert read(f"a,b\n{chance}").counts == []


def test_serial_numbers_of_which_some_pass_the_check_are_told_from_cards() -> None:
    ids = "".join(f"{4_111_000_000_000_000 + i * 7919}\n" for i in range(300))
    count = only(read(ids))
    assert count.by_chance and 10 < count.count < 60
    assert not only(read("".join(f"card {CARD}\n" for _ in range(300)))).by_chance
    assert not only(read(f"{CARD} and the mistyped 4111 1111 1111 1112")).by_chance


def test_counting_stops_at_a_thousand_of_a_kind_and_says_so() -> None:
    text = "".join(f"user{i}@example.org\n" for i in range(3000)) + f"{CARD}\n"
    mail, card = read(text).counts
    assert (mail.count, mail.complete) == (personal.CAP, False)
    assert (card.count, card.complete) == (1, True)
    table = read("id,mail\n" + "".join(f"{i},user{i}@example.org\n" for i in range(3000)))
    assert (only(table).count, only(table).complete, only(table).share) == (personal.CAP, False, 100)
    half = read(
        "id,mail\n" + "".join(f"{i},{f'user{i}@example.org' * (i % 2)}{'n/a' * (1 - i % 2)}\n" for i in range(90_000))
    )
    assert (only(half).count, only(half).complete, only(half).share) == (
        personal.CAP,
        False,
        49,
    )  # of 1,001 values seen


def test_what_lies_beyond_the_limit_is_a_gap_and_what_lies_before_is_found() -> None:
    text = f"{MAIL} " + "lorem ipsum " * 200_000 + CARD
    found = read(text, personal_bytes=2**20)
    assert only(found).entity == "EMAIL_ADDRESS"
    ((at, error),) = found.gaps
    assert error.reason is GapReason.BUDGET and 2**20 <= at < 2**21
    table = people.rows(20_000)
    ((at, error),) = read(table, personal_bytes=2**20).gaps
    assert error.reason is GapReason.BUDGET and at >= 2**20


def test_a_table_that_breaks_off_is_searched_as_text_from_there() -> None:
    text = f"a,b\n{CARD},x\n" + "1,2\n" * 40 + '3,"open\n' + "4,5\n" * 60_000 + f"{MAIL}\n"
    found = read(text)
    assert [sheet.rows for sheet in found.sheets] == [41]
    assert [(count.entity, count.column) for count in found.counts] == [("EMAIL_ADDRESS", -1), ("CREDIT_CARD", 0)]
    mail = found.counts[0]
    assert text[mail.start : mail.end] == MAIL and mail.line == text.count("\n")


def test_the_names_of_columns_are_searched_too() -> None:
    header = "id,DE89370400440532013000\n"
    found = read(header + "1,2\n" * 30)
    assert [(count.entity, count.column, count.line) for count in found.counts] == [("IBAN_CODE", -1, 1)]


def test_a_search_that_times_out_keeps_what_it_found_before(monkeypatch: pytest.MonkeyPatch) -> None:
    real = personal.search

    def slow(text: str, *arguments: Any) -> Any:
        yield from real(text, *arguments)
        raise NotExamined(GapReason.TIMED_OUT, "too long")

    monkeypatch.setattr(personal, "search", slow)
    found = read(MAIL)
    assert only(found).count == 1 and found.gaps[0][1].reason is GapReason.TIMED_OUT


@pytest.mark.parametrize("name", quiet.QUIET)
def test_members_of_real_archives_are_quiet(name: str) -> None:
    found = read(quiet.QUIET[name])
    assert (found.counts, found.gaps) == ([], [])
