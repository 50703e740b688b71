"""--waivers: who took which risk, for how long."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from gate.core.decision import Waiver
from gate.core.errors import UsageError
from gate.policy.standard import standard

_TEXTS = ("code", "subject", "reason", "owner", "approved_by", "ticket")
_TIMES = ("created", "expires")
_OPTIONAL = frozenset({"about", "digest", "member"})
_KEYS = _OPTIONAL | {*_TEXTS, *_TIMES, "stages"}
_SHA256 = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_LONGEST = timedelta(days=180)
"""A risk that is taken for longer is a policy, and belongs into --policy-data."""


def parse(text: bytes, name: str) -> tuple[Waiver, ...]:
    """The waivers of a TOML file called `name`:

        [[waiver]]
        code = "pii.email-address"
        subject = "data/*.csv"
        stages = ["staging"]
        reason = "synthetic addresses"
        owner = "team-a"
        approved_by = "jane"
        ticket = "RISK-42"
        created = 2026-11-01              # a TOML date, a time with a zone, or either as text
        expires = "2026-12-01T00:00:00Z"
        digest = "sha256:..."   # optional: for one subject only
        member = "sha256:..."   # optional: for members with these bytes only
        about = "acme.nets.Net" # optional: for one global, advisory or type of value only

    Raises UsageError with the path to the wrong value: keys that are unknown or missing, values of another type, a time
    in another form, more than 180 days, or a code that is mandatory and that nobody may waive.
    """
    try:
        rows = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: is not TOML: {error}") from error
    waivers = rows.pop("waiver", [])
    if rows or not isinstance(waivers, list):
        raise UsageError(f"{name}: holds [[waiver]] tables and nothing else")
    return tuple(_waiver(row, f"{name} > waiver {number}") for number, row in enumerate(waivers, 1))


def _waiver(row: object, where: str) -> Waiver:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: must be a table")
    for key in sorted(row.keys() - _KEYS):
        raise UsageError(f"{where} > {key}: is unknown; known: {', '.join(sorted(_KEYS))}")
    for key in sorted(_KEYS - _OPTIONAL - row.keys()):
        raise UsageError(f"{where} > {key}: is missing")
    values = {key: _text(row, key, where) for key in _TEXTS} | {
        key: _time(row[key], f"{where} > {key}") for key in _TIMES
    }
    narrow = {key: _text(row, key, where) for key in sorted(_OPTIONAL & row.keys())}
    if not _SHA256.fullmatch(narrow.get("member", "0" * 64)):
        raise UsageError(f"{where} > member: must be sha256: and 64 hex digits")
    _check_times(values, where)
    if values["code"] in standard().mandatory:
        raise UsageError(f"{where} > code: {values['code']} is mandatory and cannot be waived")
    return Waiver(**values, stages=_stages(row["stages"], where), **narrow)


def _text(row: Mapping[str, object], key: str, where: str) -> str:
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where} > {key}: must be a text that is not empty")
    return value


def _stages(value: object, where: str) -> tuple[str, ...]:
    known = sorted(standard().stages)
    if not isinstance(value, list) or not value or any(stage not in known for stage in value):
        raise UsageError(f"{where} > stages: must be a list of {', '.join(known)}")
    return tuple(value)


def _time(value: object, where: str) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if type(moment) is date:
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{where}: must be a date, or a time with a zone like 2026-11-21T10:00:00Z")


def _check_times(values: Mapping[str, str], where: str) -> None:
    lasts = datetime.fromisoformat(values["expires"]) - datetime.fromisoformat(values["created"])
    if not timedelta() < lasts <= _LONGEST:
        raise UsageError(f"{where} > expires: must be within {_LONGEST.days} days after created")
