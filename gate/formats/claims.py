"""What a document says about a model: tables say which of its fields mean what, and nothing here decides who is right.

A field is written as a path: `model.modelName`, `flavors.*` (every key, which may stand as `{}` in the key of the
record), `datasets[].name` (every item), `model.parameters.**` (every leaf below), `flavors.@keys` (its keys).
`{type}` in the key of the record is what stands beside the value under that name: `metric.{type}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from gate.archive.source import Source
from gate.core.report import Json
from gate.core.text import printable
from gate.formats.shown import shown

CLAIMS = 1000
"""Claims of one document; an MLmodel has 30, a Kitfile with its parameters 60."""
VALUES = 64
"""Values of one claim: tags, licences, inputs."""
CHARACTERS = 400
"""Characters of one value."""
_LINES = 2**18
"""Bytes of a document whose lines are told."""
_KEY = re.compile(r"(?:^|(?<=[\s{,\[]))[\"']?([A-Za-z_][\w-]{0,99})[\"']?[ \t]{0,9}:", re.MULTILINE)
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[A-Za-z]{2,}")
_OWN = re.compile(r"(?:file://+)?(?:/|~|[A-Za-z]:[\\/]|\\\\)")
"""How the path of a file on somebody's machine begins."""
_PLAIN = re.compile(r"[+-]?[0-9][0-9_.eE+-]{0,40}|-?[A-Za-z][A-Za-z_.-]{0,23}")
_SECRET = re.compile(r"(?i)pass|secret|token|credential|auth|key\b|_key|apikey")
_TEXTS = frozenset({"description", "intended_use", "limits"})
"""Prose: that there is some is what matters, and anything may stand in it."""

_Found: TypeAlias = tuple[Json, str, str, Mapping[str, Json] | None]
"""A value, its field, the keys that `*` stood for, and the mapping that it lies in."""
_STEPS = frozenset({"[]", "*", "**", "@keys"})
"""Steps of a path that are no keys."""

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a document says: the key of the record, the values, the field they stand in, its 1-based line."""

    key: str
    values: tuple[str, ...]
    field: str
    line: int = -1


@dataclass(frozen=True, slots=True)
class Claims:
    """What one document says; `repeated` are keys that stand twice in one mapping; `cut` when there is more.

    `leaks` are fields that name a place on the machine where it was made.
    """

    claims: tuple[Claim, ...] = ()
    repeated: tuple[str, ...] = ()
    cut: bool = False
    leaks: tuple[str, ...] = ()

    @classmethod
    def of(cls, claims: Iterable[Claim], repeated: tuple[str, ...] = (), leaks: tuple[str, ...] = ()) -> Claims:
        """The first CLAIMS of them."""
        rows = tuple(islice(claims, CLAIMS + 1))
        return cls(rows[:CLAIMS], repeated, len(rows) > CLAIMS, leaks)


ClaimsReader: TypeAlias = Callable[[Source], Claims]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A key of the record, and the fields that may hold it: the first that holds anything counts."""

    key: str
    fields: tuple[Path, ...]


def meanings(table: Mapping[str, str | list[str]]) -> tuple[Meaning, ...]:
    """The rows of a table: key of the record -> field, or fields in the order in which they count."""
    return tuple(
        Meaning(key, tuple(steps(field) for field in ([fields] if isinstance(fields, str) else fields)))
        for key, fields in table.items()
    )


def steps(field: str) -> Path:
    """`a.b[].c` as ("a", "b", "[]", "c")."""
    return tuple(field.replace("[]", ".[]").split("."))


def claimed(table: Iterable[Meaning], document: Json, text: str = "") -> Iterator[Claim]:
    """What the document says in the fields of the table; lines where `text` has the name of the field only once."""
    lines = key_lines(text)
    for meaning in table:
        for field in meaning.fields:
            rows = _found(document, field)
            told = [row for row in (_claim(meaning.key, *row, lines) for row in rows) if row is not None]
            if told:
                yield from told
                break


def _found(document: Json, path: Path) -> list[_Found]:
    """Each value at the path; most paths are keys alone, and most of those are not there."""
    value, parent = document, None
    for step in path:
        if step in _STEPS:
            return list(islice(_at(document, path, (), "", None), CLAIMS + 1))
        if not isinstance(value, dict) or step not in value:
            return []
        value, parent = value[step], value
    return [] if value is None else [(value, ".".join(path), "", parent)]


