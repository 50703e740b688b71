"""Notebooks of Jupyter: code, prose and what it printed, cell by cell, without the pictures.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

from collections.abc import Iterator

from gate.core.errors import FormatError
from gate.formats.content import Cells, Piece
from gate.formats.delimited import Place
from gate.formats.escapes import unmarked
from gate.formats.json_table import JsonTable, Pairs, is_cell
from gate.formats.personal import words_of

_PICTURES = ("image/", "video/", "audio/", "application/pdf")
"""Types of data that are encoded bytes; SVG is text, and lies under an image's name."""
_SVG = "image/svg+xml"
_DEPTH = 32
_LEAST = 4
"""Characters of a text that is worth a look."""


def is_notebook(table: JsonTable) -> bool:
    """Whether the objects of this table are the cells of a notebook."""
    try:
        _, first = next(table.objects())
    except (StopIteration, FormatError):
        return False
    return is_cell(first)


def notebook_pieces(table: JsonTable) -> Iterator[tuple[Place, list[Piece]]]:
    """The pieces of each cell, with its place; raises as JsonTable.objects() does."""
    for number, (place, cell) in enumerate(table.objects(), 1):
        pieces = []
        for parts, words, text in _texts(cell, (), "", 0):
            if len(text) < _LEAST:
                continue
            where = f"cell {number}, output" if "outputs" in parts else f"cell {number}"
            origin = Cells((text,), (0,), (place,), table.text.encoding)
            piece = Piece(text, 0, len(text), origin, where, words, words_of(words))
            pieces.append(unmarked(piece) if "text/html" in parts else piece)
        yield place, pieces


def _texts(value: object, parts: tuple[str, ...], name: str, depth: int) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The texts in a cell with the keys around them; a text that is a list of lines as one."""
    if isinstance(value, str):
        yield parts, name, value
    elif depth > _DEPTH:
        return
    elif isinstance(value, Pairs):
        for key, below in value:
            if not key.startswith(_PICTURES) or key == _SVG:
                structure = key in _STRUCTURE
                yield from _texts(below, (*parts, key), "" if structure else key, depth + 1)
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield parts, name, "".join(map(str, value))
        else:
            for below in value:
                yield from _texts(below, parts, name, depth + 1)


_STRUCTURE = frozenset(
    {"source", "input", "outputs", "text", "data", "traceback", "metadata", "text/plain", "text/html"}
)
"""Keys of the format, which say nothing about what stands there."""
