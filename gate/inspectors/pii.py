"""Does a member hold personal data: payment cards, bank accounts, national ids, addresses, or rows of people?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from itertools import groupby, islice
from typing import Any

import yaml

from gate.adapters.contents import content_need
from gate.adapters.personal import Count, Personal, read_personal
from gate.core.errors import NotExamined
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.core.row import Fact
from gate.facts.personal import PersonalAllowed, PersonalColumn, PersonalEntity
from gate.formats.content import Sheet
from gate.formats.text import is_text
from gate.inspectors import Inputs, Inspector, Member, Need, Said, Seen, found
from gate.resources import data

ROWS = 20
"""Rows of a table that is a snapshot of people, not an example of one."""
FEW = 5
"""Rows that are enough where the columns hold values of more than one kind: examples have one row, or two."""
SHARE = 30
"""Percent of a column's cells that make it a column of personal data."""
LIST = 25
"""Different values that make a member a list of people."""
ITEMS = 100
"""Tables that the section lists."""
COLUMNS = 20
"""Columns of each."""
_BEGINS = 2048
"""Bytes by which a member that a program wrote is known."""
_NO_PERSON = "pii.network-address"
"""What names a machine makes no table a snapshot of people."""
_CHECKED = frozenset({"pii.payment-card", "pii.bank-account", "pii.email-address"})
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _published() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _load("published")), re.IGNORECASE)


@cache
def _generated() -> tuple[tuple[str, re.Pattern[str], re.Pattern[bytes]], ...]:
    """Name, path and first bytes of members that programs write."""
    return tuple(
        (row["name"], re.compile(row["path"], re.IGNORECASE), re.compile(row["begins"].encode()))
        for row in _load("generated")
    )


def _program(member: Member) -> str:
    """What a member is that a program wrote, "" for all others."""
    head = member.head[:_BEGINS]
    return next((name for name, path, begins in _generated() if path.search(member.path) and begins.match(head)), "")


def _load(name: str) -> Any:
    return yaml.load(data(f"pii/{name}.yaml").read_bytes(), _Loader)  # noqa: S506 - a safe loader


class Pii(Inspector):
    """Searches text, and knows a table by its columns; never says a value."""

    produces = (PersonalEntity, PersonalColumn, PersonalAllowed)

    def __init__(self, inputs: Inputs = Inputs()) -> None:  # noqa: B008  # frozen
        super().__init__(inputs)
        self._read = partial(read_personal, choice=inputs.personal, allowed=inputs.personal_allowed)

    def wants(self, member: Member) -> Need | None:
        return content_need(member)

    def inspect(self, member: Member) -> Iterator[Said]:
        if not member.path and is_text(member.head):  # a file of text alone is no model, whatever it holds
            yield Gap(Location(), GapReason.UNSUPPORTED, detail="plain text: searched for personal data only")
        try:
            personal = member.read(self._read)
        except NotExamined as error:
            yield Gap(Location(member.path), error.reason, detail=f"{error}; not searched for personal data")
            return
        for at, missed in personal.gaps:
            yield Gap(Location(member.path, at), missed.reason, detail=str(missed))
        yield from _findings(member, personal)
        yield from _facts(member, personal)

    def section(self, seen: Seen) -> Section:
        entities: Counter[str] = Counter()
        members = tables = 0
        for _, found_there in groupby(seen.rows(PersonalEntity), key=lambda row: row.path):
            members += 1
            for entity in found_there:
                entities[entity.entity] += entity.count
        listed: list[Json] = []
        for (path, table), rows in groupby(seen.rows(PersonalColumn), key=lambda row: (row.path, row.table)):
            tables += 1
            if len(listed) < ITEMS:
                columns: list[Json] = [_column(row) for row in islice(rows, COLUMNS)]
                listed.append({"path": path, "table": table, "columns": columns})
        return {
            "allowed": sum(row.count for row in seen.rows(PersonalAllowed)),
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
    program = _program(member) if personal.counts else ""
    for count in _sorted(personal):
        place = _shown(count)
        where = f" in {place}" if place else ""
        yield found(
            _rule(member, count, program),
            member,
            at=(count.start, count.end),
            line=count.line,
            by=f"{count.entity}{where}" if count.column >= 0 else count.entity,
            confidence=Confidence.HIGH if count.rule in _CHECKED else Confidence.MEDIUM,
            entity_type=count.entity,
            count=_number(count),
            where=where,
            sample=count.sample,
            program=program,
        )
    for sheet in personal.sheets:
        yield from _snapshot(member, sheet, [count for count in _sorted(personal) if count.sheet is sheet])


def _snapshot(member: Member, sheet: Sheet, counts: list[Count]) -> Iterator[Finding]:
    """Whether a table holds rows about persons."""
    columns = [count for count in counts if count.share >= SHARE and count.rule != _NO_PERSON and not count.by_chance]
    if not columns or sheet.rows < (FEW if len({count.entity for count in columns}) > 1 else ROWS):
        return
    names = [f"{sheet.column_name(count.column)} ({count.entity})" for count in columns]
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    yield found(
        "pii.training-data",
        member,
        by=sheet.where,
        name=f"{member.path or 'the file'}{f', {sheet.where},' if sheet.where else ''}",
        rows=f"{sheet.rows:,}",
        columns=", ".join(names[:10]) + more,
    )


def _rule(member: Member, count: Count, program: str) -> str:
    if count.by_chance:
        return "pii.number-by-chance"
    if count.rule == "pii.email-address":
        return "pii.email-list" if _is_list(member, count) else count.rule
    return "pii.generated-member" if program and len(count.distinct) < LIST else count.rule


def _is_list(member: Member, count: Count) -> bool:
    return len(count.distinct) >= LIST and not _published().search(member.path)


def _facts(member: Member, personal: Personal) -> Iterator[Fact]:
    for entity, passed in sorted(personal.allowed.items()):
        yield PersonalAllowed(member.path, entity, passed)
    totals: Counter[str] = Counter()
    partial = {count.entity for count in personal.counts if not count.complete}
    for count in _sorted(personal):
        totals[count.entity] += count.count
        if count.sheet is not None:
            sheet = count.sheet
            yield PersonalColumn(
                member.path,
                sheet.where,
                count.column + 1,
                sheet.column_name(count.column),
                count.entity,
                count.count,
                sheet.rows,
                count.share,
            )
    for entity, total in sorted(totals.items()):
        yield PersonalEntity(member.path, entity, total, int(entity not in partial))


def _sorted(personal: Personal) -> list[Count]:
    """By table, column and entity."""
    order = {id(sheet): i for i, sheet in enumerate(personal.sheets)}
    return sorted(personal.counts, key=lambda count: (order.get(id(count.sheet), -1), count.column, count.entity))


def _shown(count: Count) -> str:
    """Where the first value stands, for people."""
    if count.sheet is None:
        return count.where
    name = count.sheet.column_name(count.column)
    return f"{count.sheet.where}, {name}" if count.sheet.where else name


def _number(count: Count) -> str:
    return str(count.count) if count.complete else f"{count.count} or more"
