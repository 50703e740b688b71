"""Where archives come from."""

from __future__ import annotations

from gate.archive.root import Root
from gate.core.limits import Limits
from gate.sources import local, stdin


def open_target(target: str, limits: Limits) -> Root:
    """Open what a user named: a file, a folder, or `-` for standard input. Raises UsageError."""
    return stdin.open_stdin(limits) if target == "-" else local.open_local(target)
