"""One OSV record: what it says about packages of PyPI.

Fields: OSV schema 1.7, https://ossf.github.io/osv-schema/; what raw records of GitHub's data base have besides is noted
where it is read.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import Version

from gate.advisories.cvss import severity
from gate.advisories.interval import Interval, intervals, parsed
from gate.core.canonical import canonical
from gate.core.errors import FormatError, NotExamined
from gate.core.report import Json
from gate.core.text import printable

SEVERITIES = ("critical", "high", "medium", "low", "unknown")
"""Worst first; unknown is not low."""
SAMPLE = "gate_sample"
"""Key of `database_specific`: the record is one of a sample, the text says of what."""
_WORDS = {"critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low"}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_KINDS = frozenset({"introduced", "fixed", "last_affected", "limit"})
_LAST_KNOWN = re.compile(r"(<=?)\s*(\S+)")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
_SUMMARY = 200
"""Characters that are kept of a summary."""
_PACKAGES, _RANGES, _EVENTS, _VERSIONS, _ALIASES = 1_000, 1_000, 2_000, 20_000, 1_000
"""Of one list; the largest of 2,661 real records have 1 package, 3 ranges, 30 events, 1,132 versions and 4 aliases."""
_COMPARISONS = 1_000_000
_FIELDS = (
    "schema_version",
    "id",
    "modified",
    "published",
    "withdrawn",
    "aliases",
    "related",
    "upstream",
    "summary",
    "details",
    "severity",
    "references",
    "database_specific",
)
"""Top-level fields that are kept besides `affected`; who found it is not needed to act on it."""
_DETAILS = 65_536
"""Characters that are kept of the text of a record."""


@dataclass(frozen=True, slots=True)
class Affected:
    """One package of a record. `listed` are versions that it names outside of its intervals; `fixes` ascend."""

    package: str
    intervals: tuple[Interval, ...]
    listed: tuple[Version, ...]
    fixes: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One advisory under its own id. `modified` is RFC 3339 in UTC to the second, or ""; `sample` is "" as a rule.

    `text` is the whole of it as canonical JSON, without what is not about PyPI.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    malicious: bool
    withdrawn: bool
    modified: str
    sample: str
    affected: tuple[Affected, ...]
    text: bytes = b""


def read(data: bytes, *, yaml: bool = False) -> Record:
    """The record that a JSON text holds, or with `yaml` a YAML one, as pypa/advisory-database has them.

    It is without any `affected` where it is about other ecosystems. FormatError for anything else: no JSON, no id, a
    package name that none can have, more items than a record has.
    """
    record = _object(_from_yaml(data) if yaml else _from_json(data), "a record")
    own = record.get("id")
    if not isinstance(own, str) or not _ID.fullmatch(own):
        raise FormatError("no id, or none that is an id")
    aliases = sorted({text for text in _texts(record, "aliases", _ALIASES) if _ID.fullmatch(text)} - {own})
    affected = tuple(_affected(record))
    return Record(
        id=own,
        aliases=tuple(aliases),
        summary=_summary(record),
        severity=_severity(record),
        malicious=any(text.startswith("MAL-") for text in (own, *aliases)),
        withdrawn=stamp(record.get("withdrawn")) != "",
        modified=stamp(record.get("modified")),
        sample=printable(_text(_part(record, "database_specific").get(SAMPLE)), _SUMMARY),
        affected=affected,
        text=_kept(record) if affected else b"",
    )


def _from_json(data: bytes) -> Json:
    try:
        value: Json = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and numbers of 4,300 digits are ValueErrors
        raise FormatError(f"no JSON: {type(error).__name__}") from error
    return value


def _from_yaml(data: bytes) -> Json:
    from gate.formats.bounded import parse_yaml  # noqa: PLC0415  # a scan reads no YAML of advisories

    try:
        return _spelled(parse_yaml(data).value)
    except FormatError:
        raise
    except NotExamined as error:  # too large or too deep
        raise FormatError(str(error)) from error


def _spelled(value: Json) -> Json:
    """Numbers as texts, as they were written: a version 1.5 without quotes is still a version. At most 64 levels."""
    if isinstance(value, dict):
        return {name: _spelled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _kept(record: Mapping[str, Json]) -> bytes:
    """The record for those that ask for it whole: what the schema names, about packages of PyPI, in canonical JSON."""
    kept = {name: record[name] for name in _FIELDS if record.get(name) is not None}
    if len(details := _text(record.get("details"))) > _DETAILS:
        kept["details"] = details[:_DETAILS]
    kept["affected"] = [entry for entry in _objects(record, "affected", _PACKAGES) if _on_pypi(entry)]
    try:
        return canonical(kept)
    except ValueError as error:
        raise FormatError("a number that JSON does not have, or nested too deeply") from error


def _affected(record: Mapping[str, Json]) -> Iterator[Affected]:
    """One for each package, however many entries it has."""
    entries: dict[str, list[Mapping[str, Json]]] = {}
    for entry in _objects(record, "affected", _PACKAGES):
        if _on_pypi(entry):
            entries.setdefault(_name(_part(entry, "package").get("name")), []).append(entry)
    for name, parts in sorted(entries.items()):
        ranges = [events for part in parts for events in _ranges(part)]
        if sum(map(len, ranges)) > _EVENTS:
            raise FormatError(f"events of one package: more than {_EVENTS}")
        found = tuple(dict.fromkeys(one for events in ranges for one in intervals(events)))
        listed = _outside(parts, found)
        if not found and not listed:  # nothing that can be compared: it may be any version
            found = (Interval(None, None, precise=False),)
        fixes = {version for events in ranges for kind, text in events if kind == "fixed" and (version := parsed(text))}
        yield Affected(name, found, listed, tuple(sorted(fixes)))


def _on_pypi(entry: Mapping[str, Json]) -> bool:
    return _text(_part(entry, "package").get("ecosystem")).partition(":")[0].casefold() == "pypi"


def _ranges(entry: Mapping[str, Json]) -> Iterator[list[tuple[str, str]]]:
    """The events of each range over versions; ranges over commits say nothing about a release."""
    last_known = _last_known(entry)
    for part in _objects(entry, "ranges", _RANGES):
        if _text(part.get("type")).upper() == "GIT":
            continue
        events = [
            (kind, _text(text))
            for event in _objects(part, "events", _EVENTS)
            for kind, text in event.items()
            if kind in _KINDS
        ]
        if last_known and not any(kind in ("fixed", "last_affected") for kind, _ in events):
            events.append(last_known)
        if events:
            yield events


def _last_known(entry: Mapping[str, Json]) -> tuple[str, str] | None:
    """GitHub's raw records leave a range open and say beside it how far it goes, as "<= 1.2"."""
    said = _text(_part(entry, "database_specific").get("last_known_affected_version_range"))
    found = _LAST_KNOWN.fullmatch(said.strip())
    return ("last_affected" if found[1] == "<=" else "fixed", found[2]) if found else None


