import contextlib
import json
import sys
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import bounded
from gate.formats.bounded import parse_json, parse_yaml, read_json, read_yaml

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def source(data):
    return Memory(data, Budget(Limits()))


def reason(call, *args):
    with pytest.raises(NotExamined) as error:
        call(*args)
    return error.value.reason


@BOUNDED
@given(plain)
def test_what_json_writes_is_read_back(value):
    assert parse_json(json.dumps(value).encode()).value == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()).value == value


@BOUNDED
@given(st.binary(max_size=80) | st.text(st.sampled_from('{}[]",:\\ud8x1e-.&*<!|>%@~?#\n\t ')).map(str.encode))
def test_hostile_bytes_raise_nothing_else(data):
    for parse in (parse_json, parse_yaml):
        try:
            document = parse(data)
        except NotExamined:
            continue
        json.dumps(document.value, allow_nan=False).encode()
        json.dumps(document.value, ensure_ascii=False).encode()


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "1e999", "-1e999", "1" * 309, "1" * 5000])
def test_numbers_that_are_none_elsewhere_are_refused(text):
    with pytest.raises(FormatError):
        parse_json(text.encode())


def test_the_largest_double_is_a_number():
    assert parse_json(b"1.7976931348623157e308").value == sys.float_info.max


def test_an_integer_of_308_digits_is_a_number():
    assert parse_json(b"9" * 308).value == 10**308 - 1


def test_repeated_keys_are_named_and_the_last_value_holds():
    document = parse_json(b'{"licence": "mit", "a": [{"x": 1, "x": 2, "x": 3}], "licence": "gpl-3.0"}')
    assert document.value == {"licence": "gpl-3.0", "a": [{"x": 3}]}
    assert sorted(document.repeated) == ["licence", "x"]


def test_repeated_keys_are_named_up_to_a_bound():
    data = "{" + ",".join(f'"k{i}":1,"k{i}":2' for i in range(1000)) + "}"
    assert len(parse_json(data.encode()).repeated) == 100


def test_a_lone_surrogate_becomes_text_that_can_be_written():
    document = parse_json(b'{"\\ud800": ["\\udfff", "\\ud83d\\ude00"], "\\ud800": 1}')
    assert document.value == {"\\ud800": 1}
    assert document.repeated == ("\\ud800",)
    assert parse_json(b'["\\udfff", "\\ud83d\\ude00"]').value == ["\\udfff", "😀"]


def test_a_byte_order_mark_is_no_part_of_the_document():
    assert parse_json(b"\xef\xbb\xbf{}").value == {}


@pytest.mark.parametrize("data", [b"", b"{", b"[1,]", b"{'a':1}", b"\xff", "{}".encode("utf-16"), b"{} {}", b'"\x01"'])
def test_what_is_no_json_is_a_format_error(data):
    with pytest.raises(FormatError):
        parse_json(data)


def test_depth_is_refused_before_parsing():
    assert parse_json(b"[" * 64 + b"]" * 64)
    assert reason(parse_json, b"[" * 65 + b"]" * 65) is GapReason.TOO_DEEP
    assert reason(parse_json, b"[" * 900_000) is GapReason.TOO_DEEP
    assert reason(parse_yaml, b"[" * 100_000) is GapReason.TOO_DEEP
    assert reason(parse_yaml, b"- " * 100_000) is GapReason.TOO_DEEP


def test_brackets_in_strings_have_no_depth():
    value = ["[" * 1000, '"' + "{" * 100, "\\"]
    assert parse_json(json.dumps(value).encode()).value == value


def test_a_string_without_end_costs_one_pass():
    begun = time.process_time()
    with pytest.raises(FormatError):
        parse_json(b'["' + b'\\"' * 1_000_000)
    assert time.process_time() - begun < 2


def test_too_many_values_are_refused():
    assert reason(parse_json, b"[" + b"[]," * 600_000 + b"1]") is GapReason.TOO_LARGE


def test_a_document_beyond_its_size_is_not_read(monkeypatch):
    monkeypatch.setattr(bounded, "BYTES", 3)
    monkeypatch.setattr(bounded, "YAML_BYTES", 3)
    assert reason(read_json, source(b"[1,2]")) is GapReason.TOO_LARGE
    assert reason(read_yaml, source(b"a: b")) is GapReason.TOO_LARGE
    assert read_json(source(b"[1]")).value == [1]


