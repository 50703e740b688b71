"""Does a member hold personal data: payment cards, bank accounts, national ids, addresses, or rows of people?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby, islice
from typing import Any

import yaml

from gate.adapters.personal import Count, Personal, read_personal
from gate.archive.source import Source
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.facts.personal import PersonalColumn, PersonalEntity
from gate.formats.delimited import is_name
from gate.formats.text import is_text
from gate.inspectors import Inspector, Member, Need, Said, Seen, found
from gate.resources import data

ROWS = 20
"""Rows of a table that is a snapshot of people, not an example of one."""
FEW = 5
"""Rows that are enough where the columns hold values of more than one kind: examples have one row, or two."""
SHARE = 30
"""Percent of a column's cells that make it a column of personal data."""
LIST = 25
"""Different addresses that make a member a list of people."""
ITEMS = 100
"""Tables that the section lists."""
COLUMNS = 20
"""Columns of each."""
_SNIFF = 64
_DIGITS = re.compile(r"[0-9]{4}")
_NO_PERSON = "pii.network-address"
"""What names a machine makes no table a snapshot of people."""
_CHECKED = frozenset({"pii.payment-card", "pii.bank-account", "pii.email-address"})
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _stores() -> tuple[re.Pattern[bytes], tuple[str, ...]]:
    """One pattern with a group a format, and the name of each."""
    rows = _load("stores")
    return re.compile("|".join(f"({row['begins']})" for row in rows).encode()), tuple(row["name"] for row in rows)


@cache
def _published() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _load("published")), re.IGNORECASE)


def _load(name: str) -> Any:
    return yaml.load(data(f"pii/{name}.yaml").read_bytes(), _Loader)  # noqa: S506 - a safe loader


def _store(head: bytes) -> str:
    """The format of a table that is not read, "" for anything else."""
    pattern, names = _stores()
    match = pattern.match(head[:_SNIFF])
    return names[match.lastindex - 1] if match and match.lastindex else ""


class Pii(Inspector):
    """Searches text, and knows a table by its columns; never says a value."""

    produces = (PersonalEntity, PersonalColumn)

    def wants(self, member: Member) -> Need | None:
        if _store(member.head):
            return Need.HEAD
        return Need.STREAM if is_text(member.head) and not member.containers else None

    def inspect(self, member: Member) -> Iterator[Said]:
        store = _store(member.head)
        if store:
            detail = f"{store}: this format of tables is not searched for personal data"
            yield Gap(Location(member.path), GapReason.UNSUPPORTED, detail=detail)
            return
        if not member.path:  # a file of text alone is no model, whatever it holds
            yield Gap(Location(), GapReason.UNSUPPORTED, detail="plain text: searched for personal data only")
        personal = member.read(self._read)
        for at, error in personal.gaps:
            yield Gap(Location(member.path, at), error.reason, detail=str(error))
        yield from _findings(member, personal)
        yield from _facts(member, personal)

    def _read(self, source: Source) -> Personal:
        return read_personal(source, self.inputs.personal)

    def section(self, seen: Seen) -> Section:
        entities: Counter[str] = Counter()
        members = tables = 0
        for _, found_there in groupby(seen.rows(PersonalEntity), key=lambda row: row.path):
            members += 1
            for entity in found_there:
                entities[entity.entity] += entity.count
        listed: list[Json] = []
        for path, rows in groupby(seen.rows(PersonalColumn), key=lambda row: row.path):
            tables += 1
            if len(listed) < ITEMS:
                listed.append({"path": path, "columns": [_column(row) for row in islice(rows, COLUMNS)]})
        return {
            "members": members,
            "entities": dict(sorted(entities.items())),
            "tables": tables,
            "training_tables": seen.found("pii.training-data"),
            "items": listed,
            "truncated": tables - len(listed),
        }


def _column(row: PersonalColumn) -> Json:
    return {"column": row.column, "name": row.name, "entity": row.entity, "count": row.count}


inspector = Pii()


def _findings(member: Member, personal: Personal) -> Iterator[Finding]:
    for count in _sorted(personal.counts):
        name = _shown(personal, count.column)
        where = f" in {name}" if name else ""
        rule = count.rule
        if count.by_chance:
            rule = "pii.number-by-chance"
        elif rule == "pii.email-address" and _is_list(member, count):
            rule = "pii.email-list"
        yield found(
            rule,
            member,
            at=(count.start, count.end),
            line=count.line,
            by=f"{count.entity}{where}",
            confidence=Confidence.HIGH if count.rule in _CHECKED else Confidence.MEDIUM,
            entity_type=count.entity,
            count=_number(count),
            where=where,
            sample=count.sample,
        )
    columns = [
        count
        for count in _sorted(personal.counts)
        if count.column >= 0 and count.share >= SHARE and count.rule != _NO_PERSON and not count.by_chance
    ]
    if columns and personal.rows >= (FEW if len({count.entity for count in columns}) > 1 else ROWS):
        names = [f"{_shown(personal, count.column)} ({count.entity})" for count in columns]
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        yield found("pii.training-data", member, rows=personal.rows, columns=", ".join(names[:10]) + more)


def _is_list(member: Member, count: Count) -> bool:
    return len(count.distinct) >= LIST and not _published().search(member.path)


def _facts(member: Member, personal: Personal) -> Iterator[PersonalEntity | PersonalColumn]:
    totals: Counter[str] = Counter()
    partial = {count.entity for count in personal.counts if not count.complete}
    for count in _sorted(personal.counts):
        totals[count.entity] += count.count
        if count.column >= 0:
            name = _shown(personal, count.column)
            yield PersonalColumn(
                member.path, count.column + 1, name, count.entity, count.count, personal.rows, count.share
            )
    for entity, total in sorted(totals.items()):
        yield PersonalEntity(member.path, entity, total, int(entity not in partial))


def _sorted(counts: Iterable[Count]) -> list[Count]:
    return sorted(counts, key=lambda count: (count.column, count.entity))


def _shown(personal: Personal, column: int) -> str:
    """What a column may be called: its name, if that is one and no value, else its number."""
    if column < 0:
        return ""
    name = personal.names[column] if column < len(personal.names) else ""
    return name if name and is_name(name) and not _DIGITS.search(name) else f"column {column + 1}"


def _number(count: Count) -> str:
    return str(count.count) if count.complete else f"{count.count} or more"
