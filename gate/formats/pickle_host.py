"""What a machine asks of the walk that runs it, and how the opcodes that use a global are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gate.formats.pickle_values import Instance, Record, Value
from gate.formats.pickle_words import Use

if TYPE_CHECKING:
    from gate.formats.pickle_machine import Machine

NAMES = {
    code[0]: name
    for code, name in {
        b"R": "REDUCE", b"o": "OBJ", b"\x81": "NEWOBJ", b"\x92": "NEWOBJ_EX", b"b": "BUILD", b"a": "APPEND",
        b"e": "APPENDS", b"\x90": "ADDITEMS", b"s": "SETITEM", b"u": "SETITEMS", b"\x93": "STACK_GLOBAL",
    }.items()
}  # fmt: skip
"""Opcodes of one byte that use a global, as pickletools names them."""
TEXT_NAMES = {Use.REF: "GLOBAL", Use.CALL: "INST"}
"""Those that end with a name and a newline."""


class Host(Protocol):
    """What a machine asks of the walk that runs it."""

    def spend(self, ops: int) -> None:
        """So many opcodes ran; raises NotExamined when a budget is spent."""

    def nested(self, data: Value, record: Record, at: int) -> bool:
        """Walk bytes that a loader is called with at offset `at`; whether they are one pickle to their end."""

    def built(self, machine: Machine, wrapper: Instance, pos: int) -> int:
        """An array wrapper got its state: the position after the raw bytes that follow."""

    def embedded(self, data: Value, record: Record) -> None:
        """Bytes that begin as a pickle does, and that nobody is known to load."""

    def named(self, pid: Value) -> None:
        """A persistent id, which names something that is not in the pickle."""
