"""Whatever a service answers, at any place of its answer: a bundle that gate admits, or one sentence about the service."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.identity_token import read_token
from gate.attest.attest import SUFFIXES, NotAttested
from gate.core.errors import FormatError
from gate.trust.reasons import Status
from tests.attest.identities import outcome, sign
from tests.sigstores import SERVICES, Stack

FIXED = settings(max_examples=60, deadline=None, derandomize=True)
TEXTS = ("", "AAAA", "00", "9" * 30, "-1", "\x00", "é", "\ud800", "A" * 5000, "-----BEGIN CERTIFICATE-----\n")
VALUES = st.sampled_from([*TEXTS, None, True, 0, -1, 2**70, 1.5, [], {}, [[]], {"": None}, ["a", 1]])


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@pytest.fixture(scope="module", params=[1, 2], ids=["log 1", "log 2"])
def stack(request):
    with Stack(rekor=request.param) as stack:
        yield stack


def tried(stack):
    try:
        files = sign(stack)
    except NotAttested as error:
        assert str(error).startswith("the ") and "\n" not in str(error) and "; " in str(error)
        return
    found = outcome(files[SUFFIXES[0]], stack.sigstore.trusted_root())
    assert found.status == Status.VERIFIED


@FIXED
@given(st.sampled_from(["oidc", "fulcio", "rekor"]), st.integers(0, 99), VALUES)
def test_any_value_at_any_place_of_an_answer(stack, name, number, value):
    def lie(answer):
        made = copy.deepcopy(answer)
        found = list(places(made))
        path = found[number % len(found)]
        if not path:
            return value
        at = made
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        return made

    stack.lies, stack.broken = {name: lie}, {}
    tried(stack)


@FIXED
@given(st.sampled_from(SERVICES), st.binary(max_size=300))
def test_any_bytes_for_an_answer(stack, name, data):
    stack.lies, stack.broken = {name: lambda answer: data}, {}
    tried(stack)


@FIXED
@given(st.sampled_from(SERVICES), st.sampled_from([b"", b"HTTP/1.1 201 X\r\n", b"HTTP/1.1 "]), st.binary(max_size=60))
def test_any_bytes_for_a_response(stack, name, start, data):
    stack.lies, stack.broken = {}, {name: lambda handler: handler.wfile.write(start + data)}
    tried(stack)


@FIXED
@given(st.integers(0, 5000), st.integers(1, 255))
def test_any_damaged_byte_of_a_timestamp(stack, at, mask):
    def lie(answer):
        made = bytearray(answer)
        made[at % len(made)] ^= mask
        return bytes(made)

    stack.lies, stack.broken = {"tsa": lie}, {}
    tried(stack)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"e30.{text}.e30".encode()))
def test_any_bytes_are_a_token_or_none(data):
    with pytest.raises(FormatError) as caught:
        read_token(data)
    assert str(caught.value).startswith("is ")


def test_a_token_is_never_shown():
    with Stack() as stack:
        token = read_token(stack.token().encode())
    assert token.text not in repr(token) and "eyJ" not in repr(token)
