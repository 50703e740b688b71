"""Report: what was seen, before anybody judges it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.model import UNNAMED, Model
from gate.core.row import Fact
from gate.core.subject import Opened, Subject

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""A JSON value; floats are finite."""

Section: TypeAlias = Mapping[str, Json]
"""What one inspector tells policy: counts and capped items."""


class State(enum.StrEnum):
    """How far an inspector came."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Status:
    """How far one inspector came, over how many members."""

    inspector: str
    state: State
    members: int

    @classmethod
    def of(cls, inspector: str, members: int, told: bool, failed: bool, gapped: bool) -> Status:
        """How far it came.

        `told`: it published facts, perhaps about what does not lie in the archive. `gapped`: it has a gap of its own,
        or the walker has any: what could not be opened, nobody saw.
        """
        looked = State.COMPLETE if members or told else State.NOT_APPLICABLE
        return cls(inspector, State.FAILED if failed else State.PARTIAL if gapped else looked, members)


class Listed(Protocol):
    """One member: encoded path, size in bytes (-1 unknown), sha256 in hex ("" unread), media type ("" unknown)."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def media_type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Inventory:
    """Totals over all members; `root` is sha256 over `<hex>  <path>` lines, None when a member was not read.

    `rows` are all of them, sorted by path; they lie on disk.
    """

    members: int
    bytes: int
    root: str | None
    rows: Iterable[Listed] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen. The iterables are sorted, may be iterated again and may lie on disk.

    `opened` lets a signer ask whether the subject is still what was hashed; None where nobody opened anything.
    `address` is the subject's path in the repository, "." for the repository itself, "" for what lies elsewhere: where
    code hosts show results. It is part of neither the result nor the attestations, which hold wherever that is.
    `model` is what the archive says about itself.
    """

    subject: Subject
    findings: Iterable[Finding]
    gaps: Iterable[Gap]
    facts: Iterable[Fact]
    statuses: tuple[Status, ...]
    sections: Mapping[str, Section]
    inventory: Inventory
    opened: Opened | None = None
    address: str = ""
    model: Model = UNNAMED
