"""Messages of Protocol Buffers without their schema."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import binary_protobuf as pb
from gate.archive.budget import Budget
from gate.archive.source import Forward
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import protobuf
from gate.formats.protobuf import Kind, Wire, float32, repeated
from tests.formats.hostile import Sparse, source

SCHEMA = {1: ("a", Kind.VARINT), 2: ("b", Kind.BYTES), 3: ("many", Kind.VARINTS), 4: ("c", Kind.FIXED32)}


def message(data):
    return Wire(source(data), "test").message()


def fields(data):
    return [(f.number, f.wire, f.value, f.start, f.end) for f in message(data).fields()]


def test_every_wire_type_is_walked():
    data = pb.integer(1, 150) + pb.block(2, "testing") + pb.fixed64(3, 7) + pb.fixed32(4, 1.5)
    assert [(f.number, f.wire) for f in message(data).fields()] == [(1, 0), (2, 2), (3, 1), (4, 5)]
    found = list(message(data).fields())
    assert found[0].value == 150
    assert found[1].text() == "testing"
    assert found[2].value == 7
    assert float32(found[3]) == 1.5


def test_integers_are_packed_or_not():
    data = pb.packed(3, 1, 300, -1) + pb.integer(3, -5)
    assert [field.integers() for _, field in message(data).named(SCHEMA)] == [(1, 300, -1), (-5,)]


def test_a_field_of_another_wire_type_is_unknown():
    data = pb.block(1, "x") + pb.integer(2, 1) + pb.integer(9, 9)
    assert list(message(data).named(SCHEMA)) == []


def test_the_last_of_a_repeated_field_holds_and_is_told():
    flat = message(pb.block(2, "mit") + pb.integer(1, -3) + pb.block(2, "gpl")).flat(SCHEMA)
    assert (flat.text("b"), flat.integer("a"), flat.texts("b"), flat.text("c")) == ("gpl", -3, ("mit", "gpl"), "")
    assert repeated((name for name, _ in flat.fields), frozenset({"a", "b"})) == ("b",)


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",
        b"\x08" + b"\x80" * 9,
        b"\x08" + b"\x80" * 10 + b"\x01",
        b"\x00\x00",
        b"\x0e",
        b"\x12\x05abc",
        b"\x12" + pb.varint(2**63),
        b"\x12" + b"\xff" * 9 + b"\x01",
        b"\x09\x01\x02",
        b"\x0d\x01\x02",
    ],
)
def test_what_is_no_message_is_a_format_error(data):
    with pytest.raises(FormatError):
        list(message(data).fields())


def test_groups_are_not_examined():
    with pytest.raises(NotExamined) as error:
        list(message(b"\x0b\x0c").fields())
    assert error.value.reason is GapReason.UNSUPPORTED


def test_messages_have_a_depth():
    data = b""
    for _ in range(102):
        data = pb.block(2, data)
    at = message(data)
    with pytest.raises(NotExamined) as error:
        while True:
            at = next(at.fields()).message()
    assert (error.value.reason, at.depth) == (GapReason.TOO_DEEP, 100)


def test_fields_have_a_number(monkeypatch):
    monkeypatch.setattr(protobuf, "FIELDS", 10)
    assert len(fields(pb.integer(1, 1) * 10)) == 10
    with pytest.raises(NotExamined) as error:
        fields(pb.integer(1, 1) * 11)
    assert error.value.reason is GapReason.BUDGET


def test_a_value_is_kept_to_its_bound():
    field = next(message(pb.block(2, b"\xff" + b"a" * 10_000)).fields())
    assert (len(field.text()), field.text(3), field.size) == (4096, "�aa", 10_001)
    with pytest.raises(NotExamined):
        next(message(pb.block(3, bytes(70_000))).fields()).integers()


def test_values_are_not_read():
    head = b"\x12" + pb.varint(10**12)
    large = Sparse(len(head) + 10**12 + 2, (0, head), (len(head) + 10**12, b"\x08\x07"))
    found = list(Wire(large, "test").message().fields())
    assert (found[0].size, found[1].value, large.read < 2000) == (10**12, 7, True)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=900), max_size=30))
def test_what_is_written_is_read_forward(values):
    data = b"".join(pb.integer(1, v) if isinstance(v, int) else pb.block(2, v) for v in values)
    given = Forward(lambda: iter([data]), len(data), Budget(Limits()))
    read = [f.signed if f.wire == 0 else f.bytes() for f in Wire(given, "test").message().fields()]
    assert read == values


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_not_examined(data):
    try:
        for field in message(data).fields():
            assert 0 <= field.start <= field.end <= len(data)
            field.text()
    except NotExamined:
        pass
