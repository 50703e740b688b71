"""The opcodes that push a value written in the stream, read as Modules/_pickle.c reads them."""

from __future__ import annotations

import re
from struct import Struct

from gate.formats.pickle_reader import HEAD, Reader
from gate.formats.pickle_strings import Broken, unescape
from gate.formats.pickle_values import LONG_BYTES, LONG_TEXT, UNKNOWN, Blob, Opaque, Value
from gate.formats.pickle_words import Kind, Oddity

TEXT = 1024
"""Bytes of a text that is kept; the longest real qualified name has some hundred."""
BYTES = 256
"""Bytes of a bytes literal that is always kept."""
NESTED = 2**24
"""Bytes of a nested pickle that are kept; of a longer one, or once `BLOBS` are held, the first `HEAD`."""
BLOBS = 2**26
EMBEDDED = 12
"""Bytes of the shortest pickle that calls something."""
_INT = Struct("<i").unpack_from
_DECIMAL = re.compile(rb"-?(0|[1-9][0-9]*)")
_DIGITS = re.compile(rb"[ \t\v\f\r]*[+-]?(0[xX]_?[0-9a-fA-F_]+|0[oO]_?[0-7_]+|0[bB]_?[01_]+|[0-9_]+)[ \t\v\f\r]*")
PUTS = frozenset(b"pqr\x94")


