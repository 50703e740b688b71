"""What is no result: gaps, the engine, and reasons that only policy knows, as SARIF notifications."""

from __future__ import annotations

from collections.abc import Mapping

from gate.core.decision import Action, Decision, Reason, Request
from gate.core.finding import Rule
from gate.core.gap import Gap
from gate.core.report import Json, Report
from gate.output.json import place
from gate.output.reasons import actions, explain, gaps, justification, say
from gate.output.remedies import advice
from gate.output.sarif_places import Places
from gate.output.sarif_rules import notification
from gate.output.sarif_text import message

_LEVELS = {Action.DENY: "error", Action.INCONCLUSIVE: "error", Action.WARN: "warning", Action.OFF: "note"}
_NOT_EXAMINED = ("gap.", "engine.")


class Notes:
    """Notifications of one run and their descriptors; `complete` when nothing unexamined stands in the way."""

    def __init__(
        self, report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule], places: Places
    ) -> None:
        self._subject, self._request, self._decision = report.subject, request, decision
        self._rules, self._places = rules, places
        self._actions = actions(decision)
        listed = gaps(decision)
        reasons = [row for row in (*decision.reasons, *decision.warnings) if self._policy_only(row)]
        waived = [row for row in decision.waived if self._policy_only(row)]
        codes = sorted({what.code for what, _ in listed} | {row.code for row in (*reasons, *waived)})
        self._index = {code: i for i, code in enumerate(codes)}
        self.descriptors: list[dict[str, Json]] = [notification(code, rules.get(code)) for code in codes]
        self.rows: list[dict[str, Json]] = [
            *(self._reason(row, _LEVELS[row.action]) for row in reasons),
            *(self._reason(row, "note") for row in waived),
            *(self._gap(what, waived=covered) for what, covered in listed),
        ]
        self.complete = not any(row.code.startswith(_NOT_EXAMINED) for row in decision.reasons)

    def _policy_only(self, row: Reason) -> bool:
        """Whether no result and no gap says what this reason says."""
        tally = self._decision.tallies.get(row.code)
        return not tally or all(item.what.location.path != row.subject for item in tally.items)

    def _reason(self, row: Reason, level: str) -> dict[str, Json]:
        text = explain(row, self._request, self._decision, self._rules).message
        return {**self._head(row.code, level, text), "properties": {"action": row.action, "subject": row.subject}}

    def _gap(self, what: Gap, *, waived: bool) -> dict[str, Json]:
        level = "note" if waived else _LEVELS[self._actions.get(what.code, Action.WARN)]
        text = f"{advice(what.code).title}: {say(what, self._rules)}"
        properties: dict[str, Json] = {"inspector": what.inspector, **place(what.location)}
        if waived:
            properties["waiver"] = justification(what, self._request, self._subject)
        return {
            **self._head(what.code, level, text),
            "locations": [self._places.location(what.location)],
            "properties": properties,
        }

    def _head(self, code: str, level: str, text: str) -> dict[str, Json]:
        descriptor: dict[str, Json] = {"id": code, "index": self._index[code]}
        return {"descriptor": descriptor, "level": level, "message": {"text": message(text)}}
