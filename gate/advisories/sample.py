"""A handful of advisories for the demo, which works without a network; nothing uses them that did not ask for them."""

from __future__ import annotations

import os

from gate import resources
from gate.advisories.importing import import_feed

_CLOCK = 1_767_225_600.0
"""2026-01-01: the sample was got then, wherever and whenever it is built."""
NAME = "sample-advisories.sqlite"


def sample(folder: str) -> str:
    """Build the data base of the demo in `folder`; its path. The label of it says that it is only a sample."""
    path = os.path.join(folder, NAME)
    records = resources.root() / "fixtures" / "churn" / "advisories"
    import_feed(os.fspath(records), path, now=_CLOCK, fetched=_CLOCK, force=True)
    return path
