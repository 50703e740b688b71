"""The one extension point: one module each, one question each.

`rules/<name>.yaml` beside `gate/inspectors/<name>.py` is the registration; the module's `inspector` is the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gate.archive.archive import Archive
from gate.archive.member import Member, Need
from gate.core.finding import Confidence, Finding
from gate.core.location import Location
from gate.core.report import Section
from gate.core.row import Row
from gate.facts.seen import Seen
from gate.facts.store import Said

__all__ = ["Archive", "Inspector", "Member", "Need", "Said", "Seen", "found"]


class Inspector:
    """Asks one question about an archive. Every method has an empty default.

    An inspector keeps no state between inspect() and conclude(): they may run in different processes. What conclude()
    needs travels as a Note.
    """

    consumes: ClassVar[tuple[type[Row], ...]] = ()
    """Rows of other inspectors that conclude() reads; their producers conclude first, a cycle is an error."""
    produces: ClassVar[tuple[type[Row], ...]] = ()
    """Rows that this inspector makes; conclude() and section() may read them too."""

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
