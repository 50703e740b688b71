"""What goes into a model and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Dim: TypeAlias = int | str | None
"""A size, the name of one that is the same wherever the name stands, or None for any."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output; `dtype` by its numpy name where there is one, `shape` None where the rank is unknown."""

    name: str
    dtype: str
    shape: tuple[Dim, ...] | None
    optional: bool = False