def claim(key: str, value: Json, field: str, line: int = -1) -> Claim | None:
    """One claim, fit to be published; None for what says nothing."""
    values = tuple(dict.fromkeys(filter(None, (publishable(key, text) for text in texts(value)))))
    return Claim(printable(key, 120), values, printable(field, 200), line) if values else None


def _claim(
    key: str, value: Json, field: str, captured: str, beside: Mapping[str, Json] | None, lines: Mapping[str, int]
) -> Claim | None:
    if "{" in key:
        key = key.replace("{}", captured)
        if name := re.search(r"{(\w+)}", key):
            said = next(texts((beside or {}).get(name[1])), "")
            key = key.replace(name[0], publishable("name", said) or "?")
    row = claim(key, value, field)
    return row and Claim(row.key, row.values, row.field, lines.get(field.rpartition(".")[2].partition("[")[0], -1))


def texts(value: Json) -> Iterator[str]:
    """A scalar, or a list of some, as text; numbers as JSON writes them."""
    if isinstance(value, list | tuple):
        for item in islice(value, VALUES):
            if not isinstance(item, list | tuple | dict):
                yield from texts(item)
    elif isinstance(value, str):
        if said := printable(value[: 2 * CHARACTERS].strip(), CHARACTERS):
            yield said
    elif isinstance(value, bool | int | float):
        yield printable(json.dumps(value), CHARACTERS)


def publishable(key: str, text: str) -> str:
    """What of a value may stand in a result.

    Of people two letters, of prose that there is some, of addresses the host, of paths of somebody's machine the last
    part, of parameters numbers and words.
    """
    family = key.partition(".")[0]
    if family == "owner":
        return f"{text[:2]}…" if len(text) >= 8 else "…"
    if family in _TEXTS:
        return "stated"
    if _OWN.match(text):
        last = re.split(r"[\\/]", text.rstrip("\\/"))[-1]
        return f"…/{last}" if last and not _MAIL.search(last) else "…"
    if "://" in text:
        return shown(text)
    if family in ("param", "tag", "hardware") and (_SECRET.search(key) or not _PLAIN.fullmatch(text)):
        return "…"
    return _MAIL.sub("…", text) if "@" in text else text


# -- walking a document -----------------------------------------------------------------------------------------------


def _at(value: Json, path: Path, captured: Path, field: str, beside: Mapping[str, Json] | None) -> Iterator[_Found]:
    """Each value at a path."""
    if not path:
        yield value, field, ".".join(captured), beside
        return
    step, rest = path[0], path[1:]
    if step == "[]":
        items = value if isinstance(value, list) else [] if value is None else [value]
        for i, item in enumerate(islice(items, CLAIMS + 1)):
            yield from _at(item, rest, captured, f"{field}[{i}]", item if isinstance(item, dict) else beside)
    elif isinstance(value, dict):
        if step == "**":
            yield from _leaves(value, captured, field)
        if step == "@keys":
            yield list(value), field, ".".join(captured), beside
        elif step == "*":
            for key, item in islice(value.items(), CLAIMS + 1):
                yield from _at(item, rest, (*captured, key), _join(field, key), value)
        elif step in value:
            yield from _at(value[step], rest, captured, _join(field, step), value)


def _leaves(value: Json, captured: Path, field: str) -> Iterator[_Found]:
    if isinstance(value, dict):
        for key, item in islice(value.items(), CLAIMS + 1):
            yield from _leaves(item, (*captured, key), _join(field, key))
    else:
        yield value, field, ".".join(captured), None


def _join(field: str, key: str) -> str:
    return f"{field}.{key}" if field else key


def key_lines(text: str) -> dict[str, int]:
    """The 1-based lines of the keys that stand only once in a text of JSON or YAML; none for a long text."""
    if len(text) > _LINES:
        return {}
    lines: dict[str, int] = {}
    line, at = 1, 0
    for match in _KEY.finditer(text):
        line, at = line + text.count("\n", at, match.start(1)), match.start(1)
        lines[match[1]] = -1 if match[1] in lines else line
    return lines
