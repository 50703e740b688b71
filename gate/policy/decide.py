"""The decision: what was seen and what was asked go in, an answer with its reasons comes out."""

from __future__ import annotations

from collections.abc import Mapping

from gate.core.decision import Action, Decision, Outcome, PolicyUsed, Reason, Request
from gate.core.errors import EngineError
from gate.core.finding import Rule
from gate.core.limits import Limits
from gate.core.report import Json, Report
from gate.core.text import printable
from gate.policy.answer import Answer, read
from gate.policy.document import build
from gate.policy.engine import Engine
from gate.policy.tally import count


def document(report: Report, request: Request, rules: Mapping[str, Rule], limits: Limits) -> dict[str, Json]:
    """What the policy would be asked, for somebody who wants to read it."""
    return build(report, request, count(report, request, rules, limits))


def decide(report: Report, request: Request, rules: Mapping[str, Rule], engine: Engine, limits: Limits) -> Decision:
    """Ask the policy whether this archive may be promoted.

    1. Count all findings and gaps, apply the waivers in force, and only then cap what is listed.
    2. Let the engine evaluate the document.
    3. Believe an answer only in the agreed shape; trouble with the engine makes the decision inconclusive.

    Nothing here makes an allow: it comes from the engine or not at all.
    """
    request = request.about(report.model)
    tallies = count(report, request, rules, limits)
    asked = build(report, request, tallies)
    try:
        answer = read(engine.evaluate(asked), tallies.findings)
    except EngineError as error:
        answer = _unanswered(error)
    used = PolicyUsed(engine.digest, engine.name, engine.data_digest)
    return Decision(answer.outcome, answer.reasons, answer.warnings, answer.waived, tallies.all(), used)


def _unanswered(error: EngineError) -> Answer:
    reason = Reason(f"engine.{error.code}", Action.INCONCLUSIVE, "", printable(str(error)))
    return Answer(Outcome.INCONCLUSIVE, (reason,), (), ())
