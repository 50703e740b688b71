"""Request and Decision: what was asked, and the answer."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.model import Model
from gate.core.report import Json


class Outcome(enum.StrEnum):
    """The three answers; a caller treats `inconclusive` as `deny`."""

    ALLOW = "allow"
    DENY = "deny"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit code of a process that decided this, the same for every output format."""
        return {Outcome.ALLOW: 0, Outcome.DENY: 1, Outcome.INCONCLUSIVE: 3}[self]


class Action(enum.StrEnum):
    """What policy does with a code at a stage."""

    DENY = "deny"
    INCONCLUSIVE = "inconclusive"
    WARN = "warn"
    OFF = "off"


NEVER = "9999-12-31T23:59:59Z"
"""When something expires that does not."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody took the risk of one code at some paths for some time.

    `subject` is a glob (fnmatch, case-sensitive, `*` also crosses `/`) over encoded member paths.
    `created` and `expires` are RFC 3339 in UTC with a trailing Z, so they compare as text. `about` narrows a waiver to
    findings with this discriminator (a global) or about this advisory (any of its ids, alone or before the name of the
    package), `version` to this version of the package, `member` to members with this sha256.
    """

    code: str
    subject: str
    stages: tuple[str, ...]
    reason: str
    owner: str
    approved_by: str
    ticket: str
    created: str
    expires: str
    digest: str | None = None
    about: str | None = None
    member: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The promotion that is asked for; `effective_time` is the only clock (RFC 3339, UTC, trailing Z).

    What of the model nobody asks for by name comes from the archive itself (see about()): `claimed` are the fields that
    do, of model_name, model_version and build_id.
    """

    stage: str
    effective_time: str
    environment: str | None = None
    actor: str | None = None
    model_name: str = ""
    model_version: str | None = None
    waivers: tuple[Waiver, ...] = ()
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """Digests of everything besides the archive that the decision rests on (rules, waivers, limits)."""
    build_id: str | None = None
    claimed: frozenset[str] = frozenset()
    exploitability: tuple[Waiver, ...] = ()
    """What VEX documents say does not affect the archive: it covers findings as waivers do."""

    @property
    def accepted(self) -> tuple[Waiver, ...]:
        """Everything that covers findings."""
        return (*self.waivers, *self.exploitability)

    def about(self, model: Model) -> Request:
        """The same request about the model that an archive says it holds; what was asked for by name stays.

        Asked again, it is the same; renderings and attestations take the request that was decided on.
        """
        stated = {"model_name": model.name, "model_version": model.version, "build_id": model.build_id}
        taken = {name: value for name, value in stated.items() if value and not getattr(self, name)}
        return replace(self, **taken, claimed=self.claimed | taken.keys())  # type: ignore[arg-type]  # each has its own type


@dataclass(frozen=True, slots=True)
class Item:
    """One listed finding or gap, and whether a waiver covers it."""

    what: Finding | Gap
    waived: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything about one code, counted before the cap; unwaived items come first."""

    level: str
    total: int
    waived: int
    items: tuple[Item, ...]

    @property
    def unwaived(self) -> int:
        return self.total - self.waived

    @property
    def truncated(self) -> int:
        return self.total - len(self.items)


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """One row of the policy's answer: a code, what is done about it, the first path it concerns."""

    code: str
    action: Action
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class PolicyUsed:
    """Which policy decided, and how it was run; digests are sha256 in hex, None when it could not be read."""

    digest: str | None
    engine: str
    data_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of the policy, with every count it rests on."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    waived: tuple[Reason, ...]
    tallies: Mapping[str, Tally]
    policy: PolicyUsed
