"""Where the pickle of a .npy file begins, if it holds an array of objects (NEP 1; numpy/lib/format.py)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from struct import Struct
from typing import Any

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.pickle import walk
from gate.formats.pickle_words import GlobalUse, Walk

MAGIC = b"\x93NUMPY"
_LONG = re.compile(r"([0-9])L(?=[,)])")
"""Python 2 wrote a shape as (3L,)."""
_LENGTH = {1: Struct("<H"), 2: Struct("<I"), 3: Struct("<I")}
_HEADER = 65_536
"""Bytes of a header that is parsed; numpy itself stops at 10,000 without allow_pickle."""


def walk_objects(source: Source) -> Walk:
    """The walk over the pickle of an array of objects, with offsets in the file; FormatError where there is none."""
    head = source.read_at(0, _HEADER)
    start = objects_start(head)
    if start is None:
        raise FormatError("an array without objects")
    inner = walk(_Rest(source, head, start))
    uses = tuple(map(_moved(start), inner.uses))
    anomalies = tuple(anomaly._replace(start=anomaly.start + start) for anomaly in inner.anomalies)
    return replace(inner, uses=uses, anomalies=anomalies, end=inner.end + start)


def _moved(by: int) -> Callable[[GlobalUse], GlobalUse]:
    """A use with offsets in the file."""
    return lambda use: replace(
        use, start=use.start + by, end=use.end + by, imported=use.imported + by if use.imported >= 0 else -1
    )


class _Rest:
    """A source from an offset on, read forward: the bytes that were read with the header are held."""

    def __init__(self, source: Source, head: bytes, start: int) -> None:
        self._source, self._head, self._start = source, head, start
        self.size = source.size - start

    def read_at(self, offset: int, n: int) -> bytes:
        at = self._start + offset
        held = self._head[at : at + n]
        if len(held) == n:
            return held
        return held + self._source.read_at(at + len(held), n - len(held))

    def window(self, offset: int, n: int) -> Source:
        return self._source.window(self._start + offset, n)

    def hold(self, data: bytes) -> Source:
        return self._source.hold(data)

    def tick(self) -> None:
        self._source.tick()

    @property
    def limits(self) -> Limits:
        return self._source.limits


def objects_start(head: bytes) -> int | None:
    """Offset of the pickle, None when the array holds no objects; raises FormatError for a header that is none."""
    length = _LENGTH.get(head[6]) if len(head) > 12 else None
    if length is None:
        raise FormatError("a .npy header of an unknown version")
    start = 8 + length.size
    end = start + length.unpack_from(head, 8)[0]
    if end > min(len(head), _HEADER):
        raise FormatError("a .npy header that is too long")
    try:
        header: Any = ast.literal_eval(_LONG.sub(r"\1", head[start:end].decode("latin-1").strip()))
        return end if _has_objects(header["descr"]) else None
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        raise FormatError("a .npy header that does not describe an array") from None


def _has_objects(descr: Any) -> bool:
    """A type is a code, or a list of (name, type) or (name, type, shape); codes of objects have an O."""
    todo: list[Any] = [descr]
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            if "O" in part:
                return True
        elif isinstance(part, list | tuple):
            todo += [field[1] if isinstance(field, tuple) and len(field) > 1 else field for field in _fields(part)]
        else:
            raise ValueError
    return False


def _fields(part: list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    return part if isinstance(part, list) else part[:1]
