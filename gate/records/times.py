"""Times as tools write them into their manifests."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ZONED = re.compile(r"(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})\Z", re.IGNORECASE)
_FORMS = (
    "%d/%m/%Y %H:%M:%S",  # torch-model-archiver
    "%Y-%m-%d@%H:%M:%S",  # Keras
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
)
_LENGTH = 64


def moment(text: str) -> tuple[str, bool]:
    """RFC 3339 in UTC, and whether the text names a zone; "" for what is no time. Without a zone it is taken as UTC."""
    text = text.strip()[:_LENGTH]
    value = _parsed(text)
    if value is None:
        return "", False
    zone = value.tzinfo is not None
    try:
        value = value.astimezone(UTC) if zone else value.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return "", False
    return value.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"), zone or bool(_ZONED.search(text))


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"\s*UTC\Z", "Z", text))
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
