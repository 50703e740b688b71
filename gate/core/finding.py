"""Rule and Finding: what can be wrong, and where it is."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gate.core.location import Location


class Level(enum.StrEnum):
    """SARIF 2.1.0, section 3.49.13 and 3.50.3 (reportingConfiguration.level)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule text of rules/<family>.yaml; becomes a SARIF reportingDescriptor.

    `message` is a template over the arguments of a finding: "loading calls {name}".
    `security_severity` is 0.0 to 10.0 (GitHub code scanning's scale), None for rules that are no security matter.
    """

    id: str
    title: str
    level: Level
    message: str
    why: str
    remediation: str
    security_severity: float | None = None
    references: tuple[str, ...] = ()
    cwe: tuple[int, ...] = ()

    def say(self, args: Mapping[str, str]) -> str:
        """The message for one finding; an argument that is missing reads "?"."""
        return self.message.format_map(_Known(args))


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


class Confidence(enum.StrEnum):
    """How sure the inspector is that the rule holds here; SARIF's `precision` follows from it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Finding(NamedTuple):
    """A rule that holds at a location.

    A NamedTuple and not a dataclass because a scan may hold 10^6 of them and sorts them by their fields.
    `args` fill the rule's message and are the `properties` of the result: never a personal value or a secret.
    `discriminator` tells findings of one rule at one member apart (global, entity type, advisory id).
    """

    location: Location
    rule: str
    discriminator: str = ""
    args: tuple[tuple[str, str], ...] = ()
    confidence: Confidence = Confidence.HIGH

    @property
    def code(self) -> str:
        """The reason code under which policy sees this finding: its rule id."""
        return self.rule

    def fingerprint(self, model: str) -> str:
        """16 hex digits that stay the same while the issue does: no offsets, no values, no file name."""
        identity = "\0".join((self.rule, model, self.location.path, self.discriminator))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
