"""The verdict of a saved gate.result/v1, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from gate.attest.verdict import RESULT, Verdict, digests, ends, sha256
from gate.attest.vulnerabilities import of_result
from gate.core.decision import Outcome, PolicyUsed
from gate.core.errors import FormatError
from gate.core.report import Inventory, Json, State, Status
from gate.core.subject import Subject
from gate.core.waivers import INSTANT
from gate.formats.dsse import json_object

_HEX = re.compile(r"[0-9a-f]{64}")
_DIGESTS = ("sha256", "dirHash")


def read_result(data: bytes, valid: timedelta | None = None) -> Verdict:
    """What is signed of a saved result; FormatError for anything that no scan wrote, or that needed a waiver.

    When a waiver ends is not in a result, so only the scan itself can attest a decision that rests on one.
    """
    row = json_object(data)
    if row.get("schema") != "gate.result/v1":
        raise FormatError("is no gate.result/v1 of one target")
    try:
        said = _verdict(row)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"is no gate.result/v1: {error}") from None
    if any(waived for _, waived in said.counts.values()) or _row(row, "decision")["waived"]:
        raise FormatError("needed a waiver, whose end it does not tell: attest with the scan (gate scan --sign-key)")
    return replace(said, not_after=ends((), said.time, valid))


def _verdict(row: Mapping[str, Json]) -> Verdict:
    """KeyError, TypeError and ValueError for another shape."""
    request, model, decision = (_row(row, name) for name in ("request", "model", "decision"))
    policy, inventory, inputs = _row(decision, "policy"), _row(row, "inventory"), _row(row, "inputs")
    data = policy.get("data")
    time = _text(request["effective_time"])
    if not INSTANT.fullmatch(time):
        raise ValueError("effective_time is no time")
    reasons = (_reason(item) for name in ("reasons", "warnings") for item in _rows(decision, name))
    facts = {_text(fact["kind"]) for fact in _rows(row, "facts")}
    totals = {code: _mapping(total) for code, total in _row(row, "totals").items()}
    statuses = tuple(
        Status(_text(item["inspector"]), State(_text(item["state"])), _number(item["members"]))
        for item in _rows(row, "statuses")
    )
    findings = [(_text(item["rule"]), _texts(item["properties"])) for item in _rows(row, "findings")]
    return Verdict(
        _subject(_row(row, "subject")),
        Outcome(_text(decision["outcome"])),
        _text(request["stage"]),
        _text(request["environment"] or ""),
        _text(model["name"] or ""),
        _text(model["version"] or ""),
        time,
        "",
        PolicyUsed(_sha256(policy["digest"]), _text(policy["engine"]), _sha256(data and _mapping(data)["digest"])),
        digests(inputs),
        sha256(inputs["limits"]),
        tuple(sorted(set(reasons))),
        {
            code: (_number(total["total"]), _number(total["waived"]))
            for code, total in totals.items()
            if code not in facts
        },
        (),
        statuses,
        Inventory(_number(inventory["members"]), _number(inventory["bytes"]), _sha256(inventory["root"])),
        _text(_row(row, "tool")["version"]),
        RESULT,
        of_result(
            {code: _number(total["total"]) for code, total in totals.items()}, statuses, inputs["advisories"], findings
        ),
    )


def _subject(row: Mapping[str, Json]) -> Subject:
    digest = {name: _text(value) for name, value in _row(row, "digest").items()}
    if any(name not in _DIGESTS or not _HEX.fullmatch(value) for name, value in digest.items()):
        raise ValueError("the digest of its subject is none")
    form = row["format"]
    return Subject(
        _text(row["name"]), _text(row["kind"]), digest, _number(row["size"]), None if form is None else _text(form)
    )


def _reason(row: Mapping[str, Json]) -> tuple[str, str]:
    return _text(row["code"]), _text(row["action"])


def _sha256(value: Json) -> str | None:
    if value is None:
        return None
    digest = _text(_mapping(value)["sha256"])
    if not _HEX.fullmatch(digest):
        raise ValueError("a digest that is none")
    return digest


def _row(row: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return _mapping(row[name])


def _rows(row: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    value = row[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return [_mapping(item) for item in value]


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("something is no object")
    return value


def _texts(value: Json) -> Mapping[str, str]:
    return {name: _text(text) for name, text in _mapping(value).items()}


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("something is no string")
    return value


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("something is no count")
    return value
