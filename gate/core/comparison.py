"""Words of a comparison: what changed between two archives, and how far their versions are apart."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gate.core.decision import Outcome
from gate.core.finding import Finding
from gate.core.subject import Subject


class Bump(enum.IntEnum):
    """The part of a semantic version that a change needs, or that two versions differ in. https://semver.org"""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def word(self) -> str:
        """As it is written: none, patch, minor, major."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same in both.

    `what` is added, removed, changed or moved; `path` the member in the new archive, or in the old one where it was
    removed; `field` where in it, "" for the member as a whole. `before` and `after` are evidence, printable and short.
    """

    aspect: str
    what: str
    path: str
    field: str
    before: str
    after: str
    bump: Bump


@dataclass(frozen=True, slots=True)
class Uncompared:
    """Something of which nobody can say whether it changed: where, a word for why, and the same in a sentence."""

    path: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: `source` is archive or result; `version` "" where nobody says one; `root` of its inventory."""

    source: str
    subject: Subject
    name: str
    version: str
    members: int
    bytes: int
    root: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """How far two versions are apart.

    `scheme` is semver or pep440. `bump` is None where they cannot be compared, and `why` says why; below zero is not
    expressed: where the new version is the lower one `bump` is NONE and `back` true.
    """

    scheme: str = ""
    bump: Bump | None = None
    back: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """Changes of one aspect: how many, how many of them are listed, and the largest bump among all."""

    title: str
    total: int
    listed: int
    bump: Bump


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer. `equal`: nothing differs, not even a byte of the container. `allowed` is the smallest step that
    satisfies `required`, which is a smaller one while the major version is zero.

    `uncompared` are at most some hundred of `missed`.
    """

    old: Side
    new: Side
    equal: bool
    changes: tuple[Change, ...]
    totals: Mapping[str, Total]
    required: Bump
    allowed: Bump
    step: Step
    findings: tuple[Finding, ...]
    uncompared: tuple[Uncompared, ...]
    missed: int

    @property
    def outcome(self) -> Outcome:
        """Deny for a finding, else inconclusive for anything that was not compared, else allow."""
        if self.findings:
            return Outcome.DENY
        return Outcome.INCONCLUSIVE if self.missed else Outcome.ALLOW
