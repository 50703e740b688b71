"""What the pii inspector says about members, and what it never says."""

import hashlib
from collections.abc import Mapping

import pytest

from fixtures.pii import people, quiet, tables
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member, Need
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.core.location import Location
from gate.facts.personal import PersonalAllowed, PersonalColumn, PersonalEntity
from gate.facts.seen import Seen
from gate.facts.store import Said, Store
from gate.formats.allowed import read_allowed
from gate.inspectors import Inputs
from gate.inspectors.pii import FEW, LIST, ROWS, inspector

TABLE = people.rows(200).encode()


def member(data: bytes, path: str) -> Member:
    budget = Budget(Limits())
    budget.admit(len(data))
    return Member(path, Entry(b"", None, window=Memory(data, budget)), budget)


def said(data: bytes | str, path: str = "data/notes.txt") -> list[Said]:
    one = member(data.encode() if isinstance(data, str) else data, path)
    return list(inspector.inspect(one)) if inspector.wants(one) is not None else []


def findings(data: bytes | str, path: str = "data/notes.txt") -> list[Finding]:
    return [item for item in said(data, path) if isinstance(item, Finding)]


def rules(data: bytes | str, path: str = "data/notes.txt") -> list[str]:
    return [item.rule.removeprefix("pii.") for item in findings(data, path)]


def collected(members: Mapping[str, bytes]) -> Store:
    store = Store()
    for path, data in members.items():
        store.extend(said(data, path), "pii")
    return store


# -- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entity", "value", "sentence"), people.VALUES, ids=[value for _, value, _ in people.VALUES])
def test_each_value_is_a_finding_with_its_kind_its_bytes_and_a_mask(entity: str, value: str, sentence: str) -> None:
    text = f"A first line.\n{sentence.format(value)}\n"
    (found,) = findings(text)
    args = dict(found.args)
    assert (args["entity_type"], args["count"], found.location.line) == (entity, "1", 2)
    assert text.encode()[found.location.start : found.location.end].decode() == value
    assert args["sample"] == f"{value[:2]}******"
    assert all(value not in text and value[2:] not in text for text in (found.discriminator, *args.values()))


def test_rules_go_by_what_the_value_opens() -> None:
    found = {dict(item.args)["entity_type"]: item.rule for item in findings(people.notes())}
    assert found["CREDIT_CARD"] == "pii.payment-card" and found["IBAN_CODE"] == "pii.bank-account"
    assert found["EMAIL_ADDRESS"] == "pii.email-address" and found["PHONE_NUMBER"] == "pii.phone-number"
    assert found["IP_ADDRESS"] == found["MAC_ADDRESS"] == "pii.network-address"
    rest = {entity for entity, rule in found.items() if rule == "pii.national-id"}
    assert len(rest) == 10 and "US_SSN" in rest


def test_a_snapshot_of_people_is_one_finding_with_its_columns_and_one_for_each_column() -> None:
    assert rules(TABLE) == ["email-list", "phone-number", "bank-account", "payment-card", "training-data"]
    snapshot = findings(TABLE)[-1]
    assert dict(snapshot.args) == {
        "name": "data/notes.txt",
        "rows": "200",
        "columns": "email (EMAIL_ADDRESS), phone (PHONE_NUMBER), iban (IBAN_CODE), card_number (CREDIT_CARD)",
    }
    assert {item.discriminator for item in findings(TABLE)} == {
        "EMAIL_ADDRESS in email",
        "PHONE_NUMBER in phone",
        "IBAN_CODE in iban",
        "CREDIT_CARD in card_number",
        "",
    }


def test_json_lines_are_a_table_too() -> None:
    snapshot = findings(people.json_lines(40))[-1]
    assert snapshot.rule == "pii.training-data"
    assert "contact.email (EMAIL_ADDRESS)" in dict(snapshot.args)["columns"]


def test_an_example_of_a_few_rows_is_no_snapshot() -> None:
    assert "training-data" not in rules(people.rows(FEW - 1)) and "training-data" in rules(people.rows(FEW))

    def addresses(count: int) -> str:
        return "id,email\n" + "".join(f"{i},a.b{i}@example.org\n" for i in range(count))

    assert "training-data" not in rules(addresses(ROWS - 1)) and "training-data" in rules(addresses(ROWS))


def test_a_column_with_a_stray_address_is_no_snapshot() -> None:
    text = "id,comment\n" + "".join(f"{i},{'ask x@example.org' if i % 5 == 0 else 'fine'}\n" for i in range(100))
    assert rules(text) == ["email-address"]


def test_a_table_of_machines_is_no_snapshot_of_people() -> None:
    text = "id,client_ip\n" + "".join(f"{i},52.95.{i}.28\n" for i in range(100))
    assert rules(text) == ["network-address"]


def test_the_name_of_a_column_that_could_be_a_value_is_not_said() -> None:
    header = "customer 4111 mail"
    text = f"id,{header}\n" + "".join(f"{i},user{i}@example.org\n" for i in range(50))
    for item in findings(text):
        assert "4111" not in "".join((item.discriminator, *dict(item.args).values()))
        assert "column 2" in "".join(dict(item.args).values())


