import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pbtxt import parse_pbtxt


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ('name: "a"', {"name": ["a"]}),
        ("name: 'it\\'s'", {"name": ["it's"]}),
        ('a: "x" "y"\n  "z"', {"a": ["xyz"]}),
        ('a: "\\x41\\102\\n\\\\"', {"a": ["AB\n\\"]}),
        ("a: 1 a: 2", {"a": ["1", "2"]}),
        ("a: [1, -2, 3.5e-3]", {"a": ["1", "-2", "3.5e-3"]}),
        ("a: []", {"a": []}),
        ("m { a: 1 } m { a: 2 }", {"m": [{"a": ["1"]}, {"a": ["2"]}]}),
        ("m [ { a: 1 }, { a: 2 } ]", {"m": [{"a": ["1"]}, {"a": ["2"]}]}),
        ("m: < a: TYPE_FP32; b: true, >", {"m": [{"a": ["TYPE_FP32"], "b": ["true"]}]}),
        ('m { a: "}" } # }\nb: -inf', {"m": [{"a": ["}"]}], "b": ["-inf"]}),
    ],
)
def test_the_spellings_of_the_format(text, message):
    assert parse_pbtxt(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a:",
        "}",
        "a {",
        "a { b: 1",
        "a { >",
        "a < }",
        "a: [1",
        "a: [1 2]",
        "a: }",
        'a: "x',
        "a: 1 }",
        "{}",
        "a 1",
        "1: a",
        "\0",
        ":",
    ],
)
def test_what_is_no_message_is_refused(text):
    with pytest.raises(FormatError):
        parse_pbtxt(text)


@pytest.mark.parametrize(
    ("text", "reason"), [("a{" * 100, GapReason.TOO_DEEP), ("a: 1 " * 100_000, GapReason.TOO_LARGE)]
)
def test_what_is_too_much_is_not_examined(text, reason):
    with pytest.raises(NotExamined) as error:
        parse_pbtxt(text)
    assert error.value.reason is reason


def test_a_long_string_is_read_in_one_go():
    assert parse_pbtxt('a: "' + "\\\\" * 500_000 + '"') == {"a": ["\\" * 500_000]}
    with pytest.raises(FormatError):
        parse_pbtxt('a: "' + "\\\\" * 500_000)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="ab1.{}[]<>:,;\"\\'# \n-", max_size=60))
def test_any_text_is_a_message_or_refused(text):
    try:
        message = parse_pbtxt(text)
    except NotExamined:
        return
    assert isinstance(message, dict)
