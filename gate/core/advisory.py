"""Advisory: what is publicly known to be wrong with a version of a package."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Certainty(enum.StrEnum):
    """Whether every version that a requirement allows is affected, or some of them are."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Advisory:
    """One vulnerability of one package, under one id; records that are aliases of each other are one.

    `severity` is critical, high, medium, low or unknown (CVSS v3.1, section 5; unknown is not low). `fixed_in` are
    versions above the one at hand, the nearest first; empty where there is none. `malicious`: the package itself is the
    attack, there is nothing to fix.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    malicious: bool
    fixed_in: tuple[str, ...]
    certainty: Certainty