def _outside(parts: list[Mapping[str, Json]], found: tuple[Interval, ...]) -> tuple[Version, ...]:
    """The versions that are named and lie in no interval; a text that is no version of PEP 440 names none."""
    named = {version for part in parts for text in _texts(part, "versions", _VERSIONS) if (version := parsed(text))}
    sure = [interval for interval in found if interval.precise]
    if len(named) * len(sure) > _COMPARISONS:
        return tuple(sorted(named))
    for interval in sure:
        named = {version for version in named if not interval.holds(version)}
    return tuple(sorted(named))


def _severity(record: Mapping[str, Json]) -> str:
    """That of the worst CVSS vector, else the word that the data base itself gives, else unknown."""
    entries = [record, *_objects(record, "affected", _PACKAGES)]
    vectors = [_text(one.get("score")) for entry in entries for one in _objects(entry, "severity", _RANGES)]
    if (rated := severity(vectors)) is not None:
        return rated
    words = [_WORDS.get(_text(_part(entry, "database_specific").get("severity")).lower()) for entry in entries]
    return min((word for word in words if word), key=SEVERITIES.index, default="unknown")


def _summary(record: Mapping[str, Json]) -> str:
    lines = (_text(record.get("summary")) or _text(record.get("details"))).strip().splitlines()
    return printable(" ".join(lines[0][: 4 * _SUMMARY].split()), _SUMMARY) if lines else ""


def stamp(value: Json) -> str:
    """RFC 3339 without fractions, which the exports of one source have and those of another have not."""
    found = _STAMP.fullmatch(_text(value))
    if found is None:
        return ""
    try:
        dt.datetime.fromisoformat(found[1])
    except ValueError:
        return ""
    return found[1] + "Z"


def _name(value: Json) -> str:
    try:
        return canonicalize_name(_text(value)[:500], validate=True)
    except InvalidName:
        raise FormatError("a package name that no package can have") from None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _part(value: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    """An optional object."""
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{what} is not an object")
    return value


def _items(value: Mapping[str, Json], key: str, most: int) -> list[Json]:
    items = value.get(key)
    if items is None:
        return []
    if not isinstance(items, list):
        raise FormatError(f"{key} is not a list")
    if len(items) > most:
        raise FormatError(f"{key}: more than {most} items")
    return items


def _objects(value: Mapping[str, Json], key: str, most: int) -> list[Mapping[str, Json]]:
    return [_object(item, f"an item of {key}") for item in _items(value, key, most)]


def _texts(value: Mapping[str, Json], key: str, most: int) -> list[str]:
    return [text for item in _items(value, key, most) if (text := _text(item))]


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
