"""What the pickles of an archive import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class PickleGlobal(Note):
    """One global that a pickle names: byte offset of the opcode, module, qualified name, strongest use."""

    offset: int
    module: str
    name: str
    use: str


@dataclass(frozen=True, slots=True)
class PickleImports(Fact):
    """The globals of one pickle, as `module.name`, sorted; at most 200 of `count`."""

    kind: ClassVar[str] = "serialization.imports"
    protocol: int
    count: int
    globals: tuple[str, ...]
