"""Text of any size: decoded as it is read, and every character can be traced back to its bytes."""

from __future__ import annotations

import codecs
import json
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from gate.archive.member import HEAD
from gate.archive.source import Forward, Source, blocks
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

WINDOW = 2**20
"""New characters in one window: 1 to 4 MB of memory."""
OVERLAP = 4096
"""Characters seen on both sides of a window's own part: longer than any secret or personal value."""
LINE = 2**16
"""Characters of a line that are kept; the longest path name of Linux has 4096."""
_STEP = 1024
"""Characters between two marks of the map from characters to bytes."""
_CONTROL = bytes(c for c in (*range(0x20), 0x7F) if c not in b"\t\n\v\f\r\b\x1b")
_FEW = 128
"""One control character in so many still is text: a NUL in a CSV does not hide it."""
_CLEAN = 16
"""Bytes at the start that hold none: binary formats begin with a magic number or a length."""
_BREAK = re.compile(r"\r\n|[\r\n]")
_WIDE_ASCII = (
    # UTF-16 without its mark, as some Windows tools write it, when it begins with ASCII.
    ("utf-16-le", re.compile(rb"(?:[\t\n\r -~]\0){8}")),
    ("utf-16-be", re.compile(rb"(?:\0[\t\n\r -~]){8}")),
)
_MARKS = (
    # The longer mark first: that of UTF-32-LE begins with that of UTF-16-LE.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec and the length of the byte order mark before the text, in bytes.

    No byte is lost: what is not UTF-8 becomes one surrogate a byte (PEP 383), what is not UTF-16 or UTF-32 one U+FFFD
    of the same width.
    """

    codec: str
    mark: int = 0

    @property
    def errors(self) -> str:
        return "surrogateescape" if self.codec == "utf-8" else "replace"

    def width(self, text: str) -> int:
        """Bytes that this text took."""
        if self.codec == "latin-1" or (self.codec == "utf-8" and text.isascii()):
            return len(text)
        if self.codec.startswith("utf-32"):
            return 4 * len(text)
        return len(text.encode(self.codec, self.errors))

    def raw(self, text: str) -> bytes:
        """The bytes of a name as a file system spells it: those of the file, UTF-8 where the text is wider."""
        return text.encode("latin-1" if self.codec == "latin-1" else "utf-8", "surrogateescape")


def detect(head: bytes) -> Encoding | None:
    """How the first bytes (64 KiB) are encoded; None for what is no text, and for nothing at all."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark))
    if not head:
        return None
    for codec, pattern in _WIDE_ASCII:
        if pattern.match(head):
            return Encoding(codec)
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls and (controls * _FEW > len(head) or any(byte in _CONTROL for byte in head[:_CLEAN])):
        return None
    if head.isascii():
        return Encoding("utf-8")
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
    wrong = len(text) - len(text.encode("utf-8", "ignore").decode("utf-8"))
    right = len(text) - wrong - len(text.encode("ascii", "ignore"))
    if wrong <= right:
        return Encoding("utf-8")
    return None if controls else Encoding("latin-1")


def in_utf8(head: bytes) -> bytes:
    """The first bytes of a text in UTF-8, in which marks can be searched; those of anything else as they are.

    As json.loads tells UTF-16 and UTF-32, also without a byte order mark: by the zeros among the first four bytes.
    """
    if b"\0" not in head[:4] and not head.startswith(_WIDE_MARKS):
        return head
    return head.decode(json.detect_encoding(head), "replace").encode("utf-8", "replace")


def is_text(head: bytes) -> bool:
    """Whether a member that begins so is worth reading as text."""
    return detect(head) is not None


class Line(NamedTuple):
    """One line without its end; bytes [start, end), 1-based number; `cut` when only its beginning is here."""

    text: str
    start: int
    end: int
    number: int
    cut: bool


@dataclass(slots=True)
class Window:
    """A piece of a text: its own part is [first, last), and around it characters of its neighbours.

    The own parts of all windows are the text. Who searches counts a match when owns(its start): then every match no
    longer than the overlap is counted once, and has its surroundings on both sides.
    `start` is the byte offset of text[0], `line` its 1-based line.
    """

    text: str
    start: int
    line: int
    first: int
    last: int
    encoding: Encoding
    _bytes: array[int] = field(default_factory=lambda: array("Q"))
    _lines: array[int] = field(default_factory=lambda: array("Q"))

    def owns(self, index: int) -> bool:
        return self.first <= index < self.last

    def offset(self, index: int) -> int:
        """The byte offset in the member of the character at `index` (of the end, for the length of the text)."""
        if self.encoding.codec == "latin-1" or (self.encoding.codec == "utf-8" and self.text.isascii()):
            return self.start + index
        marks = self._bytes
        while len(marks) * _STEP <= index:
            at = (len(marks) - 1) * _STEP
            marks.append(marks[-1] + self.encoding.width(self.text[at : at + _STEP]) if marks else self.start)
        mark = index // _STEP
        return marks[mark] + self.encoding.width(self.text[mark * _STEP : index])

    def line_at(self, index: int) -> int:
        """The 1-based line of the character at `index`; CR, LF and CRLF each end one."""
        marks = self._lines
        while len(marks) * _STEP <= index:
            at = (len(marks) - 1) * _STEP
            marks.append(marks[-1] + self._ends(at, at + _STEP) if marks else self.line)
        mark = index // _STEP
        return marks[mark] + self._ends(mark * _STEP, index)

    def _ends(self, start: int, end: int) -> int:
        """Line ends in [start, end); that of a CRLF stands at its LF."""
        count = self.text.count
        return count("\n", start, end) + count("\r", start, end) - count("\r\n", start, end + 1)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is decoded anew each time somebody goes through it; nothing of it is kept."""

    source: Source
    encoding: Encoding

    def pieces(self) -> Iterator[str]:
        """The decoded text in the pieces in which it is read."""
        source = self.source.again() if isinstance(self.source, Forward) else self.source
        decoder = codecs.getincrementaldecoder(self.encoding.codec)(self.encoding.errors)
        skip = self.encoding.mark
        for block in blocks(source):
            if piece := decoder.decode(block[skip:]):
                yield piece
            skip = max(skip - len(block), 0)
        if rest := decoder.decode(b"", final=True):
            yield rest

    def whole(self, limit: int) -> str:
        """All of it; NotExamined `too-large` when it has more than `limit` bytes."""
        if self.source.size > limit:
            raise NotExamined(GapReason.TOO_LARGE, f"text of {self.source.size} bytes, more than {limit}")
        return "".join(self.pieces())

    def windows(self, size: int = WINDOW, overlap: int = OVERLAP) -> Iterator[Window]:
        """Windows with `size` characters of their own and up to `overlap` (at least 1) more on each side."""
        pieces = self.pieces()
        text, first, start, line = "", 0, self.encoding.mark, 1
        while True:
            text, more = _fill(text, first + size + overlap, pieces)
            end = first + size if more else len(text)
            window = Window(text[: first + size + overlap] if more else text, start, line, first, end, self.encoding)
            yield window
            if not more:
                return
            cut = max(end - overlap, 0)
            start, line = window.offset(cut), window.line_at(cut)
            text, first = text[cut:], end - cut

    def lines(self, limit: int = LINE) -> Iterator[Line]:
        """Every line, without its end (CR, LF or CRLF); of a longer one the first `limit` characters."""
        width = self.encoding.width
        kept, dropped, start, number = "", 0, self.encoding.mark, 1
        for piece in _unsplit(self.pieces()):
            at = 0
            for end in _BREAK.finditer(piece):
                rest = piece[at : end.start()]
                line = kept if dropped else kept + rest
                size = width(line) + dropped + (width(rest) if dropped else 0)
                yield Line(line[:limit], start, start + size, number, dropped > 0 or len(line) > limit)
                start += size + width(end[0])
                kept, dropped, at, number = "", 0, end.end(), number + 1
            rest = piece[at:]
            if dropped:
                dropped += width(rest)
            else:
                kept += rest
                if len(kept) > limit:
                    kept, dropped = kept[:limit], width(kept[limit:])
        if kept:
            yield Line(kept, start, start + width(kept) + dropped, number, dropped > 0)


def read_text(source: Source) -> Text:
    """The text of a source of any size, also of one that only goes forward; FormatError when it is none."""
    head = source.read_at(0, HEAD)
    encoding = detect(head)
    if encoding is None and head:
        raise FormatError("not text")
    return Text(source, encoding or Encoding("utf-8"))


def _fill(text: str, wanted: int, pieces: Iterator[str]) -> tuple[str, bool]:
    """`text` made longer than `wanted` characters, or to its end; whether there is more of it than `wanted`."""
    parts, size = [text], len(text)
    while size <= wanted and (piece := next(pieces, "")):
        parts.append(piece)
        size += len(piece)
    return "".join(parts), size > wanted


def _unsplit(pieces: Iterator[str]) -> Iterator[str]:
    """The same pieces, none of which ends between CR and LF."""
    held = ""
    for piece in chain(pieces, [""]):
        text = held + piece
        held = "\r" if piece and text.endswith("\r") else ""
        if text := text[: len(text) - len(held)]:
            yield text
