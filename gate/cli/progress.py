"""How far a scan is, on one line of the terminal that is wiped in the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gate.core.text import printable
from gate.workers import Tell, unheard

_EVERY = 0.2
"""Seconds between two lines."""
_NAME = 40


@contextmanager
def progress(target: str, *, wanted: bool) -> Iterator[Tell]:
    """Something to tell; a line on standard error where that is a terminal and somebody wants it, else nothing."""
    if not wanted or not sys.stderr.isatty():
        yield unheard
        return
    begin = last = time.monotonic()
    name = printable(target, _NAME)

    def tell(members: int, read: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            line = f"{name}: {members:,} members, {read / 1e9:,.1f} GB read or unpacked, {now - begin:.0f} s"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
