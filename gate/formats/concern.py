"""What a judge of a format thinks of one place in it."""

from __future__ import annotations

from typing import NamedTuple


class Concern(NamedTuple):
    """A rule of the family serialization that holds, for what (the discriminator), and what is said of it.

    `at` is a half-open byte range in the member and `line` 1-based; -1 where nobody knows.
    """

    rule: str
    by: str
    how: str
    at: tuple[int, int] = (-1, -1)
    line: int = -1