# -- YAML -------------------------------------------------------------------------------------------------------------


@BOUNDED
@given(plain)
def test_json_is_yaml(value):
    text = json.dumps(value, ensure_ascii=False)
    if not text.isprintable():
        return
    found = parse_yaml(text.encode()).value
    wanted = json.loads(json.dumps(value), parse_float=lambda text: text, parse_int=lambda text: text)
    assert _spelled(found) == _spelled(wanted)


def _spelled(value):
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return value if value is None or isinstance(value, bool | str) else json.dumps(value)


@pytest.mark.parametrize(
    "text", ["1.10", "012", "1_000", "1:30", "no", "Yes", "True", ".nan", ".inf", "2024-01-01", "0x1f", "1e999", "+1"]
)
def test_a_plain_scalar_that_json_spells_otherwise_stays_text(text):
    assert parse_yaml(f"v: {text}".encode()).value == {"v": text}


def test_scalars_that_json_spells_alike_are_typed():
    data = b"a: 1\nb: -2.5\nc: true\nd: null\ne: ~\nf:\ng: '1'\nh: !!str 1\ni: |\n  x\n"
    assert parse_yaml(data).value == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": None,
        "f": None,
        "g": "1",
        "h": "1",
        "i": "x\n",
    }


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system [id]",
        "!Custom {a: 1}",
        "- !!binary aGk=",
        "!<tag:yaml.org,2002:python/name:os.system> ''",
        "a: !!set {b}",
        "{a: 1}: b",
        "? [a]\n: b",
        "--- a\n--- b",
        "a: &x [*x]",
        "*nothing",
        "a: [",
        "a\tb: \x00",
        '"\\ud800"' if not yaml.__with_libyaml__ else '"\\x0"',
    ],
)
def test_what_is_more_than_plain_values_is_a_format_error(text):
    with pytest.raises(FormatError):
        parse_yaml(text.encode())


def test_nothing_is_executed_by_reading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError):
        parse_yaml(b"!!python/object/apply:os.system ['touch gate_canary']")
    assert list(tmp_path.iterdir()) == []


def test_merge_keys_are_not_supported():
    assert reason(parse_yaml, b"a: &x {b: 1}\nc:\n  <<: *x\n") is GapReason.UNSUPPORTED
    assert parse_yaml(b"'<<': 1").value == {"<<": 1}


def test_aliases_stand_for_their_value():
    assert parse_yaml(b"a: &x [1, 2]\nb: *x\n&k c: *k\n").value == {"a": [1, 2], "b": [1, 2], "c": "c"}


def test_a_billion_laughs_end_early():
    lines = ["a0: &a0 [lol]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    begun = time.process_time()
    assert reason(parse_yaml, "\n".join(lines).encode()) is GapReason.TOO_LARGE
    assert time.process_time() - begun < 1


def test_yaml_names_repeated_keys():
    document = parse_yaml(b"license: mit\nlicense: gpl-3.0\n")
    assert (document.value, document.repeated) == ({"license": "gpl-3.0"}, ("license",))


def test_an_empty_document_is_nothing():
    assert parse_yaml(b"").value is None
    assert parse_yaml(b"# only a comment\n").value is None


@pytest.mark.parametrize("loader", [yaml.SafeLoader, bounded._Loader])
def test_both_loaders_read_alike(loader, monkeypatch):
    monkeypatch.setattr(bounded, "_Loader", loader)
    data = b"flavors:\n  sklearn: {pickled_model: model.pkl, n: 1.50}\n  list: [a, 'b', \"\\u20ac\"]\n"
    assert parse_yaml(data).value == {
        "flavors": {"sklearn": {"pickled_model": "model.pkl", "n": "1.50"}, "list": ["a", "b", "€"]}
    }
    for bad in (b'"\\ud800"', b'"\\U00110000"', b"a: b: c", b"\t- x", b"%YAML 9", b"\x01"):
        with contextlib.suppress(FormatError):
            json.dumps(parse_yaml(bad).value, ensure_ascii=False).encode()
