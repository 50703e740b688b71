"""What a configuration makes a loader fetch, by the table of fields in rules/data/integrity/references.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import yaml

from gate.archive.source import Source
from gate.core.report import Json
from gate.formats.bounded import read_json, read_yaml
from gate.formats.file_claims import Elsewhere
from gate.formats.manifests import read_bento_models
from gate.resources import data

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
_KIT = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]{1,5})?/[a-z0-9._/-]+(?::[\w][\w.-]{0,127})?"
    r"(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,128}))?",
    re.ASCII,
)
"""https://github.com/distribution/reference: a registry, a repository, and a tag or digest."""
_PLACE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|file:")
"""A path of some machine."""


def mark(name: str) -> bytes:
    """What a file of this name holds if it makes a loader fetch something; b"" for all other names."""
    return _marks().get(name, b"")


@cache
def reader(name: str) -> partial[tuple[Elsewhere, ...]]:
    """A reader for files of this name: one value, so that a member remembers what it told."""
    return partial(_read, name)


def _read(name: str, source: Source) -> tuple[Elsewhere, ...]:
    document = (read_json if name.endswith(".json") else read_yaml)(source).value
    found = [said for row in _rows() if name in row["files"] for said in _of_row(row, document)]
    if name == "bento.yaml":
        found += read_bento_models(document)
    return tuple(dict.fromkeys(found))


@cache
def _rows() -> Any:
    return yaml.load(data("integrity/references.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader


@cache
def _marks() -> Mapping[str, bytes]:
    return {name: row["mark"].encode() for row in _rows() for name in row["files"]}


def _of_row(row: Mapping[str, Any], document: Json) -> Iterator[Elsewhere]:
    if "needs" in row and not (isinstance(document, dict) and row["needs"] in document):
        return
    for value in _walk(document, row["at"]):
        if not isinstance(value, dict) or ("unless" in row and value.get(row["unless"])):
            continue
        if any(value.get(key) != wanted for key, wanted in row.get("only", {}).items()):
            continue
        commit = next(_walk(value, row["revision"]), None) if "revision" in row else None
        pinned = f"gitCommit:{commit}" if isinstance(commit, str) and _COMMIT.fullmatch(commit) else ""
        for target in _walk(value, row["target"]):
            for text in target if isinstance(target, list) else (target,):
                if isinstance(text, str) and text:
                    yield from _reference(row, text, pinned)


def _reference(row: Mapping[str, Any], text: str, pinned: str) -> Iterator[Elsewhere]:
    if "before" in row:
        text, separator, _ = text.partition(row["before"])
        if not separator:
            return
    kind = row["kind"]
    if "://" in text and not text.startswith("file:"):
        yield Elsewhere("url", text, pinned)
    elif kind == "modelkit":
        kit = _KIT.fullmatch(text)
        if kit is not None and (":" in text or "@" in text):
            yield Elsewhere(kind, text, kit["digest"] or "", name=text.encode())
    elif _PLACE.match(text):
        yield Elsewhere("path", text, pinned)
    else:
        yield Elsewhere(kind if _HUB.fullmatch(text) else "path", text, pinned, name=text.encode())


def _walk(value: Json, path: str) -> Iterator[Json]:
    """The values at a dotted path; `*` goes through a list or the values of a mapping."""
    key, _, rest = path.partition(".")
    if not key:
        yield value
    elif key == "*":
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for item in items:
            yield from _walk(item, rest)
    elif isinstance(value, dict) and key in value:
        yield from _walk(value[key], rest)
