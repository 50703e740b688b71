from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.canonical import canonical


def test_equal_values_give_equal_bytes():
    assert canonical({"b": [1, 2.5, None], "a": "é\u2028"}) == '{"a":"é\u2028","b":[1,2.5,null]}'.encode()
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


def test_a_lone_surrogate_becomes_the_text_of_its_escape():
    assert json.loads(canonical({"a\udc80": ["\ud800x"]})) == {"a\\udc80": ["\\ud800x"]}


def test_what_json_cannot_say_is_a_value_error():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    for value in (float("nan"), float("-inf"), nested):
        with pytest.raises(ValueError):
            canonical(value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_a_parser_reads_the_same_value_from_it(value):
    assert json.loads(canonical(value)) == value
