"""What a walk over a pickle tells: the globals that it uses, how, and where it leaves the form that picklers write."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class Use(enum.StrEnum):
    """What a pickle does with a global; the opcodes are those of CPython's Modules/_pickle.c."""

    REF = "reference"
    """Imported, and kept as a value (GLOBAL, STACK_GLOBAL)."""
    CALL = "call"
    """Called with arguments (REDUCE, INST, OBJ)."""
    NEW = "new"
    """Its `__new__` is called (NEWOBJ, NEWOBJ_EX)."""
    BUILD = "build"
    """An instance of it gets a state: `__setstate__`, or else its attributes (BUILD)."""
    SETITEM = "setitem"
    """An instance of it gets items by key (SETITEM, SETITEMS)."""
    APPEND = "append"
    """An instance of it gets items by `append`, `extend` or `add` (APPEND, APPENDS, ADDITEMS)."""
    PATCH = "patch"
    """The global itself gets a state or items: what the process shares is changed."""
    RECALL = "call of its result"
    """What it returned is called in turn: the callee is a computed value."""


class Kind(enum.StrEnum):
    """What an argument is, as far as it is known without running anything."""

    TEXT = "text"
    BYTES = "bytes"
    NUMBER = "number"
    NONE = "none"
    SEQUENCE = "sequence"
    MAPPING = "mapping"
    GLOBAL = "global"
    INSTANCE = "instance"
    PICKLE = "pickle"
    """Bytes that were walked as a pickle of their own, to the end; its globals stand among the uses."""
    PERSISTENT = "persistent"
    """Whatever the loader makes of a persistent id."""
    UNKNOWN = "unknown"


class Arg(NamedTuple):
    """One argument: `text` is the name of a global or of the class of an instance, or a short identifier-like text."""

    kind: Kind
    text: str = ""

    def __str__(self) -> str:
        """The kind, and a name where it is one of a global: texts of the file are not shown."""
        return self.text if self.kind is Kind.GLOBAL else f"{self.kind} of {self.text}" if self.shown else self.kind

    @property
    def shown(self) -> bool:
        return self.kind is Kind.INSTANCE and self.text != ""


@dataclass(frozen=True, slots=True)
class GlobalUse:
    """One way in which one global is used, at its first place.

    `module` and `qualname` are what Python 3 imports: below protocol 3 the names of Python 2 are mapped as the
    unpickler does. `args` is None where calls differ too much to list. `start` and `end` are the bytes of the opcode,
    which `opcode` names as pickletools does; `imported` is the offset of the one that imported the global, or -1.
    `certain` is false for what happens only if raw data are read as opcodes, which mostly is an accident.
    """

    module: str
    qualname: str
    use: Use
    args: tuple[Arg, ...] | None
    start: int
    end: int
    stream: int
    certain: bool = True
    opcode: str = ""
    imported: int = -1

    @property
    def trail(self) -> str:
        """The opcodes that make this use happen, and what they are given, for a person."""
        here = f"{self.opcode or 'an opcode'} at byte {self.start}"
        if self.use is Use.REF:
            return here
        given = "arguments of many kinds" if self.args is None else f"({', '.join(map(str, self.args))})"
        with_ = f" with {given}" if self.use in (Use.CALL, Use.NEW) else ""
        return f"imported at byte {self.imported}, {here}{with_}" if self.imported >= 0 else here + with_

    @property
    def computed(self) -> bool:
        """Whether nobody can say what is imported."""
        return self.module in {"", "?"} or self.qualname.startswith("<extension")

    @property
    def name(self) -> str:
        return f"{self.module}.{self.qualname}"


class Oddity(enum.StrEnum):
    """A departure from what the picklers of CPython 2.7 to 3.14, joblib and torch write."""

    LATE_PROTO = "a protocol header inside of the stream"
    FRAME = "a frame that does not end on an opcode's boundary, lies in another frame, or is longer than the file"
    NUMBER = "a number that is not written in decimal"
    MEMO_ORDER = "memo entries that are not numbered in order"
    MEMO_TARGET = "a memo entry for a value that was just fetched or dropped"
    COMPUTED_NAME = "an import whose name is computed while loading"
    EXTENSION = "an import through the extension registry"
    DUP = "the DUP opcode, which no pickler writes"
    OLD_CALL = "the INST or OBJ opcode, which only Python 2 wrote"
    STATE = "a state that sets an attribute with a meaning for the interpreter"
    TRAILING = "bytes after the end that are no pickle"
    NESTED = "a pickle in a pickle that could not be walked to its end"


class Anomaly(NamedTuple):
    """One oddity and the offset of its first byte."""

    kind: Oddity
    start: int


class Status(enum.StrEnum):
    """How far the walk came."""

    COMPLETE = "complete"
    BROKEN = "broken"
    OVER_BUDGET = "over-budget"


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything that loading would import and call, in the order of the bytes; nothing was imported or called.

    `recognised` is false for bytes that only happen to begin with valid opcodes: they break before anything was called
    and carry no mark of a pickler. `acted` tells whether something was imported or called. `end` is where the last
    stream ends, `detail` says why a walk did not complete, `protocol` is the highest one that a header names.
    `versions` are those of pickle_versions: library, version, key, first byte and end.
    """

    uses: tuple[GlobalUse, ...]
    anomalies: tuple[Anomaly, ...]
    status: Status
    recognised: bool
    streams: int
    protocol: int
    end: int
    detail: str = ""
    versions: tuple[tuple[str, str, str, int, int], ...] = ()

    @property
    def acted(self) -> bool:
        return bool(self.uses)
