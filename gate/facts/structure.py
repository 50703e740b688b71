"""What a model file is made of: its tensors, operators or the fields of its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Parts(Note):
    """Some tensors, operators or fields of the member `path`: names and values in turn, fit to be published.

    `form` is the format, `what` tensors, operators or fields. Of a tensor the value is `dtype[shape]`.
    """

    form: str
    what: str
    pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelStructure(Fact):
    """All parts of one kind of a model file, shards of one model together; `path` is without the numbers of shards.

    `digest` is sha256 over all parts, `shape` the same without the dtypes of tensors. `lines` are the first of `total`
    lines `name: value`, sorted; tensors whose names differ in numbers alone share one, as `h.*.w: F16[8, 8] x12`.
    """

    kind: ClassVar[str] = "metadata.structure"
    form: str
    what: str
    parts: int
    digest: str
    shape: str
    total: int
    lines: tuple[str, ...]
