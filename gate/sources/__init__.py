"""Where archives come from."""

from __future__ import annotations

from gate.archive.root import Root
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.subject import Opened
from gate.sources import local, stdin


def open_target(target: str, limits: Limits) -> Root:
    """Open what a user named: a file, a folder, or `-` for standard input. Raises UsageError."""
    return stdin.open_stdin(limits) if target == "-" else local.open_local(target)


def address(target: str) -> str:
    """Where it lies in the repository around the working directory; "" elsewhere, and for standard input."""
    return "" if target == "-" else local.address(target)


def unchanged(opened: Opened) -> bool:
    """Whether what was opened is what lies there now: size, inode and times, of each file in a folder.

    Standard input was copied to a file without a name, which nobody else can write to.
    """
    if opened.path is None:
        return True
    try:
        root = local.open_local(opened.path)
    except UsageError:
        return False
    try:
        return bool(opened.state) and root.seen == opened.state
    finally:
        root.close()
