"""The pieces of a text: columns where it is a table, else windows of it, without the escapes of its language."""

from __future__ import annotations

import re
from bisect import bisect_left

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.formats.content import Content, Piece, Pieces, Sheet, column_piece
from gate.formats.delimited import Place, Table, read_table
from gate.formats.escapes import unescaped, unmarked
from gate.formats.text import Text, read_text

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div)\b", re.I
)
_SNIFF = 4096


def text_content(source: Source) -> Content:
    """A text of any size, also of a source that only goes forward; FormatError for what is none."""
    text = read_text(source)
    return Content(lambda: text_pieces(text), text=True)


def text_pieces(text: Text, where: str = "") -> Pieces:
    """The columns of a table, or windows of 10^6 characters; `where` goes before the names of columns."""
    table = read_table(text)
    if table is None:
        yield from window_pieces(text, where)
        return
    done, sheet = 0, Sheet(where, table.names)
    try:
        for batch in table.batches():
            sheet.rows += len(batch.places)
            for column, (cells, rows) in batch.columns.items():
                yield column_piece(sheet, column, cells, rows, batch.places, text.encoding)
            last = batch.places[-1]
            done = last.start + text.encoding.width(last.text)
    except FormatError:  # it only began like a table, or a line of it is damaged
        yield from window_pieces(text, where, done)
        return
    yield _header(table, text)


def window_pieces(text: Text, where: str = "", after: int = 0) -> Pieces:
    """The text behind its first `after` bytes."""
    undo = unmarked if _is_html(text) else unescaped
    for window in text.windows():
        first = window.first
        if after > window.start:
            first = bisect_left(range(len(window.text)), after, lo=first, key=window.offset)
        if first < window.last or not after:
            yield undo(Piece(window.text, first, window.last, window, where))


def _is_html(text: Text) -> bool:
    for piece in text.pieces():
        return _HTML.match(piece[:_SNIFF]) is not None
    return False


def _header(table: Table, text: Text) -> Piece:
    """The names of the columns, which may be values too."""
    names = [name for name in table.names if name]
    place = Place("", text.encoding.mark, 1)
    return column_piece(Sheet(), -1, names, range(len(names)), [place] * len(names), text.encoding)
