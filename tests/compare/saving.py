"""A report as `gate scan -o json= -o inventory=` would have saved it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gate.core.decision import Decision, Outcome, PolicyUsed, Request
from gate.core.limits import Limits
from gate.core.report import Report
from gate.output.inventory import pieces
from gate.output.json import render
from gate.policy.tally import count
from tests.compare.pairs import RULES
from tests.conftest import NOW


def saved(report: Report) -> tuple[bytes, Callable[[], Iterator[bytes]]]:
    """The result, and the lines of the inventory."""
    request = Request("production", NOW).about(report.model)
    decision = Decision(
        Outcome.ALLOW, (), (), (), count(report, request, RULES, Limits()).all(), PolicyUsed(None, "none")
    )
    lines = "".join(pieces(report)).encode().splitlines(keepends=True)
    return render(report, request, decision, RULES).encode(), lambda: iter(lines)
