"""What the header of a binary model says about the model, as claims: one table over the document of all formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from gate.archive.source import Source
from gate.core.model import VersionKind, version_kind
from gate.core.report import Json
from gate.formats.claims import Claim, Claims, claimed, meanings
from gate.formats.leaks import leaks
from gate.formats.model_document import model_document
from gate.formats.model_kinds import READ
from gate.formats.weights import Measured, measured

_FORWARD = frozenset({"safetensors", "gguf", "lightgbm", "pmml"})
"""Formats whose readers never go back, so that large weights are not spooled."""
_MEASURED = frozenset({"catboost", "lightgbm", "xgboost"})
"""Formats of a library of their own: their version is that of the framework, not of a converter."""
_TABLE: Mapping[str, str | list[str]] = {
    "name": "name",
    "version": "version",
    "build_id": "build_id",
    "created": "created",
    "owner": "author",
    "licence": "licence",
    "description": "description",
    "architecture": "architecture",
    "task": "objective",
    "base_model": "base_model",
    "tags": "tags",
    "io.inputs": "inputs",
    "io.outputs": "outputs",
    "param.{}": "params.*",
    "seed.{}": "seeds.*",
    "tensors.parameters": "parameters",
    "tensors.dtypes": "dtypes.@keys",
}
"""Tensors are counted by file here; what a whole model has is the sum over its shards, which is another question."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one header says, and how many weights there are."""

    claims: Claims
    measured: Measured


@dataclass(frozen=True, slots=True)
class Header:
    """How the header of one format is read, and whether its reader jumps; `rank` as in sources.yaml."""

    name: str
    reader: Callable[[Source], Read]
    jumps: bool
    rank: int = 30


def header_of(kind: str | None) -> Header | None:
    """How a format is read that model_kind() names, None where none of the readers knows it."""
    return _header(kind) if kind is not None and kind in READ and kind != "npy" else None


@cache
def _header(kind: str) -> Header:
    group = "framework" if kind in _MEASURED else "writer"
    table = meanings({**_TABLE, f"{group}.{{}}": "frameworks.*"})

    def read(source: Source) -> Read:
        document = model_document(kind, source)
        said: Mapping[str, Json] = document.value if isinstance(document.value, dict) else {}
        claims = Claims.of(map(_numbered, claimed(table, said)), document.repeated, leaks(document.value))
        return Read(claims, measured(said))

    return Header(kind, read, kind not in _FORWARD, 0 if kind in _MEASURED else 30)


def _numbered(row: Claim) -> Claim:
    """A whole number, as ONNX has it, counts models in a registry and is compared with no version."""
    whole = row.key == "version" and version_kind(row.values[0]) is VersionKind.INTEGER
    return replace(row, key="registry_version") if whole else row
