"""What loading costs by the format of weights, and which weights are there instead of others: a table as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from gate.records.variants import unvaried
from gate.resources import data

STARTS: Final = ("mapped", "copied", "rebuilt", "compiled")
"""How a set of weights begins to be of use, those that wait least first."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEYS = frozenset({"mapped", "resident", "load", "start", "sure", "whole", "outside", "why"})
_ENDS = re.compile(
    r"\.(?:safetensors|bin|gguf|onnx|ort|pt|pth|ckpt|msgpack|h5|hdf5|keras|tflite|pb|xml|pkl|npy|npz|mlmodel)\Z"
)


@dataclass(frozen=True, slots=True)
class Loading:
    """One format: see rules/data/metadata/loading.yaml. Percents are -1 where nobody can tell."""

    mapped: str
    resident: int
    load: int
    start: str
    sure: bool
    whole: bool
    outside: bool
    why: str


@dataclass(frozen=True, slots=True)
class Tables:
    """The whole table; patterns are for encoded paths and names."""

    formats: dict[str, Loading]
    same: frozenset[str]
    exports: frozenset[str]
    training: re.Pattern[str]
    by_name: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def tables() -> Tables:
    """The table, checked."""
    table: Any = yaml.load(data("metadata/loading.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    return Tables(
        {name: _loading(name, row) for name, row in table["formats"].items()},
        frozenset(table["same"].split()),
        frozenset(table["exports"]),
        re.compile(table["training"]),
        tuple((name, re.compile(pattern)) for name, pattern in table["by_name"].items()),
    )


def _loading(name: str, row: dict[str, Any]) -> Loading:
    if row.keys() - _KEYS or row["start"] not in STARTS or not row["why"]:
        raise ValueError(f"metadata/loading.yaml: {name}")
    mapped = {True: "yes", False: "no"}.get(row["mapped"], str(row["mapped"]))
    resident, load = (-1 if row[key] is None else int(row[key]) for key in ("resident", "load"))
    flags = {"sure": row.get("sure", True), "whole": row.get("whole", False), "outside": row.get("outside", False)}
    return Loading(mapped, resident, load, row["start"], **flags, why=row["why"])


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a file of weights belongs: `model` are weights of which one set is loaded, `variant` one set of them."""

    model: tuple[str, str]
    variant: tuple[str, str, str]


def place_of(path: str, kind: str) -> Place:
    """The place of a member, by its path and format: folder, name without shard, precision and ending."""
    table = tables()
    at = path.rfind("/") + 1
    folder, name = path[:at], path[at:]
    if not table.formats[kind].sure:
        return Place((folder, kind), (folder, kind, ""))
    stem, precision = unvaried(name)
    stem = _ENDS.sub("", stem)
    outer, _, last = folder.rstrip("/").rpartition("/")
    home = (f"{outer}/" if outer else "") if last in table.exports else folder
    return Place((home, "model" if stem in table.same else stem), (folder, kind, precision))
