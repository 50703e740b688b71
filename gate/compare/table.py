"""The table of changes: rules/data/metadata/bumps.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import yaml

from gate.core.comparison import Bump
from gate.resources import data

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAIL = 1000
"""Characters of a path that are looked at, from its end."""
NONE = "none"
"""An aspect of what something else tells already."""
PORTS = "ports"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a member is: its aspect; the format whose structure is read; whether it may hold a whole model.

    `opaque` says what it is where nothing of it can be compared but its digest.
    """

    aspect: str
    form: str = ""
    pairs: bool = False
    opaque: str = ""


@dataclass(frozen=True, slots=True)
class _Member:
    source: re.Pattern[str] | None
    path: re.Pattern[str] | None
    media: re.Pattern[str] | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Fields:
    form: re.Pattern[str]
    file: re.Pattern[str]
    aspect: str
    but: tuple[tuple[re.Pattern[str], str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All of it; aspects in the order in which results list them."""

    titles: Mapping[str, str]
    bumps: Mapping[str, Bump]
    initial: Mapping[Bump, Bump]
    ports: Mapping[str, Mapping[str, Bump]]
    _keys: tuple[tuple[re.Pattern[str], str], ...]
    _fields: tuple[_Fields, ...]
    _kind: Callable[[str, str, str], Kind]

    def key(self, key: str) -> str:
        """The aspect of one key of the record, `ports` or `none`."""
        return next(aspect for pattern, aspect in self._keys if pattern.fullmatch(key))

    def field(self, form: str, path: str, name: str) -> str:
        """The aspect of one field or operator of a configuration or header, or `none`."""
        file = path.rpartition("/")[2]
        row = next(row for row in self._fields if row.form.fullmatch(form) and row.file.fullmatch(file))
        return next((aspect for pattern, aspect in row.but if pattern.fullmatch(name)), row.aspect)

    def member(self, path: str, media: str, source: str = "") -> Kind:
        """What a member is: by the format that was read there, its path or its media type; `unknown` by default."""
        return self._kind(_COUNTER.sub("0000", path[-_TAIL:]), media, source)


_UNKNOWN = Kind("unknown")
_COUNTER = re.compile("[0-9]{4,}")
"""Long numbers, of which no row of the table has any: a data set of a million images is then of few kinds."""


def _kind_of(rows: tuple[_Member, ...], path: str, media: str, source: str) -> Kind:
    for row in rows:
        if row.source is not None and row.source.fullmatch(source):
            return row.kind
        if row.path is not None and row.path.fullmatch(path):
            return row.kind
        if row.media is not None and row.media.fullmatch(media):
            return row.kind
    return _UNKNOWN


@cache
def table() -> Table:
    """The table that gate ships; ValueError for one that contradicts itself."""
    raw: Any = yaml.load(data("metadata/bumps.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    aspects, members = raw["aspects"], tuple(_member(row) for row in raw["members"])
    made = Table(
        {name: row["title"] for name, row in aspects.items()},
        {name: _bump(row["bump"]) for name, row in aspects.items()},
        {_bump(name): _bump(value) for name, value in raw["initial"].items()},
        {side: {name: _bump(value) for name, value in row.items()} for side, row in raw["ports"].items()},
        _patterns(raw["keys"]),
        tuple(_fields(row) for row in raw["fields"]),
        lru_cache(maxsize=10_000)(partial(_kind_of, members)),
    )
    named = {aspect for _, aspect in made._keys} | {row.kind.aspect for row in members}
    named |= {aspect for row in made._fields for aspect in (row.aspect, *(one for _, one in row.but))}
    if unknown := named - made.titles.keys() - {NONE, PORTS}:
        raise ValueError(f"metadata/bumps.yaml: no such aspect: {sorted(unknown)}")
    return made


def _bump(word: str) -> Bump:
    return Bump[word.upper()]


def _patterns(rows: list[list[str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), aspect) for pattern, aspect in rows)


def _fields(row: dict[str, Any]) -> _Fields:
    return _Fields(re.compile(row["form"]), re.compile(row["file"]), row["aspect"], _patterns(row["but"]))


def _member(row: dict[str, Any]) -> _Member:
    source, path, media = row.pop("source", None), row.pop("path", None), row.pop("media", None)
    return _Member(
        None if source is None else re.compile(source),
        None if path is None else re.compile(path, re.DOTALL | re.IGNORECASE),
        None if media is None else re.compile(media),
        Kind(**row),
    )