def test_many_addresses_are_a_list_unless_people_put_themselves_there() -> None:
    few, many = ("".join(f"user{i}@example.org\n" for i in range(n)) for n in (LIST - 1, LIST))
    assert rules(few) == ["email-address"] and rules(many) == ["email-list"]
    assert rules("user@example.org\n" * LIST) == ["email-address"]
    for path in ("AUTHORS", "a/b.dist-info/METADATA", "x.dist-info/sboms/s.json", "LICENSE.txt", "CONTRIBUTORS.md"):
        assert rules(many, path) == ["email-address"], path
    assert rules(many, "authors_data/train.txt") == ["email-list"]


def test_what_has_a_check_digit_is_sure_and_what_has_none_is_less() -> None:
    (card,), (phone,) = findings("4111 1111 1111 1111"), findings("+49 30 23125 000")
    assert (card.confidence, phone.confidence) == (Confidence.HIGH, Confidence.MEDIUM)


def test_serial_numbers_are_a_note() -> None:
    ids = "".join(f"{4_111_000_000_000_000 + i * 7919}\n" for i in range(300))
    assert rules(ids) == ["number-by-chance"]


# -- what it looks at -------------------------------------------------------------------------------------------------


def test_text_is_read_and_weights_are_not() -> None:
    wants = {name: inspector.wants(member(data, "m")) for name, data in HEADS.items()}
    assert wants == {
        "text": Need.STREAM,
        "utf-16": Need.STREAM,
        "parquet": Need.STREAM,
        "sqlite": Need.STREAM,
        "avro": Need.HEAD,
        "safetensors": Need.STREAM,
        "pickle": None,
        "weights": None,
        "zip": None,
        "empty": None,
    }


HEADS = {
    "text": b"hello",
    "utf-16": "hello".encode("utf-16"),
    "parquet": b"PAR1\x15\x04\x15\x10",
    "sqlite": b"SQLite format 3\0\x10\0",
    "avro": b"Obj\x01\x04\x14",
    "safetensors": b"\x40\0\0\0\0\0\0\0" + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" " * 12,
    "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0",
    "weights": bytes(range(256)) * 4,
    "zip": b"PK\x03\x04" + bytes(40),
    "empty": b"",
}
STORES = {
    "Avro": b"Obj\x01\x04",
    "DuckDB": b"\0" * 8 + b"DUCK",
    "Microsoft Office": bytes.fromhex("d0cf11e0a1b11ae1"),
    "Access": b"\0\1\0\0Standard Jet DB\0",
    "SAS": b"\0" * 12 + bytes.fromhex("c2ea8160b31411cfbd9208000 9c7318c".replace(" ", "")),
    "Stata": b"<stata_dta><header>",
    "SQLite write-ahead log": bytes.fromhex("377f0682"),
    "SQLite rollback journal": bytes.fromhex("d9d505f920a163d7"),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
}


@pytest.mark.parametrize("name", STORES)
def test_formats_of_tables_that_are_not_read_are_gaps_with_their_name(name: str) -> None:
    (gap,) = said(STORES[name] + bytes(100), "train.bin")
    assert isinstance(gap, Gap) and gap.reason is GapReason.UNSUPPORTED and gap.detail.startswith(f"{name}: ")


@pytest.mark.parametrize("name", quiet.QUIET)
def test_members_of_real_archives_are_quiet(name: str) -> None:
    assert said(quiet.QUIET[name], name) == []


def test_what_was_not_searched_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(Limits(personal_bytes=2**20))
    data = b"x@example.org " + b"lorem ipsum " * 200_000
    budget.admit(len(data))
    one = Member("a.txt", Entry(b"", None, window=Memory(data, budget)), budget)
    gap, *_ = list(inspector.inspect(one))
    assert isinstance(gap, Gap) and gap.reason is GapReason.BUDGET and gap.location.start >= 2**20


def test_without_presidio_text_that_could_hold_something_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    from gate.adapters import presidio

    def missing(*_: object) -> None:
        raise NotExamined(GapReason.MISSING_EXTRA, "presidio-analyzer is not installed")

    monkeypatch.setattr(presidio, "analyzer", missing)
    assert [item.reason for item in said("x@example.org") if isinstance(item, Gap)] == [GapReason.MISSING_EXTRA]
    assert said("nobody is here") == []


LOCK = "# This file is automatically @generated by Poetry and should not be changed by hand.\n\n[[package]]\n"
VOCABULARY = "[PAD]\n[UNK]\n"
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(("path", "text"), [("poetry.lock", LOCK), ("m/vocab.txt", VOCABULARY)])
def test_a_few_numbers_in_what_a_program_wrote_are_a_note_and_a_list_is_not(path: str, text: str) -> None:
    assert rules(f"{text}{CARD}\n", path) == ["generated-member"]
    assert rules(f"{text}{CARD}\n", "a.txt") == rules(f"note\n{CARD}\n# and\nmore\n", "poetry.lock") == ["payment-card"]
    assert rules(f"{text}x@example.org\n", path) == ["email-address"]
    many = "".join(f"{row}\n" for row in people.rows(60).splitlines()[1:]).replace(",", " ; ")
    assert "bank-account" in rules(text + many, path)


