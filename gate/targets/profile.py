"""Profile: a machine, or a kind of machines, that a model is meant to run on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """One target; `digest` is the sha256 of the file that it was read from."""

    name: str
    digest: str
