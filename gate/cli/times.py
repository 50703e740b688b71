"""Times and periods as options write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gate.core.errors import UsageError

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_PERIOD = re.compile(r"([1-9]\d{0,4})([hd])", re.ASCII)


def moment(text: str) -> str:
    """--effective-time as RFC 3339 in UTC, the time of the machine where it was not given; raises UsageError."""
    if not text:
        return datetime.now(UTC).strftime(_TIME)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(f"--effective-time {text}: not an RFC 3339 time with a zone, as 2026-11-21T10:00:00Z")
    return at.astimezone(UTC).strftime(_TIME)


def period(text: str, option: str) -> timedelta | None:
    """A period in hours or days, None for ""; raises UsageError."""
    found = _PERIOD.fullmatch(text)
    if text and found is None:
        raise UsageError(f"{option} {text}: write it as 12h or 30d")
    if found is None:
        return None
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))
