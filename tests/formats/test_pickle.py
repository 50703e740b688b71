"""The walk over pickles: what is read, what is noted, and where it stops."""

import pickletools
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.serialization import assembler as pk
from fixtures.serialization.benign import BENIGN, QUIET, joblib_array, state_dict, storage, torch_legacy
from fixtures.serialization.malicious import DANGEROUS, FILES, PARSING
from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory, Source
from gate.core.limits import Limits
from gate.formats import pickle as pickle_files
from gate.formats.pickle import Oddity, Status, Use, Walk, looks_like_pickle, walk
from gate.formats.pickle_stack import OPCODES


def source(data: bytes, **limits: int) -> Source:
    budget = Budget(Limits(**limits))
    budget.admit(len(data))
    return Memory(data, budget)


def forward(data: bytes, block: int = 1000) -> Source:
    budget = Budget(Limits())
    budget.admit(len(data))
    return Forward(lambda: iter([data[i : i + block] for i in range(0, len(data), block)]), len(data), budget)


def read(data: bytes) -> Walk:
    return walk(source(data))


def names(result: Walk) -> set[tuple[str, str]]:
    return {(use.name, use.use) for use in result.uses}


def oddities(result: Walk) -> set[Oddity]:
    return {anomaly.kind for anomaly in result.anomalies}


def test_all_68_opcodes_have_a_handler() -> None:
    assert {code.decode("latin-1") for code in OPCODES} == {opcode.code for opcode in pickletools.opcodes}


def test_a_call_is_noted_with_its_offset_and_its_arguments() -> None:
    data = pk.pickle(pk.call(pk.glob("builtins", "eval"), pk.text("x"), pk.integer(1)))
    reference, call = read(data).uses
    assert (reference.use, call.use) == (Use.REF, Use.CALL)
    assert data[reference.start : reference.end] == b"cbuiltins\neval\n"
    assert data[call.start : call.end] == pk.REDUCE
    assert [arg.kind for arg in call.args or ()] == ["text", "number"]


@pytest.mark.parametrize(
    ("stream", "use"),
    [
        (pk.new(pk.named("a", "b")), Use.NEW),
        (pk.inst("a", "b"), Use.CALL),
        (pk.MARK + pk.named("a", "b") + pk.OBJ, Use.CALL),
        (pk.named("a", "b") + pk.EMPTY_TUPLE + pk.EMPTY_DICT + pk.NEWOBJ_EX, Use.NEW),
        (pk.new(pk.named("a", "b")) + pk.NONE + pk.BUILD, Use.BUILD),
        (pk.new(pk.named("a", "b")) + pk.NONE + pk.NONE + pk.SETITEM, Use.SETITEM),
        (pk.new(pk.named("a", "b")) + pk.MARK + pk.NONE + pk.NONE + pk.SETITEMS, Use.SETITEM),
        (pk.new(pk.named("a", "b")) + pk.NONE + pk.APPEND, Use.APPEND),
        (pk.new(pk.named("a", "b")) + pk.MARK + pk.NONE + pk.ADDITEMS, Use.APPEND),
        (pk.named("a", "b") + pk.NONE + pk.BUILD, Use.PATCH),
        (pk.named("a", "b") + pk.NONE + pk.APPEND, Use.PATCH),
        (pk.call(pk.call(pk.named("a", "b"))), Use.RECALL),
    ],
)
def test_each_use_of_a_global_is_told_apart(stream: bytes, use: Use) -> None:
    assert ("a.b", use) in names(read(pk.pickle(stream)))


@pytest.mark.parametrize("name", PARSING)
def test_no_way_of_writing_values_hides_the_call_behind_them(name: str) -> None:
    assert any(name in ("os.system", "posix.system") and use == Use.CALL for name, use in names(read(PARSING[name])))


def test_below_protocol_3_names_of_python_2_are_mapped() -> None:
    assert ("builtins.eval", Use.CALL) in names(read(b"c__builtin__\neval\n(S'1'\ntR."))
    assert ("__builtin__.eval", Use.CALL) in names(read(pk.pickle(pk.call(pk.glob("__builtin__", "eval")))))


@pytest.mark.parametrize(
    ("data", "oddity"),
    [
        (PARSING["late-proto"], Oddity.LATE_PROTO),
        (PARSING["frame-short"], Oddity.FRAME),
        (PARSING["frame-long"], Oddity.FRAME),
        (PARSING["frame-nested"], Oddity.FRAME),
        (PARSING["hex-int"], Oddity.NUMBER),
        (PARSING["memo-sparse"], Oddity.MEMO_ORDER),
        (PARSING["memo-overwritten"], Oddity.MEMO_ORDER),
        (PARSING["memo-after-pop"], Oddity.MEMO_TARGET),
        (pk.pickle(pk.NONE, pk.DUP, pk.TUPLE2), Oddity.DUP),
        (pk.pickle(pk.inst("a", "b")), Oddity.OLD_CALL),
        (pk.pickle(pk.NONE) + b"\xff\xff", Oddity.TRAILING),
    ],
)
def test_what_no_pickler_writes_is_an_anomaly(data: bytes, oddity: Oddity) -> None:
    assert oddity in oddities(read(data))


@pytest.mark.parametrize("name", BENIGN)
def test_what_picklers_write_has_no_anomaly_and_is_read_to_its_end(name: str) -> None:
    if name.startswith("npy"):
        return
    result = read(BENIGN[name])
    assert (result.status, result.anomalies, result.recognised) == (Status.COMPLETE, (), True)


