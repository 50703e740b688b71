"""Location: where in the subject something is."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """Member path with an optional half-open byte range and, for text, a 1-based line; -1 means none.

    Path "" is the subject itself. SARIF 2.1.0, section 3.29 (physicalLocation.region).
    """

    path: str = ""
    start: int = -1
    end: int = -1
    line: int = -1
