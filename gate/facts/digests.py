"""What an archive declares about its own members."""

from __future__ import annotations

from dataclasses import dataclass

from gate.core.row import Note


@dataclass(frozen=True, slots=True)
class Declared(Note):
    """Member `by` says that `path` exists, and perhaps its digest and size.

    `sha256` is lower-case hex or "" where only presence is declared; `size` is in bytes, -1 where unknown.
    """

    sha256: str
    size: int
    by: str
