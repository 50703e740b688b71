"""Two engines, one answer: everything else is inconclusive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gate.core.decision import Outcome
from gate.core.errors import EngineError
from gate.core.limits import Limits
from gate.policy.both import Both
from gate.policy.decide import decide
from tests.policy.scenes import ALLOW, RULES, FakeEngine, finding, report, request

ROWS = [{"code": code, "action": "deny", "subject": "a", "msg": "m"} for code in ("x.error", "x.none")]
DENY = {**ALLOW, "outcome": "deny", "reasons": ROWS}
UNDEFINED = EngineError("undefined", "nothing")


def outcome(one, other):
    seen = report([finding("x.error"), finding("x.none")])
    decision = decide(seen, request(), RULES, Both(one, other), Limits())
    return decision, {row.code for row in decision.reasons}


def test_the_same_answer_counts_in_whatever_order_its_rows_are():
    decision, codes = outcome(FakeEngine(DENY), FakeEngine({**DENY, "reasons": ROWS[::-1]}))
    assert decision.outcome is Outcome.DENY and codes == {"x.error", "x.none"}
    assert (decision.policy.engine, decision.policy.digest) == ("fake+fake", FakeEngine().digest)


@pytest.mark.parametrize(
    "other",
    [
        ALLOW,
        {**DENY, "reasons": ROWS[:1]},
        {**DENY, "reasons": [*ROWS, ROWS[0]]},
        {**DENY, "reasons": [{**ROWS[0], "msg": "other"}, ROWS[1]]},
        {**DENY, "warnings": None},
        {**DENY, "outcome": float("nan")},
        [],
        None,
        UNDEFINED,
    ],
)
def test_different_answers_are_inconclusive_whoever_gives_which(other):
    for pair in ((DENY, other), (other, DENY)):
        decision, codes = outcome(*map(FakeEngine, pair))
        assert decision.outcome is Outcome.INCONCLUSIVE and codes == {"engine.engines-differ"}


def test_when_neither_has_an_answer_they_agree_on_that():
    assert outcome(FakeEngine(UNDEFINED), FakeEngine(UNDEFINED))[1] == {"engine.undefined"}


@pytest.mark.parametrize("code", ["unavailable", "timed-out", "trapped", "bad-result", "over-cap", "digest-mismatch"])
def test_an_engine_that_could_not_answer_says_why(code):
    for first, second in ((DENY, EngineError(code, "x")), (EngineError(code, "x"), UNDEFINED)):
        assert outcome(FakeEngine(first), FakeEngine(second))[1] == {f"engine.{code}"}


@pytest.mark.parametrize("other", [{"digest": "cd" * 32}, {"digest": None}, {"data_digest": "ef" * 32}])
def test_the_same_answer_from_another_policy_or_other_data_proves_nothing(other):
    decision, codes = outcome(FakeEngine(ALLOW), replace(FakeEngine(ALLOW), **other))
    assert codes == {"engine.digest-mismatch"}
    assert (decision.policy.digest is None) == ("digest" in other)
    assert decision.policy.data_digest is None
