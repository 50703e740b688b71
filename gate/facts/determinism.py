"""Whether a model could be made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class RandomUse(Note):
    """One sign in source of the archive: a kind of gate.formats.random_use, the full name, the 1-based line."""

    line: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RunNamed(Note):
    """A gate-model.yaml that says of what parts a run was made; fields as in gate.formats.run_parts.RunParts."""

    run_id: str
    other: int
    code: str
    data: tuple[str, ...]
    params: str
    env: str
    lock: str
    seeds: int


@dataclass(frozen=True, slots=True)
class Run(Fact):
    """The run of one gate-model.yaml. `state` is match, mismatch, unverifiable or absent.

    `computed` is the id that follows from the parts, "" where one of them is `missing` (code, data, env, params).
    `hashed` is 1 where the list that locks the environment has a hash for every package, `strong` where every data set
    has a digest of the SHA-2 family.
    """

    kind: ClassVar[str] = "determinism.run"
    state: str
    declared: str
    computed: str
    missing: tuple[str, ...]
    seeds: int
    hashed: int
    strong: int


@dataclass(frozen=True, slots=True)
class PartsKnown(Note):
    """Over the whole archive: parts that other documents than a gate-model.yaml name (code, data, params).

    `lists` are lists of requirements, `hashed` those that have a hash for each package.
    """

    parts: tuple[str, ...]
    lists: int
    hashed: int
