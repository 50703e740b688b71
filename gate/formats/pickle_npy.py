"""Where the pickle of a .npy file begins, if it holds an array of objects (NEP 1; numpy/lib/format.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.npy import HEADER, MAGIC, has_objects, literal
from gate.formats.pickle import walk
from gate.formats.pickle_words import GlobalUse, Walk

__all__ = ["MAGIC", "objects_start", "walk_objects"]


def walk_objects(source: Source) -> Walk:
    """The walk over the pickle of an array of objects, with offsets in the file; FormatError where there is none."""
    head = source.read_at(0, HEADER)
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
    header, end = literal(head)
    return end if has_objects(header["descr"]) else None
