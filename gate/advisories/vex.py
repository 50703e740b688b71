"""What VEX documents say, as statements, and which of them still hold beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gate.advisories.union import joined


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said about one vulnerability, under all ids it is given, of one package.

    `package` "" is every package, `version` "" every version, `digest` "" every archive; `time` is RFC 3339 in UTC.
    `status` is one of OpenVEX's. `author` and `document` are who says it, and where.
    """

    ids: tuple[str, ...]
    package: str
    version: str
    digest: str
    status: str
    reason: str
    time: str
    author: str = ""
    document: str = ""

    @property
    def clears(self) -> bool:
        return self.status in ("not_affected", "fixed")


def cleared(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Those that say that it does not matter, unless one of the same or a wider scope, not earlier, says otherwise.

    Two ids that one of them joins are one vulnerability in all of them.
    """
    rows = sorted(statements, key=lambda row: row.time)
    root = joined(row.ids for row in rows)
    together: dict[str, list[str]] = {}
    for name in sorted(root):
        together.setdefault(root[name], []).append(name)
    against: dict[str, list[Statement]] = {}
    kept: list[Statement] = []
    for row in rows:
        if not row.clears:
            against.setdefault(root[row.ids[0]], []).append(row)
    for row in rows:
        later = (one for one in against.get(root[row.ids[0]], ()) if one.time >= row.time)
        if row.clears and not any(_covers(one, row) for one in later):
            kept.append(replace(row, ids=tuple(together[root[row.ids[0]]])))
    return tuple(kept)


def _covers(wide: Statement, narrow: Statement) -> bool:
    return all(
        one in ("", other)
        for one, other in (
            (wide.package, narrow.package),
            (wide.version, narrow.version),
            (wide.digest, narrow.digest),
        )
    )
