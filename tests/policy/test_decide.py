from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.decision import Action, Outcome, Reason
from gate.core.errors import EngineError
from gate.core.limits import Limits
from gate.policy.decide import decide
from gate.policy.standard import standard
from tests.policy.scenes import ALLOW, HEX, RULES, FakeEngine, finding, gap, report, request, waiver

CALL = "serialization.dangerous-call"
DENY_ROW = {"code": "x.error", "action": "deny", "subject": "a", "msg": "at 1 place"}
WARN_ROW = {**DENY_ROW, "action": "warn"}
UNSURE_ROW = {**DENY_ROW, "code": "gap.corrupt", "action": "inconclusive"}


def ask(answer, seen=None, asked=None):
    return decide(seen or report(), asked or request(), RULES, FakeEngine(answer), Limits())


def answer(outcome, reasons=(), warnings=(), waived=()):
    return {"outcome": outcome, "reasons": list(reasons), "warnings": list(warnings), "waived": list(waived)}


def test_the_answer_of_the_engine_becomes_the_decision():
    decision = ask(answer("deny", [UNSURE_ROW, DENY_ROW], [WARN_ROW], [DENY_ROW]), report([finding("x.error")]))
    deny = Reason("x.error", Action.DENY, "a", "at 1 place")
    assert decision.outcome is Outcome.DENY
    assert decision.reasons == (Reason("gap.corrupt", Action.INCONCLUSIVE, "a", "at 1 place"), deny)
    assert decision.warnings == (deny.__class__("x.error", Action.WARN, "a", "at 1 place"),)
    assert decision.waived == (deny,)
    assert decision.tallies["x.error"].total == 1
    assert (decision.policy.digest, decision.policy.engine) == (HEX, "fake")


def test_findings_and_gaps_are_both_counted():
    decision = ask(answer("inconclusive", [UNSURE_ROW]), report([finding("x.note")], [gap("corrupt")]))
    assert set(decision.tallies) == {"x.note", "gap.corrupt"}


@pytest.mark.parametrize("code", ["unavailable", "timed-out", "trapped", "undefined", "over-cap", "digest-mismatch"])
def test_trouble_with_the_engine_is_inconclusive(code):
    decision = ask(EngineError(code, "said\nso"))
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.reasons == (Reason(f"engine.{code}", Action.INCONCLUSIVE, "", "said\\nso"),)


WRONG = [
    None,
    True,
    "allow",
    [],
    [ALLOW],
    {},
    {**ALLOW, "allow": True},
    {key: value for key, value in ALLOW.items() if key != "waived"},
    {**ALLOW, "outcome": "ALLOW"},
    {**ALLOW, "outcome": True},
    {**ALLOW, "outcome": None},
    {**ALLOW, "outcome": ["allow"]},
    {**ALLOW, "reasons": {}},
    {**ALLOW, "reasons": ""},
    {**ALLOW, "reasons": None},
    answer("deny"),
    answer("inconclusive"),
    answer("allow", [DENY_ROW]),
    answer("allow", [UNSURE_ROW]),
    answer("inconclusive", [DENY_ROW]),
    answer("deny", [UNSURE_ROW]),
    answer("deny", [DENY_ROW, WARN_ROW]),
    answer("deny", [DENY_ROW, {**DENY_ROW, "action": "off"}]),
    answer("allow", [], [DENY_ROW]),
    answer("allow", [], [], [{**DENY_ROW, "action": "off"}]),
    answer("deny", [{**DENY_ROW, "code": ""}]),
    answer("deny", [{**DENY_ROW, "code": 1}]),
    answer("deny", [{**DENY_ROW, "msg": None}]),
    answer("deny", [{**DENY_ROW, "subject": ["a"]}]),
    answer("deny", [{**DENY_ROW, "action": ["deny"]}]),
    answer("deny", [{**DENY_ROW, "extra": ""}]),
    answer("deny", [{"code": "x"}]),
    answer("deny", ["x.error"]),
]


@pytest.mark.parametrize("value", WRONG)
def test_an_answer_of_another_shape_is_not_believed(value):
    decision = ask(value)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert [row.code for row in decision.reasons] == ["engine.bad-result"]


@pytest.mark.parametrize("code", sorted(standard().mandatory))
def test_an_answer_that_lost_a_mandatory_code_is_not_believed(code):
    seen = report([finding(code)])
    for lost in (
        answer("allow"),
        answer("deny", [DENY_ROW]),
        answer("allow", [], [{**WARN_ROW, "code": code}]),
        answer("inconclusive", [{**UNSURE_ROW, "code": code}]),
        answer("allow", [], [], [{**DENY_ROW, "code": code}]),
    ):
        assert [row.code for row in ask(lost, seen, request(waiver(code))).reasons] == ["engine.bad-result"]
    assert ask(answer("deny", [{**DENY_ROW, "code": code}]), seen).outcome is Outcome.DENY


def test_equal_questions_give_equal_decisions_whatever_the_order_of_the_rows():
    rows = [DENY_ROW, {**DENY_ROW, "subject": "b"}, UNSURE_ROW]
    assert ask(answer("deny", rows)) == ask(answer("deny", rows[::-1]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["allow", "deny", "warn", "", "inconclusive"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*ALLOW, *DENY_ROW]), inner, max_size=4)
    ),
    max_leaves=8,
)
rows = st.fixed_dictionaries(
    {key: st.sampled_from([value, "deny", "warn", "off", 1]) for key, value in DENY_ROW.items()}
)
answers = json_values | st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(["allow", "deny", "inconclusive", "Allow", None]),
        **{name: st.lists(rows, max_size=2) | json_values for name in ("reasons", "warnings", "waived")},
    }
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(answers, st.lists(st.sampled_from([CALL, "x.error", "x.note"]), max_size=3))
def test_an_allow_comes_from_a_sound_allow_of_the_engine_or_not_at_all(value, codes):
    before = copy.deepcopy(value)
    decision = ask(value, report([finding(code) for code in codes]))
    if decision.outcome is Outcome.ALLOW:
        assert before["outcome"] == "allow"
        assert before["reasons"] == []
        assert not decision.reasons
        assert CALL not in codes
    assert value == before
