"""Paths that a model tells its loader to open."""

from __future__ import annotations

import re

_OUTSIDE = re.compile(r"^[/\\~]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|[\0-\x1f]|^[a-z][a-z0-9+.-]*:/", re.IGNORECASE)


def leads_outside(path: str) -> bool:
    """Whether a path, as any system reads it, leaves the folder that it starts from, or is an address."""
    return not path or _OUTSIDE.search(path) is not None
