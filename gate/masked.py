"""The report as it may leave: whatever was said about an archive, credentials in it are masked once more.

Names of members, details of gaps and values that other inspectors quote come from the archive; nobody there knows what
a token looks like. Inside of the scan names stay as they are, because rows are joined by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.report import Json, Listed, Report, Section
from gate.core.row import Fact
from gate.formats.redact import redacted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One member of the inventory."""

    path: str
    size: int
    sha256: str
    media_type: str


class Masked(Generic[T]):
    """The same items, each masked when it is asked for; may be iterated again."""

    def __init__(self, items: Iterable[T], mask: Callable[[T], T]) -> None:
        self._items, self._mask = items, mask

    def __iter__(self) -> Iterator[T]:
        return map(self._mask, self._items)


def masked(report: Report) -> Report:
    """The same report without a credential in any text of it."""
    about = tuple((name, redacted(value)) for name, value in report.model.about)
    name, version, build = (
        redacted(text or "") for text in (report.model.name, report.model.version, report.model.build_id)
    )
    return replace(
        report,
        findings=Masked(report.findings, _finding),
        gaps=Masked(report.gaps, _gap),
        facts=Masked(report.facts, _fact),
        sections={name: _section(section) for name, section in report.sections.items()},
        inventory=replace(report.inventory, rows=Masked(report.inventory.rows, _row)),
        model=replace(
            report.model,
            name=name,
            version=report.model.version and version,
            build_id=report.model.build_id and build,
            about=about,
        ),
    )


def _finding(finding: Finding) -> Finding:
    return finding._replace(
        location=finding.location._replace(path=redacted(finding.location.path)),
        discriminator=redacted(finding.discriminator),
        args=tuple((name, redacted(value)) for name, value in finding.args),
    )


def _gap(gap: Gap) -> Gap:
    location = gap.location._replace(path=redacted(gap.location.path))
    return gap._replace(location=location, detail=redacted(gap.detail))


def _fact(fact: Fact) -> Fact:
    changed: dict[str, Any] = {}
    for field in fields(fact):
        value = getattr(fact, field.name)
        clean = _value(value)
        if clean != value:
            changed[field.name] = clean
    return replace(fact, **changed) if changed else fact


def _value(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    return tuple(map(_value, value)) if type(value) is tuple else value


def _row(row: Listed) -> Listed:
    path = redacted(row.path)
    return row if path == row.path else Row(path, row.size, row.sha256, row.media_type)


def _section(section: Section) -> Section:
    return {redacted(name): _json(value) for name, value in section.items()}


def _json(value: Json) -> Json:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(name): _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value
