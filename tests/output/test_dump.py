import json
from enum import StrEnum
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.output.dump import dumps, plain

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(VALUES)
def test_a_json_value_comes_back_unchanged(value):
    assert json.loads(dumps(value)) == value


@pytest.mark.parametrize("text", ["##[error]", "###[x", "\x7f", "\\##[", '"##['])
def test_what_a_runner_or_terminal_obeys_is_escaped_without_changing_the_value(text):
    out = dumps({text: text})
    assert "##[" not in out
    assert "\x7f" not in out
    assert json.loads(out) == {text: text}


def test_keys_are_sorted_and_the_text_is_one_ascii_line():
    assert dumps({"b": "ä", "a": (1, 2)}) == '{"a":[1,2],"b":"\\u00e4"}\n'


def test_a_lone_surrogate_becomes_the_text_of_its_escape():
    assert plain("a\ud800b\udcff") == "a\\ud800b\\udcff"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (2**64, hex(2**64)),
        (True, True),
    ],
)
def test_an_integer_that_a_double_cannot_hold_becomes_a_string(number, shown):
    assert plain(number) == shown
    assert type(plain(number)) is type(shown)


def test_an_integer_of_more_digits_than_str_takes_is_no_error():
    assert plain(10**5000) == hex(10**5000)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_not_finite_becomes_null(number):
    assert plain(number) is None


def test_tuples_with_names_become_objects_and_enums_their_value():
    class Image(NamedTuple):
        arch: int

    class Kind(StrEnum):
        PTX = "ptx"

    assert dumps({"images": (Image(90),), Kind.PTX: Kind.PTX}) == '{"images":[{"arch":90}],"ptx":"ptx"}\n'


@pytest.mark.parametrize("value", [b"bytes", {1}, object()])
def test_what_rows_may_not_hold_is_refused(value):
    with pytest.raises(TypeError, match="no JSON form"):
        plain(value)
