"""The bytes of an ELF file as a loader sees them: by address, through the segments that are loaded.

Sections are never asked: loaders do not know them. https://gabi.xinuos.com/elf/07-pheader.html
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from sys import byteorder

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.elf_header import LOAD, ElfHeader

_BLOCK = 2**14
_BLOCKS = 512
"""Blocks of a string table that are held: 8 MiB."""


class Mapped:
    """What lies at an address; FormatError for what no segment brings from the file in one piece."""

    __slots__ = ("_loads", "_starts", "header", "source")

    def __init__(self, source: Source, header: ElfHeader) -> None:
        self.source, self.header = source, header
        self._loads = sorted((s for s in header.segments if s.kind == LOAD and s.size), key=lambda s: s.address)
        self._starts = [s.address for s in self._loads]

    def place(self, address: int) -> tuple[int, int]:
        """The offset in the file, and how many bytes follow in the same segment."""
        at = bisect_right(self._starts, address) - 1
        if at >= 0:
            segment = self._loads[at]
            inside = address - segment.address
            if inside < segment.size:
                return segment.offset + inside, segment.size - inside
        raise FormatError(f"address {address:#x} is not loaded from the file")

    def take(self, address: int, n: int) -> bytes:
        """Exactly `n` bytes."""
        offset, room = self.place(address)
        if n > room:
            raise FormatError(f"{n} bytes at address {address:#x} reach out of their segment")
        data = self.source.read_at(offset, n)
        if len(data) < n:
            raise FormatError(f"{n} bytes at address {address:#x} reach out of the file")
        return data

    def unpack(self, shape: str, address: int) -> tuple[int, ...]:
        """Integers in the byte order of the file; `shape` as in struct, without the order."""
        shape = self.header.sign + shape
        return struct.unpack(shape, self.take(address, struct.calcsize(shape)))

    def words(self, address: int, n: int, kind: str = "I") -> array[int]:
        """`n` numbers of four (`I`) or two (`H`) bytes."""
        found = array(kind)
        found.frombytes(self.take(address, n * found.itemsize))
        if self.header.order != byteorder:
            found.byteswap()
        return found


class Strings:
    """A string table at an address; all that is taken from it together has at most `most` bytes."""

    __slots__ = ("_address", "_blocks", "_left", "_mapped", "_most", "_size")

    def __init__(self, mapped: Mapped, address: int, size: int, most: int) -> None:
        if size > mapped.place(address)[1]:
            raise FormatError("its string table reaches out of its segment")
        self._mapped, self._address, self._size = mapped, address, size
        self._most = self._left = most
        self._blocks: dict[int, bytes] = {}

    def at(self, index: int, longest: int) -> str:
        """The name that begins there, escapes for what is not UTF-8; NotExamined for one that is too long."""
        parts, at, length = [], index, 0
        while True:
            number, inside = divmod(at, _BLOCK)
            block = self._blocks.get(number) or self._fetch(number)
            if inside >= len(block):
                raise FormatError("a name begins or goes on behind its string table")
            end = block.find(0, inside)
            parts.append(block[inside : end if end >= 0 else len(block)])
            length += len(parts[-1])
            if length > longest:
                raise NotExamined(GapReason.TOO_LARGE, f"a name in it has more than {longest} bytes")
            if end >= 0:
                break
            at += len(block) - inside
        self._left -= length + 1
        if self._left < 0:
            raise NotExamined(GapReason.TOO_LARGE, f"its names have more than {self._most} bytes")
        return b"".join(parts).decode("utf-8", "backslashreplace")

    def _fetch(self, number: int) -> bytes:
        start = number * _BLOCK
        if start >= self._size:
            raise FormatError("a name begins or goes on behind its string table")
        if len(self._blocks) >= _BLOCKS:
            self._blocks.clear()
        block = self._mapped.take(self._address + start, min(_BLOCK, self._size - start))
        self._blocks[number] = block
        return block
