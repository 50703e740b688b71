"""Whatever is written into an attestation: it admits only when every one of its bytes is right."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.opa_wasm import Embedded
from gate.admission.examine import MOST
from gate.admission.predicates import READERS
from gate.attest import uris
from gate.core.decision import Outcome
from gate.core.errors import FormatError
from gate.resources import compiled_policy
from tests.admission.scenes import NOW, ask, at, decision, signed, summary

GOOD = signed(summary())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted(summary().keys() | decision().keys())
FIXED = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def engine():
    engine = Embedded(compiled_policy())
    yield engine
    engine.close()


@FIXED
@given(at=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_admits_anything_that_was_not_signed(engine, at, bit):
    data = bytearray(GOOD)
    data[at] ^= 1 << bit
    answer = ask(engine, bytes(data))
    if answer.outcome == Outcome.ALLOW:  # white space, or a hint that nobody relies on: what was signed is the same
        envelope = json.loads(data)["dsseEnvelope"]
        assert {**envelope, "signatures": [{"sig": envelope["signatures"][0]["sig"]}]} == {
            **json.loads(GOOD)["dsseEnvelope"],
            "signatures": [{"sig": json.loads(GOOD)["dsseEnvelope"]["signatures"][0]["sig"]}],
        }


@FIXED
@given(name=st.sampled_from(NAMES), value=VALUES, kind=st.sampled_from(sorted(READERS)))
def test_any_value_at_any_place_is_read_or_refused(name, value, kind):
    for predicate in (summary(), decision()):
        try:
            said = READERS[kind]({**predicate, name: value}, (), NOW)
        except FormatError:
            continue
        assert isinstance(said.passed, bool) and isinstance(said.age, int) and isinstance(said.policy, str)


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-11-21T10:00:00.999999999Z"]
)
def test_the_ends_of_time_are_only_late_or_early(engine, time):
    answer = ask(engine, signed(summary(timeVerified=time)))
    assert answer.outcome == (Outcome.ALLOW if time.startswith("2026") else Outcome.DENY)


@pytest.mark.parametrize(
    "time", ["2026-02-30T00:00:00Z", "2026-11-21T24:61:00Z", "٢٠٢٦-11-21T10:00:00Z", "2026-11-21T10:00:00+25:00"]
)
def test_a_time_that_does_not_exist_is_not_understood(engine, time):
    assert ask(engine, signed(summary(timeVerified=time))).attestations[0].state == "malformed-statement"


def test_a_verdict_is_as_old_as_the_earliest_and_as_new_as_the_latest_of_its_times():
    reader = READERS["https://slsa.dev/verification_summary/v1"]
    for times, expected in (
        ((), (60, -60, "self-declared")),
        ((at(50),), (60, -50, "verified")),
        ((at(50), at(900)), (900, -50, "verified")),
        ((at(-400),), (60, 400, "verified")),
    ):
        said = reader(summary(), times, NOW)
        assert (said.age, said.ahead, said.timed) == expected


@pytest.mark.parametrize("other", [GOOD, signed(summary(passed=False, age=90)), signed(decision(), kind=uris.DECISION)])
def test_as_many_as_are_read_are_judged_within_the_time_of_the_engine(engine, other):
    assert ask(engine, *[GOOD, other] * (MOST // 2)).outcome == Outcome.ALLOW


def test_a_bundle_with_two_payloads_is_no_bundle(engine):
    failed = base64.b64encode(b"{}").decode()
    twice = GOOD.replace(b'"payload":', f'"payload":"{failed}","payload":'.encode(), 1)
    assert ask(engine, twice).attestations[0].state == "malformed"


def test_text_outside_of_unicode_is_told_and_admits_nothing(engine):
    answer = ask(
        engine, signed(summary(environment="\ud800", resourceUri="model:m?environment=%ED%A0%80&stage=production"))
    )
    assert answer.outcome == Outcome.DENY
