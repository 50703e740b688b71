"""Files of weights that differ in nothing but the precision that their names tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from gate.resources import data

FILES = 100_000
"""Files of weights that are compared; the largest sharded models have 1,000."""
_LISTED = 8
_SHARD = re.compile(r"[-_.]?[0-9]{5}-of-[0-9]{5}")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Variants:
    """The precisions of one file of weights in one folder, and its first member; "" is the one without a word."""

    path: str
    precisions: tuple[str, ...]


def variants(paths: Iterable[str]) -> Iterator[Variants]:
    """Those that are there in more than one precision; `paths` are sorted, at most FILES of weights are compared."""
    ends, word = _table()
    found: dict[tuple[str, str], tuple[str, frozenset[str]]] = {}
    for path in paths:
        if not path.endswith(ends):
            continue
        at = path.rfind("/") + 1
        stem, precision = unvaried(path[at:], word)
        first, known = found.get((path[:at], stem), (path, frozenset()))
        if len(known) < _LISTED and (known or len(found) < FILES):
            found[path[:at], stem] = first, known | {precision}
    for first, known in found.values():
        if len(known) > 1:
            yield Variants(first, tuple(sorted(known)))


def unvaried(name: str, word: re.Pattern[str] | None = None) -> tuple[str, str]:
    """The name of a file in lower case without its shard and its precision, and that precision."""
    name = _SHARD.sub("", name.lower())
    match = (word or _table()[1]).search(name)
    return (name[: match.start()] + name[match.end() :], match["precision"]) if match else (name, "")


@cache
def _table() -> tuple[tuple[str, ...], re.Pattern[str]]:
    table: Any = yaml.load(data("metadata/variants.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    words = re.sub(r"\s+", "", table["precisions"])
    return tuple(table["weights"]), re.compile(rf"[-_.](?P<precision>{words})(?=[-_.])")