# -- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sqlite", "workbook", "parquet"])
def test_a_snapshot_of_people_is_known_in_every_store(name: str) -> None:
    rows = tables.grid(60)
    data = {"sqlite": tables.sqlite, "workbook": tables.workbook, "parquet": _parquet}[name](rows)
    snapshot = findings(data, "members/train")[-1]
    place = {"sqlite": ", people,", "workbook": ", sheet 1,", "parquet": ""}[name]
    assert snapshot.rule == "pii.training-data"
    assert dict(snapshot.args)["name"] == f"members/train{place}" and dict(snapshot.args)["rows"] == "60"
    assert "iban (IBAN_CODE)" in dict(snapshot.args)["columns"]


def _parquet(rows: list[list[str]]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    out = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}), out)
    return bytes(out.getvalue())


def test_thousands_are_written_with_a_comma() -> None:
    assert dict(findings("id,mail\n" + "1,a@example.org\n" * 1500, "t.csv")[-1].args)["rows"] == "1,500"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (tables.notebook(), " in cell 2, output"),
        (tables.unicode_array(["4111 1111 1111 1111"] * 9), " in column 1"),
        (b"\x80\x04\x8c\x134111 1111 1111 1111.", ""),
        (b'{"number": "4111\\u00201111\\u00201111\\u00201111"}', ""),
        (b"<html><td>4111&nbsp;1111<b>&#32;1111 1111</b>", ""),
    ],
    ids=["notebook", "numpy", "pickle", "json", "html"],
)
def test_a_card_is_found_wherever_it_is_written(data: bytes, where: str) -> None:
    card = next(item for item in findings(data) if item.rule == "pii.payment-card")
    assert dict(card.args)["where"] == where


@pytest.mark.parametrize("size", [1, 5000])
def test_a_reference_hides_an_address_in_no_page_however_small(size: int) -> None:
    assert rules("<html><p>" + "lorem " * size + "anna&#64;example.org</p>") == ["email-address"]


def test_a_store_that_cannot_be_read_is_a_gap() -> None:
    (gap,) = said(b"PAR1" + bytes(100), "train.parquet")
    assert isinstance(gap, Gap) and gap.reason is GapReason.CORRUPT and gap.detail.startswith("Parquet: ")


# -- what may be there ------------------------------------------------------------------------------------------------


def test_values_that_are_allowed_are_counted_and_no_finding() -> None:
    digest = hashlib.sha256(b"anna.0@example.org").hexdigest()
    given = inspector.given(Inputs(personal_allowed=read_allowed(f"sha256:{digest}".encode())))
    data = "id,mail\n" + "".join(f"{i},anna.{i % 2}@example.org\n" for i in range(10))
    one = member(data.encode(), "a.csv")
    rows = list(given.inspect(one))
    assert PersonalAllowed("a.csv", "EMAIL_ADDRESS", 5) in rows
    assert dict(next(item for item in rows if isinstance(item, Finding)).args)["count"] == "5"
    assert digest not in repr(rows)


# -- facts and section ------------------------------------------------------------------------------------------------


def test_facts_count_by_entity_and_by_column() -> None:
    rows = said(TABLE, "train.csv")
    assert [item for item in rows if isinstance(item, PersonalEntity)] == [
        PersonalEntity("train.csv", "CREDIT_CARD", 200, 1),
        PersonalEntity("train.csv", "EMAIL_ADDRESS", 200, 1),
        PersonalEntity("train.csv", "IBAN_CODE", 200, 1),
        PersonalEntity("train.csv", "PHONE_NUMBER", 100, 1),
    ]
    assert PersonalColumn("train.csv", "", 5, "iban", "IBAN_CODE", 200, 200, 100) in rows


def test_the_section_counts_members_entities_and_tables() -> None:
    store = collected({"a/train.csv": TABLE, "b.txt": b"x@example.org", "c.txt": b"nothing"})
    section = inspector.section(Seen(store, inspector.produces))
    assert {key: section[key] for key in ("members", "entities", "tables", "training_tables", "truncated")} == {
        "members": 2,
        "entities": {"CREDIT_CARD": 200, "EMAIL_ADDRESS": 201, "IBAN_CODE": 200, "PHONE_NUMBER": 100},
        "tables": 1,
        "training_tables": 1,
        "truncated": 0,
    }
    assert section["items"][0]["columns"][0] == {  # type: ignore[index,call-overload]
        "column": 3,
        "name": "email",
        "entity": "EMAIL_ADDRESS",
        "count": 200,
    }


def test_a_finding_keeps_its_fingerprint_when_rows_come_and_go() -> None:
    before, after = ({item.fingerprint("m") for item in findings(people.rows(n), "t.csv")} for n in (100, 150))
    assert before == after


def test_locations_are_in_the_table() -> None:
    for item in findings(TABLE)[:-1]:
        assert item.location == Location("data/notes.txt", *item.location[1:])
        assert item.location.line in (2, 3) and 0 < item.location.start < item.location.end < 400
