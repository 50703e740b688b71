"""The pieces of a text: columns where it is a table, else windows of it, without the escapes of its language."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.formats.content import Content, Piece, Pieces, Sheet, column_piece
from gate.formats.delimited import Place, Table, read_table
from gate.formats.escapes import unescaped, unmarked, unpickled, unstyled
from gate.formats.json_table import JsonTable, read_json_table
from gate.formats.notebook import is_notebook, notebook_pieces
from gate.formats.text import Encoding, Text, detect

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div)\b", re.I
)
_OFFICE = re.compile(r"<[^<>]{0,2000}(?:schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml|:opendocument:xmlns:)")
_OLD_PICKLE = re.compile(r"\([dl]p[0-9]+\n|\(?c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|[VS][^\n]*\np[0-9]+\n")
_SNIFF = 4096


def text_content(source: Source, head: bytes) -> Content:
    """A text of any size that begins with `head`, also where the source only goes forward; FormatError for no text."""
    encoding = detect(head)
    if encoding is None and head:
        raise FormatError("not text")
    text = Text(source, encoding or Encoding("utf-8"))
    return Content(lambda: text_pieces(text), text)


def text_pieces(text: Text, where: str = "") -> Pieces:
    """The columns of a table, the cells of a notebook, or windows of 10^6 characters.

    `where` goes before the names of columns.
    """
    table = read_table(text)
    if table is not None:
        if any(table.names):
            yield _header(table, text)
        yield from _rows(table, text, where)
        return
    document = read_json_table(text)
    if document is None:
        yield from window_pieces(text, where)
        return
    if document.before:
        window = next(text.windows(document.before))
        yield unescaped(Piece(window.text, 0, document.before, window, where))
    yield from _cells(document, text) if is_notebook(document) else _rows(document, text, where)


def _rows(table: Table | JsonTable, text: Text, where: str) -> Pieces:
    """A table, and what follows it: the rest of a document, or rows that are none."""
    done, sheet = 0, Sheet(where, table.names)
    with suppress(FormatError):  # it only began like a table, or a line of it is damaged
        for batch in table.batches():
            sheet.rows += len(batch.places)
            for column, (cells, rows) in batch.columns.items():
                yield column_piece(sheet, column, cells, rows, batch.places, text.encoding)
            done = _end(batch.places[-1], text)
        if isinstance(table, Table):
            return
    yield from window_pieces(text, where, done)


def _cells(document: JsonTable, text: Text) -> Pieces:
    done = 0
    with suppress(FormatError):
        for place, pieces in notebook_pieces(document):
            yield from pieces
            done = _end(place, text)
    yield from window_pieces(text, "", done)


def _end(place: Place, text: Text) -> int:
    return place.start + text.encoding.width(place.text)


def window_pieces(text: Text, where: str = "", after: int = 0) -> Pieces:
    """The text behind its first `after` bytes."""
    undo = _undo(text)
    for window in text.windows():
        first = window.first
        if after > window.start:
            first = bisect_left(range(len(window.text)), after, lo=first, key=window.offset)
        if first < window.last or not after:
            yield undo(Piece(window.text, first, window.last, window, where))


def _undo(text: Text) -> Callable[[Piece], Piece]:
    """What hides nothing in a text that begins so."""
    start = next(text.pieces(), "")[:_SNIFF]
    if _HTML.match(start):
        return unmarked
    if _OFFICE.search(start):
        return unstyled
    return unpickled if _OLD_PICKLE.match(start) else unescaped


def _header(table: Table, text: Text) -> Piece:
    """The names of the columns, which may be values too."""
    names = [name for name in table.names if name]
    place = Place("", text.encoding.mark, 1)
    return column_piece(Sheet(), -1, names, range(len(names)), [place] * len(names), text.encoding)
