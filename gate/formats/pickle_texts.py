"""The texts in a pickle, without running it: every literal of every stream, and runs of ASCII where no opcode is.

Opcodes and their arguments: Lib/pickletools.py of CPython.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct

from gate.archive.source import BLOCK, Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.content import Missed, Pieces
from gate.formats.content_strings import Found, string_pieces
from gate.formats.pickle_tape import Tape
from gate.formats.text import Encoding, detect

_FIXED = {
    **dict.fromkeys(b"K\x80hq\x82", 1),
    **dict.fromkeys(b"M\x83", 2),
    **dict.fromkeys(b"Jrj\x84", 4),
    **dict.fromkeys(b"G\x95", 8),
    **dict.fromkeys(b"().012NQR]bdel}aostu\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98", 0),
}
"""Bytes of the argument."""
_LINES = {**dict.fromkeys(b"FILpgSV", 1), **dict.fromkeys(b"ci", 2)}
"""Lines of the argument."""
_COUNTED = {
    **dict.fromkeys(b"UC\x8c\x8a", Struct("<B")),
    **dict.fromkeys(b"TXB\x8b", Struct("<I")),
    **dict.fromkeys(b"\x8d\x8e\x96", Struct("<Q")),
}
"""How long the length is that stands before the argument."""
_TEXTS = frozenset(b"XV\x8c\x8d")
_BYTES = frozenset(b"UTSBC\x8e\x96")
_LONGEST = 2**26
"""Bytes of a literal that is read; a longer one is an array."""
_LINE = 2**16
_WIDE = re.compile(rb"(?:[\t\n\r -~]\0\0\0){4}")
"""An array of numpy's type U."""
_PRINTABLE = bytes((9, 10, 13, *range(32, 127)))
_RUN = re.compile(rb"[\t\n\r -~]{12,}")
"""Random bytes have seven of these in a MiB."""
_PADDED = re.compile(rb"[\t\n\r -~]+\0")
_NUMPY = re.compile(rb"[<>|=]?([US])([0-9]{1,6})")
_TYPE = 10
_NULS = re.compile("\0+")
_LEAST = 4
_UTF8 = Encoding("utf-8")


def pickle_pieces(source: Source, start: int = 0) -> Pieces:
    """The texts from offset `start` on, in the order in which they stand; reads forward only."""
    scan = _Scan(source, start)
    yield from string_pieces(scan.texts())
    if scan.missed is not None:
        yield scan.missed


class _Scan:
    def __init__(self, source: Source, start: int) -> None:
        self._source, self._at = source, start
        self._tape = Tape(source)
        self._item = 0
        self.missed: Missed | None = None

    def texts(self) -> Iterator[Found]:
        tape, left = self._tape, self._source.limits.opcodes
        while self._at < tape.size:
            if not left % 4096:
                self._source.tick()
            if not left:
                detail = "pickle: texts behind so many opcodes were not read"
                self.missed = Missed(self._at, NotExamined(GapReason.BUDGET, detail))
                return
            left -= 1
            pos = tape.move(self._at, 9)
            if pos >= len(tape.buf):
                break
            code = tape.buf[pos]
            if code in _FIXED:
                self._at += 1 + _FIXED[code]
            elif code in _COUNTED:
                found = self._counted(code, pos)
                if found is not None:
                    yield found
            elif code in _LINES:
                found = self._lines(code)
                if found is None:
                    break
                yield found
            else:
                break
        yield from self._runs()

    def _runs(self) -> Iterator[Found]:
        """What looks like a text behind the last opcode: raw arrays, and more pickle behind them (joblib)."""
        tape = self._tape
        while self._at < tape.size:
            pos = tape.move(self._at, BLOCK)
            data = tape.buf[pos:]
            if not data:
                return
            whole = len(data.rstrip(_PRINTABLE)) if self._at + len(data) < tape.size else len(data)
            data = data[: whole or None]  # a run on the edge goes on in the next block, unless it fills this one
            for run in _RUN.finditer(data):
                yield Found(run[0].decode("ascii"), self._at + run.start())
            self._at += len(data)

    def _counted(self, code: int, pos: int) -> Found | None:
        length = _COUNTED[code]
        if pos + 1 + length.size > len(self._tape.buf):
            self._at = self._tape.size
            return None
        (size,) = length.unpack_from(self._tape.buf, pos + 1)
        start = self._at + 1 + length.size
        self._at = start + size
        if size < _LEAST or code not in _TEXTS | _BYTES:
            if code in _TEXTS and size >= 2:
                self._item = _item(self._tape.buf[pos + 1 + length.size : pos + 1 + length.size + size], self._item)
            return None
        if size > _LONGEST and code in _TEXTS:
            detail = f"pickle: a text of {size} bytes was not read"
            self.missed = self.missed or Missed(start, NotExamined(GapReason.TOO_LARGE, detail))
        if size > _LONGEST or self._at > self._tape.size:
            return None
        pos = self._tape.move(start, size)
        data = self._tape.buf[pos : pos + size]
        if code not in _TEXTS:
            return _text(data, start, self._item)
        self._item = _item(data, self._item) if size < _TYPE else self._item
        return Found(data.decode("utf-8", "surrogateescape"), start, _UTF8)

    def _lines(self, code: int) -> Found | None:
        start = self._at + 1
        for _ in range(_LINES[code]):
            pos = self._tape.move(self._at + 1, _LINE)
            end = self._tape.buf.find(b"\n", pos)
            if end < 0:
                return None
            self._at += 1 + end - pos
        self._at += 1
        pos = self._tape.move(start, 1)
        return Found(self._tape.buf[pos : pos + self._at - start - 1].decode("latin-1"), start)


def _item(data: bytes, before: int) -> int:
    """Bytes of an item of the array that follows, where this text is a type of numpy."""
    match = _NUMPY.fullmatch(data)
    return before if match is None else int(match[2]) * (4 if match[1] == b"U" else 1)


def _text(data: bytes, start: int, item: int) -> Found | None:
    """Bytes that are a text, or an array of texts of numpy's types U and S, whose items have the same length."""
    if _WIDE.match(data):
        text = data[: len(data) // 4 * 4].decode("utf-32-le", "replace")
        return Found(_lines(text, item // 4), -1)
    encoding = detect(data[:65536])
    if encoding is None or encoding.codec not in ("utf-8", "latin-1"):
        text = data.decode("latin-1")
        return Found(_lines(text, item), -1) if item and _PADDED.match(data) else None
    text = data.decode(encoding.codec, "surrogateescape" if encoding.codec == "utf-8" else "strict")
    return Found(text, start, Encoding(encoding.codec))


def _lines(text: str, item: int) -> str:
    if not item or len(text) % item:
        return _NULS.sub("\n", text)
    return "\n".join(text[i : i + item].rstrip("\0") for i in range(0, len(text), item))
