"""What the pickles of an archive import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class PickleGlobal(Note):
    """One global that a pickle names: byte offset of its gravest use, module, qualified name, that use, the verdict.

    `use` is a value of gate.formats.pickle_words.Use, `verdict` clean, info, unverified or dangerous.
    """

    offset: int
    module: str
    name: str
    use: str
    verdict: str


@dataclass(frozen=True, slots=True)
class PickleImports(Fact):
    """The globals of one pickle, as `module.name`, sorted; at most 200 of `count`."""

    kind: ClassVar[str] = "serialization.imports"
    protocol: int
    count: int
    globals: tuple[str, ...]