class Literals(Reader):
    """The opcodes that push a value that stands in the stream. A handler gets and returns a position."""

    __slots__ = ()

    # Numbers.

    def _number(self, line: bytes | None, at: int, suffix: bytes = b"") -> Value:
        """An integer in text; base 0 as strtol and int() have it, so `0x10` and `017` are numbers too."""
        if line is None:
            return UNKNOWN
        text = line.partition(b"\0")[0].removesuffix(suffix)
        if not _DECIMAL.fullmatch(text) and line not in (b"00", b"01"):
            if not _DIGITS.fullmatch(text):
                raise Broken("a number that is none")
            self.record.odd(Oddity.NUMBER, at)
        return int(text) if len(text) < 20 and text.isdigit() else UNKNOWN

    def op_int(self, pos: int) -> int:
        end = self.buf.find(b"\n", pos)
        digits = self.buf[pos:end]
        if 0 < len(digits) < 19 and digits.isdigit() and (digits[0] != ord("0") or len(digits) == 1) and end >= 0:
            self.push(int(digits))
            return end + 1
        at = self.base + pos - 1
        line, pos = self.line(pos)
        self.push(self._number(line, at))
        return pos

    def op_long(self, pos: int) -> int:
        at = self.base + pos - 1
        line, pos = self.line(pos)
        self.push(self._number(line, at, b"L"))
        return pos

    def op_float(self, pos: int) -> int:
        end = self.buf.find(b"\n", pos)
        line, pos = (self.buf[pos:end], end + 1) if end >= 0 else self.line(pos)
        try:
            float((line or b"0").partition(b"\0")[0])
        except ValueError:
            raise Broken("a number that is none") from None
        self.push(0.0)
        return pos

    def op_binint(self, pos: int) -> int:
        if pos + 4 > len(self.buf):
            raise Broken("ends inside of a value")
        self.push(_INT(self.buf, pos)[0])
        return pos + 4

    def op_binint1(self, pos: int) -> int:
        self.push(self.buf[pos])
        return pos + 1

    def op_binint2(self, pos: int) -> int:
        self.push(self.buf[pos] | self.buf[pos + 1] << 8)
        return pos + 2

    def op_binfloat(self, pos: int) -> int:
        self.push(0.0)
        return pos + 8

    def op_long1(self, pos: int) -> int:
        return self._integer(pos + 1, self.buf[pos])

    def op_long4(self, pos: int) -> int:
        n = self.count(pos, 4)
        if n >= 2**31:
            raise Broken("a number of negative size")
        return self._integer(pos + 4, n)

    def _integer(self, pos: int, n: int) -> int:
        data, pos = self.take(pos, n)
        self.push(int.from_bytes(data, "little", signed=True) if data is not None and n <= 16 else UNKNOWN)
        return pos

    # Text and bytes.

    def count(self, pos: int, n: int) -> int:
        """The length in the `n` bytes at `pos`."""
        return int.from_bytes(self.buf[pos : pos + n], "little")

    def op_short_text(self, pos: int) -> int:
        end = pos + 1 + self.buf[pos]
        if end > len(self.buf):
            return self._text(pos + 1, self.buf[pos])
        try:
            self.push(self.buf[pos + 1 : end].decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            raise Broken("text that is not UTF-8") from None
        return end

    def op_text4(self, pos: int) -> int:
        return self._text(pos + 4, self.count(pos, 4))

    def op_text8(self, pos: int) -> int:
        return self._text(pos + 8, self.count(pos, 8))

    def _text(self, pos: int, n: int) -> int:
        if n > TEXT:
            return self._long(pos, n, text=True)
        data, pos = self.take(pos, n)
        try:
            self.push((data or b"").decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            raise Broken("text that is not UTF-8") from None
        return pos

    def op_short_string(self, pos: int) -> int:
        return self._string(pos + 1, self.buf[pos])

    def op_string4(self, pos: int) -> int:
        return self._string(pos + 4, self.count(pos, 4))

    def _string(self, pos: int, n: int) -> int:
        if n > TEXT:
            return self._long(pos, n)
        data, pos = self.take(pos, n)
        self.push((data or b"").decode("utf-8", "replace"))
        return pos

    def op_short_bytes(self, pos: int) -> int:
        return self._bytes(pos + 1, self.buf[pos])

    def op_bytes4(self, pos: int) -> int:
        return self._bytes(pos + 4, self.count(pos, 4))

    def op_bytes8(self, pos: int) -> int:
        return self._bytes(pos + 8, self.count(pos, 8))

    def _bytes(self, pos: int, n: int) -> int:
        if n > BYTES:
            return self._long(pos, n)
        data, pos = self.take(pos, n)
        self.push(data)
        if n > EMBEDDED and data and data[0] == 0x80:
            self.embedded(data)
        return pos

    def embedded(self, value: Value) -> None:
        """A bytes literal that begins as a pickle does."""
        raise NotImplementedError

    def _long(self, pos: int, n: int, *, text: bool = False) -> int:
        """A long literal is kept only where it begins like a pickle, which a loader may be called with."""
        if pos + n > len(self.buf):
            pos = self.load(self.base + pos)
        at = self.base + pos
        if at + n > self.tape.size:
            raise Broken("ends inside of a value")
        nested = self.buf.startswith((b"\xc2\x80", b"c", b"(") if text else (b"\x80", b"c", b"(", b"PK\x03\x04"), pos)
        if not nested or self.blobs > 2 * BLOBS:
            self.push(LONG_TEXT if text else LONG_BYTES)
            return self.load(at + n) if pos + n > len(self.buf) else pos + n
        size = n if n <= NESTED and self.blobs + n <= BLOBS else min(n, HEAD)
        self.blobs += size
        if pos + size > len(self.buf):
            pos = self.load(at, size)
        data = self.buf[pos : pos + size]
        if text:  # bytes below protocol 3: each is a character, encoded by _codecs.encode
            data = data.decode("utf-8", "replace").encode("latin-1", "replace")
        blob = Blob(data, at, len(data) if text and size == n else n)
        self.push(blob)
        if data[:1] == b"\x80":
            self.embedded(blob)
        return self.load(at + n) if pos + n > len(self.buf) else pos + n

    def op_string(self, pos: int) -> int:
        line, pos = self.line(pos)
        if line is None:
            self.push(LONG_TEXT)
            return pos
        if len(line) < 2 or line[0] != line[-1] or line[0] not in b"'\"":
            raise Broken("a string without quotes")
        self.push(unescape(line[1:-1]).decode("utf-8", "replace") if len(line) <= 4 * TEXT else LONG_TEXT)
        return pos

    def op_unicode(self, pos: int) -> int:
        end = self.buf.find(b"\n", pos)
        if 0 <= end <= pos + TEXT and self.buf.find(b"\\", pos, end) < 0:
            self.push(self.buf[pos:end].decode("latin-1"))
            return end + 1
        at = self.base + pos
        line, pos = self.line(pos)
        try:
            text = LONG_TEXT if line is None else line.decode("raw-unicode-escape")
        except UnicodeDecodeError:
            raise Broken("text with a broken escape") from None
        if isinstance(text, str) and len(text) > TEXT:
            nested = text.startswith("\x80") and self.blobs <= 2 * BLOBS
            data = text.encode("latin-1", "replace") if nested else b""
            self.blobs += len(data)
            self.push(Blob(data, at, len(data)) if nested else LONG_TEXT)
        else:
            self.push(text)
        return pos

    def op_bytearray(self, pos: int) -> int:
        _, pos = self.take(pos + 8, self.count(pos, 8))
        self.push(LONG_BYTES)
        return pos

    def op_buffer(self, pos: int) -> int:
        self.push(Opaque(Kind.BYTES))
        return pos

    # The frame of the stream.

    def op_frame(self, pos: int) -> int:
        at = self.base + pos + 8
        end = at + self.count(pos, 8)
        if self.frame >= 0 or end > self.tape.size or end == at:
            self.record.odd(Oddity.FRAME, at - 9)
        self.frame = end
        self._fence()
        return pos + 8

    def fetched(self, pos: int) -> None:
        """After an opcode that fetched or dropped a value: no pickler files the value on top right then."""
        if pos < len(self.buf) and self.buf[pos] in PUTS:
            self.record.odd(Oddity.MEMO_TARGET, self.base + pos)
