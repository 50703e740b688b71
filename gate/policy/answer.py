"""The engine's answer, checked before anybody believes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gate.core.decision import Action, Outcome, Reason, Tally
from gate.core.errors import EngineError
from gate.core.report import Json
from gate.policy.standard import standard

_ROW = frozenset({"code", "action", "subject", "msg"})
_LISTS: Mapping[str, frozenset[Action]] = {
    "reasons": frozenset({Action.DENY, Action.INCONCLUSIVE}),
    "warnings": frozenset({Action.WARN}),
    "waived": frozenset(Action) - {Action.OFF},
}
"""The lists of a result, and the actions that a row of each may have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome and its rows, each list sorted by code and subject."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    waived: tuple[Reason, ...]


def read(value: Json, findings: Mapping[str, Tally]) -> Answer:
    """The result of the entry point in our words.

    Raises EngineError (bad-result) when the shape is not exactly the agreed one, when the outcome does not follow from
    the reasons, or when a mandatory code that was counted is not denied.
    """
    if not isinstance(value, Mapping) or set(value) != {"outcome", *_LISTS}:
        raise _bad(f"the result is not an object of outcome, {', '.join(_LISTS)}")
    reasons, warnings, waived = (_rows(name, value[name]) for name in _LISTS)
    answer = Answer(_outcome(value["outcome"]), reasons, warnings, waived)
    _check_outcome(answer)
    _check_mandatory(answer, findings)
    return answer


def _outcome(value: Json) -> Outcome:
    if not isinstance(value, str) or value not in set(Outcome):
        raise _bad("the outcome is none of allow, deny, inconclusive")
    return Outcome(value)


def _rows(name: str, value: Json) -> tuple[Reason, ...]:
    if not isinstance(value, list):
        raise _bad(f"{name} is not an array")
    return tuple(sorted(_row(name, row) for row in value))


def _row(name: str, value: Json) -> Reason:
    if not isinstance(value, Mapping) or set(value) != _ROW:
        raise _bad(f"a row of {name} is not an object of {', '.join(sorted(_ROW))}")
    code, action, subject, msg = value["code"], value["action"], value["subject"], value["msg"]
    if not (isinstance(code, str) and isinstance(action, str) and isinstance(subject, str) and isinstance(msg, str)):
        raise _bad(f"a row of {name} holds something else than text")
    if not code or action not in _LISTS[name]:
        raise _bad(f"a row of {name} has no code, or an action that does not belong there")
    return Reason(code, Action(action), subject, msg)


def _check_outcome(answer: Answer) -> None:
    actions = {row.action for row in answer.reasons}
    follows = Outcome.DENY if Action.DENY in actions else Outcome.INCONCLUSIVE if actions else Outcome.ALLOW
    if answer.outcome != follows:
        raise _bad(f"the outcome is {answer.outcome}, but from the reasons follows {follows}")


def _check_mandatory(answer: Answer, findings: Mapping[str, Tally]) -> None:
    """A policy that lost a code which nobody may waive is not believed, whatever else it says."""
    denied = {row.code for row in answer.reasons if row.action == Action.DENY}
    if lost := sorted(standard().mandatory & findings.keys() - denied):
        raise _bad(f"{lost[0]} was found and is mandatory, but the policy does not deny it")


def _bad(detail: str) -> EngineError:
    return EngineError("bad-result", detail)
