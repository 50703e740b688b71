"""A record as it leaves again: one that a reader of OSV can take, whatever its source wrote.

pip-audit 2.10 ends with an exception at a fixed version that is none of PEP 440, a time with an offset or nanoseconds,
or a schema version of words, and finds no fix where a name is not normalised. What it means stays as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from packaging.utils import canonicalize_name

from gate.advisories.interval import parsed
from gate.advisories.record import stamp
from gate.core.report import Json

_TIMES = ("modified", "published", "withdrawn")
_TEXTS = ("summary", "details")
_SCHEMA = re.compile(r"\d{1,3}(\.\d{1,3}){1,2}", re.ASCII)


def served(text: bytes) -> Mapping[str, Json]:
    """The record that was kept as this JSON; parts that are not of the schema's types are left out."""
    record: dict[str, Json] = json.loads(text)
    for name in _TIMES:
        if not (value := stamp(record.pop(name, None))):
            continue
        record[name] = value
    for name in _TEXTS:
        if not isinstance(record.get(name), str):
            record.pop(name, None)
    if not _SCHEMA.fullmatch(str(record.get("schema_version", ""))):
        record.pop("schema_version", None)
    record["aliases"] = [one for one in _list(record.get("aliases")) if isinstance(one, str)]
    record["affected"] = [_affected(one) for one in _list(record.get("affected")) if isinstance(one, dict)]
    return record


def _affected(entry: dict[str, Json]) -> Mapping[str, Json]:
    package = entry["package"]  # an entry without was not kept
    assert isinstance(package, dict)
    package = {**package, "ecosystem": "PyPI", "name": canonicalize_name(str(package["name"]))}
    rest = {name: value for name, value in entry.items() if name not in ("ranges", "versions")}
    return {
        **rest,
        "package": package,
        "versions": [one for one in _list(entry.get("versions")) if isinstance(one, str)],
        "ranges": [span for one in _list(entry.get("ranges")) if (span := _range(one)) is not None],
    }


def _range(value: Json) -> Mapping[str, Json] | None:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    git = value["type"] == "GIT"
    events: list[Json] = [
        event
        for event in _list(value.get("events"))
        if isinstance(event, dict) and all(isinstance(text, str) for text in event.values())
        if git or all(text in ("0", "*") or parsed(str(text)) is not None for text in event.values())
    ]
    return {**value, "events": events} if events else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
