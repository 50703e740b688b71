"""The header of a .npy file: type, shape and order of one array (NEP 1; numpy/lib/format.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from struct import Struct
from typing import Any

from gate.archive.source import Source
from gate.core.errors import FormatError

MAGIC = b"\x93NUMPY"
HEADER = 65_536
"""Bytes of a header that is parsed; numpy itself stops at 10,000 without allow_pickle."""
_LONG = re.compile(r"([0-9])L(?=[,)])")
"""Python 2 wrote a shape as (3L,)."""
_LENGTH = {1: Struct("<H"), 2: Struct("<I"), 3: Struct("<I")}
_SIMPLE = re.compile(r"[<>|=]?[A-Za-z][0-9]{0,6}(?:\[[0-9A-Za-z]{1,8}\])?")
_RANK = 64


@dataclass(frozen=True, slots=True)
class Npy:
    """An array. `dtype` as numpy writes it, `record` for one with fields; `size` its bytes, 0 where only numpy knows.

    `objects` says that its data are a pickle; `start` is where they begin.
    """

    dtype: str
    shape: tuple[int, ...]
    fortran: bool
    objects: bool
    size: int
    start: int

    @property
    def elements(self) -> int:
        """The product of the shape."""
        return prod(self.shape)


def read_npy(source: Source) -> Npy:
    """The header; FormatError for one that is none, or that does not describe the bytes behind it."""
    header, start = literal(source.read_at(0, HEADER))
    descr, shape, fortran = header["descr"], header.get("shape"), header.get("fortran_order")
    if not isinstance(shape, tuple) or not isinstance(fortran, bool) or len(shape) > _RANK:
        raise FormatError("a .npy header without shape or order")
    if not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise FormatError("a .npy header with an impossible shape")
    objects = has_objects(descr)
    simple = isinstance(descr, str) and _SIMPLE.fullmatch(descr) is not None
    size = 0 if objects or not simple else prod(shape) * _item(descr)
    if size and start + size != source.size:
        raise FormatError(f"a .npy array of {size} bytes in a file with {source.size - start} behind its header")
    return Npy(descr if simple else "record", shape, fortran, objects, size, start)


def literal(head: bytes) -> tuple[dict[str, Any], int]:
    """The dictionary of a header with its key `descr`, and where the data begin; FormatError where there is none."""
    length = _LENGTH.get(head[6]) if len(head) > 12 and head.startswith(MAGIC) else None
    if length is None:
        raise FormatError("a .npy header of an unknown version")
    start = 8 + length.size
    end = start + length.unpack_from(head, 8)[0]
    if end > min(len(head), HEADER):
        raise FormatError("a .npy header that is too long")
    try:
        header: Any = ast.literal_eval(_LONG.sub(r"\1", head[start:end].decode("latin-1").strip()))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise FormatError("a .npy header that does not describe an array") from None
    if not isinstance(header, dict) or "descr" not in header:
        raise FormatError("a .npy header that does not describe an array")
    return header, end


def has_objects(descr: Any) -> bool:
    """Whether a type holds objects anywhere; FormatError for what is no type.

    A type is a code, or a list of (name, type) or (name, type, shape); codes of objects have an O.
    """
    todo: list[Any] = [descr]
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            if "O" in part:
                return True
        elif isinstance(part, list | tuple):
            todo += [field[1] if isinstance(field, tuple) and len(field) > 1 else field for field in _fields(part)]
        else:
            raise FormatError("a .npy header that does not describe an array")
    return False


def _fields(part: list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    return part if isinstance(part, list) else part[:1]


def _item(descr: str) -> int:
    """Bytes of one element: a text of n characters has four each."""
    digits = re.search(r"([A-Za-z])([0-9]+)", descr)
    if digits is None:
        return 0
    return int(digits[2]) * (4 if digits[1] == "U" else 1)
