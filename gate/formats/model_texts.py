"""The texts in the header of a binary model: its metadata, keys before values."""

from __future__ import annotations

from collections.abc import Iterator

from gate.archive.source import Source
from gate.core.report import Json
from gate.formats.content import NOWHERE, Piece, Pieces
from gate.formats.model_document import model_document
from gate.formats.text import OVERLAP, WINDOW

_SELDOM = frozenset({"format", "dtypes", "bytes"})
"""Keys below which nothing is that a person wrote."""


def model_pieces(source: Source, kind: str) -> Pieces:
    """The metadata of a model of this kind, as lines; raises as model_document()."""
    document = model_document(kind, source).value
    lines = "\n".join(_lines(document, ""))
    for start in range(0, len(lines), WINDOW):
        low, last = max(start - OVERLAP, 0), min(start + WINDOW, len(lines))
        yield Piece(lines[low : start + WINDOW + OVERLAP], start - low, last - low, NOWHERE, "metadata")


def _lines(value: Json, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name not in _SELDOM:
                yield from _lines(below, name)
    elif isinstance(value, list):
        for below in value:
            yield from _lines(below, key)
    elif isinstance(value, str):
        yield f"{key}: {value}"
