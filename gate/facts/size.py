"""How large a model is, and what loading it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Weights(Note):
    """The weights in one member. `format` is one of rules/data/metadata/loading.yaml.

    `size` are the member's bytes, `tensors` those of its tensors, also where they lie in another file, `parameters`
    their elements: -1 where nobody can tell. `dtypes` are names as numpy's, where there is one.
    """

    format: str
    size: int
    parameters: int = -1
    tensors: int = -1
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightSet(Fact):
    """Weights that are loaded together: all shards of one format and precision in one folder; `path` is the first.

    `mapped` is yes, asked or no, `start` mapped, copied, rebuilt or compiled (docs/metadata.md). `resident` and `load`
    are bytes of memory that they keep, and that must be there while they are loaded; -1 unknown. `instead` is the path
    of a cheaper set of the same weights, "" where there is none; `sure` is 0 for what may be no model.
    """

    kind: ClassVar[str] = "metadata.size"
    format: str
    files: int
    size: int
    parameters: int
    dtypes: tuple[str, ...]
    mapped: str
    start: str
    resident: int
    load: int
    sure: int
    instead: str


@dataclass(frozen=True, slots=True)
class SizeRead(Note):
    """Over the whole archive; `unpacked` are the bytes of all members that lie in no other, `unread` those not read.

    `least` and `most` are for the cheapest and the dearest of sets that replace each other: memory that weights keep,
    that loading needs, the part of the latter that is copied into the host's memory, and parameters.
    """

    unpacked: int
    unread: int
    unknown: int
    unknown_bytes: int
    parameters_known: int
    least: tuple[int, int, int, int]
    most: tuple[int, int, int, int]
