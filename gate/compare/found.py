"""What was found so far: everything is counted, the first of each aspect are listed."""

from __future__ import annotations

from collections import Counter, defaultdict

from gate.compare.table import Table
from gate.core.comparison import Bump, Change, Total, Uncompared
from gate.core.text import printable

LISTED = 100
"""Changes of one aspect, and things that could not be compared, that are listed."""
_EVIDENCE = 200
"""Characters of a value."""


class Found:
    """Collects changes and what could not be compared; text of archives is made printable and short here."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._changes: dict[str, list[Change]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._bumps: dict[str, Bump] = {}
        self._uncompared: dict[Uncompared, None] = {}
        self.missed = 0

    def change(
        self,
        aspect: str,
        what: str,
        path: str,
        *,
        field: str = "",
        before: str = "",
        after: str = "",
        bump: Bump | None = None,
    ) -> None:
        """One change; without a `bump` it is that of its aspect."""
        needs = self.table.bumps[aspect] if bump is None else bump
        self._counts[aspect] += 1
        self._bumps[aspect] = max(needs, self._bumps.get(aspect, Bump.NONE))
        listed = self._changes[aspect]
        if len(listed) < LISTED:
            field, before, after = (printable(text, _EVIDENCE) for text in (field, before, after))
            listed.append(Change(aspect, what, path, field, before, after, needs))

    def miss(self, path: str, reason: str, detail: str) -> None:
        """Something that could not be compared; the same is said once."""
        one = Uncompared(path, reason, printable(detail))
        if one in self._uncompared:
            return
        self.missed += 1
        if len(self._uncompared) < LISTED:
            self._uncompared[one] = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """In the order of aspects of the table, within one as they were found."""
        return tuple(one for aspect in self.table.titles for one in self._changes[aspect])

    @property
    def totals(self) -> dict[str, Total]:
        return {
            aspect: Total(title, self._counts[aspect], len(self._changes[aspect]), self._bumps[aspect])
            for aspect, title in self.table.titles.items()
            if self._counts[aspect]
        }

    @property
    def uncompared(self) -> tuple[Uncompared, ...]:
        return tuple(self._uncompared)

    @property
    def required(self) -> Bump:
        """The largest step that any change needs."""
        return max(self._bumps.values(), default=Bump.NONE)
