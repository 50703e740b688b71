import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import FormatError
from gate.formats.jcs import jcs


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # RFC 8785, appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_ecmascript_does(bits, text):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert jcs(value) == text


def test_keys_are_sorted_by_utf16():
    assert jcs({"\U0001f600": 1, "\ufb33": 2, "\u20ac": [True, None, "a\n"]}) == (
        '{"\u20ac":[true,null,"a\\n"],"\U0001f600":1,"\ufb33":2}'
    )


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf")], ids=str)
def test_numbers_that_parsers_disagree_about_have_no_form(value):
    with pytest.raises(FormatError):
        jcs([value])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_means_what_it_did(value):
    assert float(jcs(value)) == value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(VALUES)
def test_a_value_means_what_it_did(value):
    assert json.loads(jcs(value)) == value
