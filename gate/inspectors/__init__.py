"""The one extension point: one module each, one question each.

`rules/<name>.yaml` beside `gate/inspectors/<name>.py` is the registration; the module's `inspector` is the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from gate.archive.archive import Archive
from gate.archive.member import Member, Need
from gate.core.attachment import Attachment
from gate.core.finding import Confidence, Finding
from gate.core.location import Location
from gate.core.report import Section
from gate.core.row import Row
from gate.facts.seen import Seen
from gate.facts.store import Said
from gate.formats.personal_choice import SHIPPED, Choice

if TYPE_CHECKING:
    from gate.declared.expected import Expectation
    from gate.formats.allowed import Allowed
    from gate.targets.profile import Profile
    from gate.trust.words import Trust

__all__ = ["Archive", "Inputs", "Inspector", "Member", "Need", "Said", "Seen", "found"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gives a scan besides the archive; nothing here comes from inside a target.

    `effective_time` is the clock of the decision (RFC 3339, UTC, trailing Z), "" where none was given. `advisories` is
    the path of a data base that `gate db import` made, None where there is none. `signatures` were named by
    `--signature`; those that lie beside the target are asked of the archive. `expected` is the digest that one target
    must have. `personal` says which personal data is searched for, `personal_allowed` are values that are no finding.
    `mask_key` is the secret of the keyed hashes by which credentials may be compared, b"" for none.
    """

    effective_time: str = ""
    advisories: str | None = None
    profiles: tuple[Profile, ...] = ()
    trust: Trust | None = None
    signatures: tuple[Attachment, ...] = ()
    expected: Expectation | None = None
    personal_allowed: Allowed | None = None
    mask_key: bytes = field(default=b"", repr=False)
    personal: Choice = SHIPPED


class Inspector:
    """Asks one question about an archive. Every method has an empty default.

    `inputs` is what the user gave besides the archive.

    An inspector keeps no state between inspect() and conclude(): they may run in different processes. What conclude()
    needs travels as a Note.
    """

    consumes: ClassVar[tuple[type[Row], ...]] = ()
    """Rows of other inspectors that conclude() reads; their producers conclude first, a cycle is an error."""
    produces: ClassVar[tuple[type[Row], ...]] = ()
    """Rows that this inspector makes; conclude() and section() may read them too."""

    def __init__(self, inputs: Inputs = Inputs()) -> None:
        self.inputs = inputs

    def given(self, inputs: Inputs) -> Inspector:
        """The same inspector with what the user gave it."""
        return type(self)(inputs)

    def wants(self, member: Member) -> Need | None:
        """How to read this member, judged by `member.head`, not by its name alone; None: not of interest."""
        return None

    def inspect(self, member: Member) -> Iterator[Said]:
        """What this member tells. Pure: reads through `member.read(reader)` only; may run in a worker process."""
        return iter(())

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """What the whole archive tells, once all members were inspected."""
        return iter(())

    def section(self, seen: Seen) -> Section:
        """Counts and capped items for the policy document; the pipeline adds `state`."""
        return {}


def found(
    rule: str,
    member: Member | str,
    *,
    at: tuple[int, int] = (-1, -1),
    line: int = -1,
    by: str = "",
    confidence: Confidence = Confidence.HIGH,
    **args: object,
) -> Finding:
    """A finding at a member or path.

    `at` is a half-open byte range, `line` 1-based, `by` the discriminator; `args` fill the rule's message.
    """
    path = member if isinstance(member, str) else member.path
    pairs = tuple((name, str(value)) for name, value in args.items())
    return Finding(Location(path, *at, line), rule, by, pairs, confidence)
