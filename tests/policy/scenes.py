"""Reports, requests and engines for tests of the decision."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gate.core.decision import Request, Waiver
from gate.core.errors import EngineError
from gate.core.finding import Finding, Level, Rule
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Inventory, Json, Report, State, Status
from gate.core.subject import Subject

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILED = ROOT / "gate" / "policy" / "compiled"
NOW = "2026-11-21T10:00:00Z"
HEX = "ab" * 32
ALLOW: dict[str, Json] = {"outcome": "allow", "reasons": [], "warnings": [], "waived": []}


def rule(code: str, level: str) -> Rule:
    return Rule(code, f"title of {code}", Level(level), "", "", "")


RULES = {
    code: rule(code, level)
    for code, level in {
        "x.error": "error",
        "x.warning": "warning",
        "x.note": "note",
        "x.none": "none",
        "serialization.dangerous-call": "error",
        "serialization.unverified-global": "warning",
    }.items()
}


def finding(code: str, path: str = "a", by: str = "") -> Finding:
    return Finding(Location(path), code, by)


def gap(reason: str, path: str = "a") -> Gap:
    return Gap(Location(path), GapReason(reason), "archive", "because")


REQUIRED = json.loads((COMPILED / "data.json").read_text())["gate"]["config"]["required_sections"]
DONE = tuple(Status(name, State.COMPLETE, 2) for name in REQUIRED)


def report(
    findings: Iterable[Finding] = (),
    gaps: Iterable[Gap] = (),
    statuses: tuple[Status, ...] = DONE,
    sections: Mapping[str, Mapping[str, Json]] | None = None,
    digest: Mapping[str, str] | None = None,
) -> Report:
    subject = Subject("model.zip", "file", {"sha256": HEX} if digest is None else digest, 10, "zip")
    found = {"serialization": {"pickles": 1}} if sections is None else sections
    return Report(subject, findings, gaps, (), statuses, found, Inventory(1, 10, None))


def request(*waivers: Waiver, stage: str = "production", now: str = NOW) -> Request:
    return Request(stage, now, model_name="bank", model_version="1.4.0", waivers=waivers)


def waiver(code: str, subject: str = "*", **changes: object) -> Waiver:
    values: dict[str, object] = {
        "stages": ("production", "staging"),
        "reason": "accepted",
        "owner": "team",
        "approved_by": "jane",
        "ticket": "RISK-1",
        "created": "2026-11-01T00:00:00Z",
        "expires": "2026-12-01T00:00:00Z",
    }
    return Waiver(code=code, subject=subject, **{**values, **changes})  # type: ignore[arg-type]


@dataclass
class FakeEngine:
    """Gives the answer that it was told, or the trouble; remembers what it was asked."""

    answer: object = field(default_factory=lambda: dict(ALLOW))
    name: str = "fake"
    digest: str | None = HEX
    data_digest: str | None = None
    asked: list[Mapping[str, Json]] = field(default_factory=list)

    def evaluate(self, document: Mapping[str, Json]) -> Json:
        self.asked.append(document)
        if isinstance(self.answer, EngineError):
            raise self.answer
        return self.answer  # type: ignore[return-value]


def opa() -> str:
    """The pinned opa; without it the test is skipped, but never in CI."""
    found = subprocess.run(["sh", ".ci/opa.sh", "--installed"], cwd=ROOT, check=False, capture_output=True, text=True)
    if found.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(found.stderr.strip())
    return found.stdout.strip()
