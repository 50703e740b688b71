"""Gap: something that was not examined, named."""

from __future__ import annotations

import enum
from typing import NamedTuple

from gate.core.location import Location


class GapReason(enum.StrEnum):
    """Why something was not examined; as a reason code of a decision: `gap.<reason>`."""

    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"
    BUDGET = "budget"
    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    MISSING_EXTRA = "missing-extra"
    UNREADABLE = "unreadable"
    UNAVAILABLE = "unavailable"
    CHANGED = "changed"
    NOT_FETCHED = "not-fetched"


class Gap(NamedTuple):
    """One thing that one inspector (or the walker, `archive`) did not examine.

    A NamedTuple and not a dataclass because a scan may hold 10^6 of them and sorts them by their fields.
    `inspector` is filled in by the pipeline.
    """

    location: Location
    reason: GapReason
    inspector: str = ""
    detail: str = ""

    @property
    def code(self) -> str:
        """The reason code under which policy sees this gap."""
        return f"gap.{self.reason}"
