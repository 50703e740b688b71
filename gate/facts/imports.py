"""Which modules an archive needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Imported(Note):
    """One import in a source: the module as named, its 1-based line or -1, how (gate.formats.python_imports)."""

    line: int
    module: str
    how: str


@dataclass(frozen=True, slots=True)
class Operators(Note):
    """A module that a model file needs for its operators or layers."""

    module: str


@dataclass(frozen=True, slots=True)
class NeededModule(Fact):
    """A top-level module that is neither of the standard library nor in the archive; path "".

    `by` is the member that needs it first and `how` it does: model, or as gate.formats.python_imports says.
    `distributions` are those that bring it, as far as known; `listed` is the one by which it will be there: asked
    for, or needed by it; "" for none.
    """

    kind: ClassVar[str] = "imports.module"
    module: str
    by: str
    how: str
    distributions: tuple[str, ...]
    listed: str
