"""Credentials in the members of an archive; never a value, only what kind and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact


@dataclass(frozen=True, slots=True)
class Credential(Fact):
    """How often a member holds credentials of one kind; `complete` is 0 where counting stopped."""

    kind: ClassVar[str] = "secrets.credentials"
    credential: str
    """The kind, as rules/data/secrets/ calls it."""
    rule: str
    count: int
    complete: int
