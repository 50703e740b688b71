"""Raw bytes between and after pickles: joblib's arrays and torch's storages."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from gate.formats.pickle_machine import Machine
from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import Dict, Global, Instance, Value
from gate.formats.pickle_words import Oddity

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of a torch file before the zip format (torch/serialization.py, MAGIC_NUMBER)."""
TORCH_PICKLES = 5
"""Magic, protocol version, system, the object, the keys of the storages; then the storages in the order of the keys."""
STORAGE_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "ComplexDoubleStorage": 16,
    "ComplexFloatStorage": 8, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1,
    "QUInt2x4Storage": 1, "UntypedStorage": 1,
}  # fmt: skip
"""Bytes an element (torch/storage.py, _dtype_to_storage_type_map)."""
_DTYPE = re.compile(r"[<>|=]?([a-zA-Z])([0-9]{1,9})")
_SIZED = frozenset("SUVa")
"""Kinds of any size: the state of the type has the size in bytes that counts."""
_HAS_OBJECT = 0x01
"""NPY_ITEM_HASOBJECT, bit of the flags that a structured dtype keeps at index 7 of its state."""


def array_bytes(wrapper: Instance) -> int | None:
    """Raw bytes that follow joblib's NumpyArrayWrapper, without padding; None for an array of objects.

    Source: joblib/numpy_pickle.py, NumpyArrayWrapper.read_array. Raises Broken when the state does not tell.
    """
    state: Value = wrapper.state
    if type(state) is not Dict:
        raise Broken("an array of unknown shape")
    shape, dtype = state.get("shape"), state.get("dtype")
    if type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape):
        raise Broken("an array of unknown shape")
    size = _itemsize(dtype)
    return None if size is None else size * math.prod(shape)


def padded(wrapper: Instance) -> bool:
    """Whether a byte with the length of a padding precedes the raw bytes (joblib 1.1 and later)."""
    state: Value = wrapper.state
    return type(state) is Dict and state.get("numpy_array_alignment_bytes") is not None


def _itemsize(dtype: Value) -> int | None:
    """Bytes an element, None for objects; numpy/_core/src/multiarray/descriptor.c, arraydescr_setstate."""
    if type(dtype) is Instance and dtype.origin.qualname == "_convert_to_stringdtype_kwargs":
        return None
    code = dtype.args[0] if type(dtype) is Instance and dtype.args else ""
    match = _DTYPE.fullmatch(code) if type(code) is str else None
    if match is None or dtype.origin.qualname != "dtype":
        raise Broken("an array of unknown type")
    kind, size = match[1], int(match[2])
    state = dtype.state
    if state is None:
        return None if kind == "O" else size * 4 if kind == "U" else size
    if type(state) is not tuple or len(state) < 7:
        raise Broken("an array of unknown type")
    flags, stated = state[7] if len(state) > 7 else 0, state[5]
    if kind == "O" or (type(flags) is int and flags & _HAS_OBJECT):
        return None
    if kind not in _SIZED:
        return size
    if type(stated) is not int or stated < 0:
        raise Broken("an array of unknown type")
    return stated


@dataclass(slots=True)
class Torch:
    """The storages of a legacy torch file: key to bytes an element, from the persistent ids of its pickles."""

    widths: dict[str, int] = field(default_factory=dict)

    def named(self, pid: Value) -> None:
        """A persistent id: ("storage", type, key, location, elements, view)."""
        if type(pid) is tuple and len(pid) >= 5 and pid[0] == "storage" and type(pid[1]) is Global:
            self.widths[str(pid[2])] = STORAGE_BYTES.get(pid[1].qualname, 0)

    def end(self, tape: Tape, at: int) -> int:
        """Where the storages end that begin at offset `at`, each a count of 8 bytes and so many elements, by key.

        Source: torch/serialization.py, _legacy_save. Raises Broken when they do not fit.
        """
        for _, width in sorted(self.widths.items()):
            pos = tape.move(at, 64)
            head = tape.buf[pos : pos + 8]
            at += 8 + int.from_bytes(head, "little") * width
            if not width or len(head) < 8 or at > tape.size:
                raise Broken("storages that do not fit their types")
        return at


def raw_follows(machine: Machine, pos: int) -> None:
    """Before raw bytes a pickler ends its frame."""
    if machine.frame >= 0 and machine.base + pos != machine.frame:
        machine.record.odd(Oddity.FRAME, machine.base + pos)
    machine.frame = -1
