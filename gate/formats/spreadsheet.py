"""Workbooks of Excel (.xlsx): the cells of every sheet by column, shared strings in their places.

ECMA-376 part 1, sections 18.3 (worksheets) and 18.4 (shared strings). A workbook is a zip, which the walk opens too:
what is not cells is searched there, in the members that it is made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.parsers import expat

from gate.archive import zip as archive
from gate.archive.member import Entry
from gate.archive.source import Source, blocks
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.content import Missed, Pieces, Sheet, values_piece
from gate.formats.delimited import COLUMNS, is_header

PART = 64 * 2**20
"""Bytes of a sheet, or of the shared strings: 300,000 rows of ten columns."""
_ENTRIES = 10_000
_FEED = 2**22
"""Bytes that the parser gets at once: older ones read a token again for each."""
_BATCH = 2**20
"""Characters after which the values of all columns are handed over."""
_CELL = 32_767
"""Characters of a cell, by Excel's own limit."""
_DEPTH = 32
_SHARED = "xl/sharedStrings.xml"
_SHEET = re.compile(r"xl/worksheets/(?:sheet)?([\w-]{1,40})\.xml", re.IGNORECASE)
_LONG = re.compile(r"[0-9]{7,19}")
"""Numbers that may name a person."""
_MARK = re.compile(rb"xl/(?:sharedStrings\.xml|worksheets/|workbook\.xml)")


def is_workbook(head: bytes) -> bool:
    """Whether the first bytes of a zip name parts of a workbook."""
    return _MARK.search(head) is not None


def workbook_pieces(source: Source) -> Pieces:
    """The columns of every sheet; needs to jump. FormatError for what is no zip."""
    parts: dict[str, Entry] = {}
    for i, entry in enumerate(archive.entries(source)):
        if isinstance(entry, Entry) and i < _ENTRIES:
            name = entry.name.decode("utf-8", "replace")
            if name.lower() == _SHARED.lower() or _SHEET.fullmatch(name):
                parts.setdefault(_SHARED if name.lower() == _SHARED.lower() else name, entry)
    strings = _Strings()
    if _SHARED in parts:
        try:
            for _ in _fed(source, parts.pop(_SHARED), strings):
                pass
        except FormatError as error:
            yield Missed(-1, error)
    for name, entry in sorted(parts.items()):
        yield from _sheet(source, name, entry, strings.values)


def _sheet(source: Source, name: str, entry: Entry, strings: list[str]) -> Pieces:
    match = _SHEET.fullmatch(name)
    cells = _Cells(Sheet(f"sheet {match[1]}" if match else "sheet"), strings)
    try:
        for _ in _fed(source, entry, cells):
            yield from cells.pieces()
    except (FormatError, NotExamined) as error:
        if not isinstance(error, FormatError) and error.reason is not GapReason.TOO_LARGE:
            raise
        yield Missed(-1, error)
    yield from cells.pieces(last=True)


def _fed(source: Source, entry: Entry, reader: _Strings | _Cells) -> Iterator[None]:
    """Parses a part; a turn for each few MiB."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _doctype
    try:
        for block in _bytes(source, entry):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise FormatError(f"Excel: XML: {expat.errors.messages.get(error.code, 'damaged')}") from None


def _doctype(*_: object) -> None:
    raise FormatError("Excel: XML with a document type")


def _bytes(source: Source, entry: Entry) -> Iterator[bytes]:
    if entry.prepare is not None:
        entry.prepare(entry)
    if entry.window is None and entry.stream is None:
        raise FormatError("Excel: a part cannot be unpacked")
    held, size = bytearray(), 0
    for block in blocks(entry.window) if entry.window is not None else entry.stream() if entry.stream else ():
        source.tick()
        size += len(block)
        if size > PART:
            raise NotExamined(GapReason.TOO_LARGE, f"Excel: cells beyond {PART} bytes of a sheet")
        held += block
        if len(held) >= _FEED:
            yield bytes(held)
            held.clear()
    yield bytes(held)


class _Reader:
    """Collects the text between the tags that matter, without prefixes of name spaces."""

    def __init__(self) -> None:
        self._depth = 0
        self._text: list[str] = []
        self._size = 0
        self._open = False

    def data(self, text: str) -> None:
        if self._open and self._size < _CELL:
            self._text.append(text)
            self._size += len(text)

    def _enter(self, name: str) -> str:
        self._depth += 1
        if self._depth > _DEPTH:
            raise FormatError("Excel: XML of too many levels")
        return name.rpartition(":")[2]

    def _take(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        self._size = 0
        return text


class _Strings(_Reader):
    """The shared strings; each may be made of runs, of which phonetic ones (rPh) do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._open = self._enter(name) == "t"

    def end(self, name: str) -> None:
        self._depth -= 1
        self._open = False
        if name.rpartition(":")[2] == "si":
            self.values.append(self._take())


class _Cells(_Reader):
    """The cells of a sheet; its first row are the names of the columns, where they look like names."""

    def __init__(self, sheet: Sheet, strings: list[str]) -> None:
        super().__init__()
        self._sheet, self._strings = sheet, strings
        self._columns: dict[int, Counter[str]] = {}
        self._held = 0
        self._row: dict[int, str] = {}
        self._first = True
        self._kind, self._column = "", -1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._enter(name)
        self._open = local in ("v", "t")
        if local == "row":
            self._row, self._column = {}, -1
        elif local == "c":
            self._kind = attributes.get("t", "n")
            column = _column(attributes.get("r", ""))
            self._column = column if column >= 0 else self._column + 1
            self._take()

    def end(self, name: str) -> None:
        self._depth -= 1
        self._open = False
        local = name.rpartition(":")[2]
        if local == "c" and self._column < COLUMNS:
            self._row[self._column] = self._value(self._take())
        elif local == "row":
            self._end_row()

    def _value(self, text: str) -> str:
        if self._kind == "s":
            number = int(text) if text.isdecimal() and len(text) < 9 else -1
            return self._strings[number] if 0 <= number < len(self._strings) else ""
        if self._kind == "n":
            return text if _LONG.fullmatch(text) else ""
        return text if self._kind in ("str", "inlineStr") else ""

    def _end_row(self) -> None:
        if not self._row:
            return
        if self._first:
            self._first = False
            width = max(self._row) + 1
            names = [self._row.get(i, "") for i in range(width)]
            if any(names) and is_header(names):
                self._sheet.names += names
                return
        self._sheet.rows += 1
        for column, value in self._row.items():
            self._columns.setdefault(column, Counter())[value] += 1
            self._held += len(value) + 1

    def pieces(self, last: bool = False) -> Pieces:
        """What was collected, when there is enough of it."""
        if last and self._sheet.names:
            yield values_piece(Sheet(self._sheet.where), -1, self._sheet.names, [1] * len(self._sheet.names))
        if self._held >= _BATCH or last:
            for column, counter in sorted(self._columns.items()):
                yield values_piece(self._sheet, column, tuple(counter), tuple(counter.values()))
            self._columns, self._held = {}, 0


def _column(reference: str) -> int:
    """The number of the column in A1, -1 where there is none."""
    number = 0
    for letter in reference[:4]:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number - 1
