"""JSON and YAML of strangers: plain values only, bounded before they are parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import NoReturn

import yaml

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json

BYTES = 32 * 2**20
"""Size of one document; the index of a model with 90,000 tensors has 9 MB."""
YAML_BYTES = 4 * 2**20
"""Size of one YAML document: it is parsed event by event."""
DEPTH = 64
"""Levels of nesting: deeper ones are for parsers that recurse, not for people."""
NODES = 1_000_000
"""Values in one document, aliases expanded: 100 bytes of memory each."""
DIGITS = 308
"""Digits of an integer: a longer one does not fit into a double."""
RECENT = 2**16
"""Bytes of a document that is kept for whoever asks next."""
_REPEATED = 100
"""Repeated keys that are named."""
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""A string (also one that never ends, or the search would begin again inside of it) or a bracket."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, Json] = {"": None, "~": None, "null": None, "true": True, "false": False}
_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset(_CORE + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map")) | {"!"}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document, and the keys that one mapping had more than once (the last value holds, as in every loader).

    Strings hold no surrogates: a lone one reads as its escape sequence.
    """

    value: Json
    repeated: tuple[str, ...] = ()


def read_json(source: Source) -> Document:
    """A whole member as JSON (RFC 8259); raises as parse_json."""
    return parse_json(whole(source, BYTES))


def read_yaml(source: Source) -> Document:
    """A whole member as YAML; raises as parse_yaml."""
    return parse_yaml(whole(source, YAML_BYTES))


# -- JSON -------------------------------------------------------------------------------------------------------------


def parse_json(data: bytes, *, words: bool = False) -> Document:
    """One JSON value in UTF-8, with or without byte order mark.

    NaN, infinities, numbers beyond a double and integers of more than DIGITS digits are refused; with `words` NaN and
    Infinity, which Python's own writer puts into configurations of models, are the text that they are.
    Raises FormatError, or NotExamined for what is too large or too deep. Nobody changes what is returned.
    """
    return _recent_json(data, words) if len(data) <= RECENT else _json(data, words)


def _json(data: bytes, words: bool) -> Document:
    text = _decoded(data)
    _measure(text)
    repeated: dict[str, None] = {}

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        value = dict(items)
        if len(value) != len(items):
            _note(repeated, (key for key, _ in items))
        return value

    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=str if words else _constant,
        )
    except ValueError as error:
        raise FormatError(f"JSON: {error}") from None
    clean = _clean if _SURROGATE.search(text) else _same
    return Document(clean(value), tuple(str(clean(key)) for key in repeated))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None


def _measure(text: str) -> None:
    """Depth and number of values, before the parser recurses or allocates."""
    if text.count(",") + text.count("[") + text.count("{") > NODES:
        raise NotExamined(GapReason.TOO_LARGE, f"JSON of more than {NODES} values")
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > DEPTH:
                raise _deep("JSON")
        elif token[0] in "]}":
            depth -= 1


def _deep(what: str) -> NotExamined:
    return NotExamined(GapReason.TOO_DEEP, f"{what} of more than {DEPTH} levels")


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"a number that no double holds: {text[:20]}")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _note(repeated: dict[str, None], keys: Iterator[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen and len(repeated) < _REPEATED:
            repeated[key] = None
        seen.add(key)


def _same(value: Json) -> Json:
    return value


def _clean(value: Json) -> Json:
    """The same value without surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


# -- YAML -------------------------------------------------------------------------------------------------------------


def parse_yaml(data: bytes) -> Document:
    """One YAML document as plain values.

    A plain scalar is typed only where JSON writes it the same way: 1.10, 012, no, .nan and dates stay text, so that no
    version turns into a number. Tags beyond the core schema, merge keys and mappings as keys are refused; aliases count
    as what they stand for. Raises FormatError, or NotExamined for what is too large or too deep. Nobody changes what is
    returned.
    """
    return _recent_yaml(data) if len(data) <= RECENT else _yaml(data)


def _yaml(data: bytes) -> Document:
    try:
        return _Yaml(yaml.parse(_decoded(data), Loader=_Loader)).document()
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a bad escape raises ValueError in the Python loader
        raise FormatError(f"YAML: {' '.join(str(error).split())}") from None


_recent_json, _recent_yaml = lru_cache(maxsize=2)(_json), lru_cache(maxsize=2)(_yaml)
"""Several inspectors ask for the same document one after the other."""


class _Yaml:
    """Builds values from parser events, so that nothing is resolved or constructed that is not plain."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._repeated: dict[str, None] = {}
        self._nodes = 0

    def document(self) -> Document:
        value: Json = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise FormatError(f"YAML: a second document in line {_line(event)}")
                value = self._node(next(self._events), 0)
        return Document(value, tuple(self._repeated))

    def _node(self, event: yaml.Event, depth: int) -> Json:
        if depth > DEPTH:
            raise _deep("YAML")
        before = self._nodes
        self._spend(1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag and event.tag not in _TAGS:
            raise FormatError(f"YAML: tag {event.tag[:80]} in line {_line(event)}")
        value: Json
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            value = self._mapping(depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _mapping(self, depth: int) -> Json:
        value: dict[str, Json] = {}
        for event in self._until(yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise FormatError(f"YAML: a key that is no scalar in line {_line(event)}")
            if event.value == "<<" and not event.style:
                raise NotExamined(GapReason.UNSUPPORTED, f"YAML: a merge key in line {_line(event)}")
            key = str(_clean(event.value))
            if event.anchor:
                self._anchors[event.anchor] = (_scalar(event), 1)
            if key in value and len(self._repeated) < _REPEATED:
                self._repeated[key] = None
            value[key] = self._node(next(self._events), depth + 1)
        return value

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _alias(self, event: yaml.AliasEvent) -> Json:
        if event.anchor not in self._anchors:
            raise FormatError(f"YAML: alias {str(event.anchor)[:80]} in line {_line(event)} stands for nothing yet")
        value, nodes = self._anchors[event.anchor]
        self._spend(nodes)
        return value

    def _spend(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > NODES:
            raise NotExamined(GapReason.TOO_LARGE, f"YAML of more than {NODES} values")


def _scalar(event: yaml.ScalarEvent) -> Json:
    text: str = event.value
    if event.style or event.tag in ("!", _CORE + "str"):
        return _clean(text)
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= DIGITS and _NUMBER.fullmatch(text):
        value: int | float = json.loads(text)
        if isfinite(value) and json.dumps(value) == text:
            return value
    return _clean(text)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
