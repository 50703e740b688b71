"""Lines of text for a person: wrapped, counted, in units."""

from __future__ import annotations

import textwrap

WIDTH = 100
"""Columns."""


def labelled(label: str, text: str, follow: str | None = None) -> list[str]:
    """Lines of at most WIDTH columns; each further one starts with a bar, never with the text itself."""
    if follow is None:
        follow = " " * max(len(label) - 2, 2) + "| "
    return textwrap.wrap(
        text, WIDTH, initial_indent=label, subsequent_indent=follow, break_on_hyphens=False, tabsize=1
    ) or [label.rstrip()]


def count(n: int, noun: str) -> str:
    """A number and its noun, in the plural where there is not one."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def size(n: int) -> str:
    """Decimal units: 1.5 MB is 1,500,000 bytes."""
    amount, units = float(n), ("B", "kB", "MB", "GB", "TB")
    for unit in units:
        if amount < 999.95 or unit == units[-1]:
            return f"{n:,} B" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError("the last unit has no upper end")
