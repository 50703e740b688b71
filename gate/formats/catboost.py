"""A CatBoost model: the table of keys that training left in it.

https://github.com/catboost/catboost/blob/master/catboost/libs/model/flatbuffers/model.fbs
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.flatbuffer import Flatbuffer

MAGIC: Final = b"CBM1"
KEYS = 10_000
TEXT = 2**20
"""Bytes of a value; `params` is JSON of all parameters."""
KEPT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class CatBoost:
    """A model. `info`: keys as they stand, values up to TEXT; `parts`: names of what stands behind the trees."""

    version: str
    info: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]

    def value(self, key: str) -> str:
        """The last value of a key, "" without any."""
        return next((text for name, text in reversed(self.info) if name == key), "")


def read_catboost(source: Source) -> CatBoost:
    """A model; needs to jump. FormatError for what is none, NotExamined beyond the bounds."""
    buffer = Flatbuffer(source, "CatBoost", 8)
    head = buffer.pages.take(0, 8)
    if head[:4] != MAGIC or int.from_bytes(head[4:], "little") > buffer.pages.size - 8:
        raise FormatError("CatBoost: another magic, or less than it says")
    root = buffer.root()
    info: list[tuple[str, str]] = []
    kept = 0
    for row in root.tables(2):
        info.append((row.text(0), row.text(1, TEXT)))
        kept += sum(map(len, info[-1]))
        if len(info) > KEYS or kept > KEPT:
            raise NotExamined(GapReason.TOO_MANY, f"CatBoost: more than {KEYS} keys or {KEPT} bytes of them")
    at, count = root.vector(3, 4)
    if count > KEYS:
        raise NotExamined(GapReason.TOO_MANY, f"CatBoost: {count} parts")
    spots = [at + 4 * i for i in range(count)]
    return CatBoost(root.text(0), tuple(info), tuple(_text(buffer, spot) for spot in spots))


def _text(buffer: Flatbuffer, spot: int) -> str:
    at = spot + buffer.number(spot, 4)
    return buffer.pages.take(buffer.base + at + 4, min(buffer.number(at, 4), 4096)).decode("utf-8", "replace")