@pytest.mark.parametrize("name", QUIET)
def test_bytes_that_are_no_pickle_are_not_recognised(name: str) -> None:
    data = QUIET[name]
    if looks_like_pickle(data):
        result = read(data)
        assert not result.recognised
        assert all(use.use is Use.REF for use in result.uses)


@pytest.mark.parametrize("name", [*DANGEROUS, *BENIGN])
def test_every_pickle_looks_like_one(name: str) -> None:
    data = {**DANGEROUS, **BENIGN}[name]
    assert name.startswith("npy") or looks_like_pickle(data[: 2**16])


@pytest.mark.parametrize("name", [*FILES, *PARSING, *BENIGN])
@pytest.mark.parametrize("block", [7, 1000])
def test_reading_forward_gives_the_same_walk(name: str, block: int) -> None:
    data = {**FILES, **PARSING, **BENIGN}[name]
    assert walk(forward(data, block)) == read(data)


def test_a_long_literal_is_skipped_and_what_follows_is_read() -> None:
    data = pk.pickle(pk.octets(b"\xff" * 5_000_000), pk.POP, pk.system())
    assert ("os.system", Use.CALL) in names(walk(forward(data, 100_000)))


@pytest.mark.parametrize("boundary", range(2**18 - 40, 2**18 + 8, 3))
def test_the_end_of_a_window_falls_anywhere(boundary: int) -> None:
    filler = pk.octets(b"x" * (boundary - 300)) + pk.POP
    data = pk.pickle(filler, (pk.text("y" * 40) + pk.POP) * 12, pk.system())
    result = read(data)
    assert (result.status, result.end) == (Status.COMPLETE, len(data))
    assert ("os.system", Use.CALL) in names(result)


def test_torch_storages_are_not_read_as_pickles_and_what_follows_them_is() -> None:
    storages = storage(pk.system(2).ljust(64, b"."), 4) + storage(b"\0" * 16, 4)
    data = torch_legacy(state_dict(legacy=True), ("0", "1"), storages)
    assert "posix.system" not in {use.name for use in read(data).uses}
    assert ("posix.system", Use.CALL) in names(read(data + pk.pickle(pk.system(2), version=2)))


def test_torch_storages_that_are_cut_off_break_the_walk() -> None:
    result = read(torch_legacy(state_dict(legacy=True), ("0", "1"), storage(b"\0" * 16, 4)))
    assert result.status is Status.BROKEN


def test_a_joblib_array_is_walked_as_joblib_and_as_a_plain_pickle() -> None:
    plain = read(joblib_array(raw=pk.system() + pk.STOP, padded=False))
    assert [use.certain for use in plain.uses if use.name == "os.system"] == [False, False]
    assert all(use.certain for use in read(joblib_array(after=pk.system())).uses)


def test_a_joblib_array_longer_than_the_file_breaks_the_walk() -> None:
    data = joblib_array(raw=b"\xff" * 64).replace(pk.args(pk.integer(64)), pk.args(b"J" + struct.pack("<i", 2**30)))
    assert read(data).status is Status.BROKEN


def test_a_nested_pickle_is_walked_with_offsets_in_the_file() -> None:
    inner = pk.pickle(pk.octets(b"x" * 300), pk.POP, pk.system())
    data = pk.pickle(pk.call(pk.named("pickle", "loads"), pk.octets(inner)))
    call = next(use for use in read(data).uses if use.name == "os.system" and use.use is Use.CALL)
    assert data[call.start : call.end] == pk.REDUCE
    assert call.start < data.index(pk.STOP, call.start)


def test_pickles_in_pickles_without_end_are_an_anomaly() -> None:
    data = pk.pickle(pk.system())
    for _ in range(8):
        data = pk.pickle(pk.call(pk.named("pickle", "loads"), pk.octets(data)))
    assert Oddity.NESTED in oddities(read(data))


def test_too_many_opcodes_are_over_budget_and_keep_what_was_found() -> None:
    data = pk.pickle(pk.system(), (pk.NONE + pk.POP) * 50_000)
    result = walk(source(data, opcodes=20_000))
    assert result.status is Status.OVER_BUDGET
    assert ("os.system", Use.CALL) in names(result)


def test_too_many_different_globals_are_over_budget() -> None:
    data = pk.pickle(*(pk.glob("m", f"n{i}") + pk.POP for i in range(25_000)))
    assert read(data).status is Status.OVER_BUDGET


def test_deep_nesting_costs_no_recursion() -> None:
    assert read(pk.pickle(pk.EMPTY_TUPLE, pk.TUPLE1 * 200_000)).status is Status.COMPLETE
    assert read(pk.pickle(pk.MARK * 100_000)).status is Status.BROKEN


def test_a_declared_length_of_2_to_62_costs_nothing() -> None:
    assert read(pk.pickle(b"\x8e" + struct.pack("<Q", 2**62))).status is Status.BROKEN


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\x80\x04", b"\x80\x02", b"("]))
def test_no_bytes_make_the_walk_fail(data: bytes, start: bytes) -> None:
    result = read(start + data)
    assert result.end <= len(start + data)
    assert isinstance(looks_like_pickle(start + data), bool)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(BENIGN)), st.integers(0, 2**32))
def test_no_damage_makes_the_walk_fail(name: str, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(BENIGN[name])
    for _ in range(rng.randrange(1, 5)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    result = read(bytes(data))
    assert walk(forward(bytes(data), 33)) == result


def test_a_search_through_what_looks_like_pickles_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_files, "SEARCH", 100_000)
    junk = pk.pickle(pk.NONE) + b"\xff" + (pk.proto(2) + pk.NONE + pk.POP) * 20_000
    result = walk(forward(junk, 2**16))
    assert result.status is Status.OVER_BUDGET
