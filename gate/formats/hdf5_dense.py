"""Links and attributes that HDF5 keeps in a fractal heap once an object has more than eight of them.

III.A.2 (version 2 B-trees) and III.G (fractal heaps) of the specification that hdf5_file.py names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.hdf5_file import UNDEFINED, File

OBJECTS = 200_000
"""Objects of one heap."""
DEPTH = 6
"""Levels of a tree below its root; 20,000 names take three."""
_ID: Final = {5: 4, 8: 0}
"""Where the id of an object lies in a record: of links by name (5), of attributes by name (8)."""
_FLAGS = 8
"""Where the flags of an attribute lie behind its id, which has as many bytes."""


def objects(file: File, heap: int, tree: int) -> Iterator[bytes]:
    """The messages that a tree of names refers to.

    Raises FormatError for what is broken, NotExamined for heaps with filters, huge objects and trees beyond DEPTH.
    """
    store = _Heap(file, heap)
    for count, record in enumerate(_records(file, tree)):
        if count >= OBJECTS:
            raise NotExamined(GapReason.TOO_MANY, f"HDF5: more than {OBJECTS} objects in one heap")
        if len(record) > _FLAGS and record[_FLAGS] & 2 and store.id_size == _FLAGS:
            raise NotExamined(GapReason.UNSUPPORTED, "HDF5: an attribute that is stored elsewhere")
        yield store.read(record[: store.id_size])


def _records(file: File, address: int) -> Iterator[bytes]:
    """The records of a tree, each from the id of its object on."""
    head = file.at(address, 34)
    kind, node, size = head[5], _number(head, 6, 4), _number(head, 10, 2)
    depth, root, count = _number(head, 12, 2), _number(head, 16, 8), _number(head, 24, 2)
    if head[:5] != b"BTHD\0" or kind not in _ID or size <= _ID[kind] or node < 10 + size:
        raise FormatError(f"HDF5: no tree of names at {address}")
    if depth > DEPTH:
        raise NotExamined(GapReason.UNSUPPORTED, f"HDF5: a tree of {depth + 1} levels")
    if count and root != UNDEFINED:
        yield from _Tree(file, kind, size, _widths(node, size, depth)).node(root, depth, count)


def _widths(node: int, size: int, depth: int) -> tuple[int, tuple[int, ...]]:
    """Bytes of a number of records, and for each level those of the number of all records below a child."""
    most = (node - 10) // size
    width, below, found = _bytes(most), most, [0]
    for _ in range(1, depth):
        pointer = 8 + width + found[-1]
        count = max(0, (node - 10 - pointer) // (size + pointer))
        below = (count + 1) * below + count
        found.append(_bytes(below))
    return width, tuple(found)


def _bytes(largest: int) -> int:
    return (largest.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True)
class _Tree:
    file: File
    kind: int
    size: int
    widths: tuple[int, tuple[int, ...]]

    def node(self, address: int, level: int, count: int) -> Iterator[bytes]:
        """The records of a node and of all below it; a node of level 0 has none below."""
        file, signature = self.file, b"BTIN\0" if level else b"BTLF\0"
        if file.at(address, 6) != signature + bytes((self.kind,)):
            raise FormatError(f"HDF5: no node of a tree of names at {address}")
        start = address + 6
        for i in range(count):
            yield file.at(start + i * self.size, self.size)[_ID[self.kind] :]
        if level:
            width, totals = self.widths
            step, start = 8 + width + totals[level - 1], start + count * self.size
            for place in range(start, start + (count + 1) * step, step):
                yield from self.node(file.number(place, 8), level - 1, file.number(place + 8, width))


class _Heap:
    """A fractal heap: its objects lie in blocks that double in size from row to row."""

    def __init__(self, file: File, address: int) -> None:
        head = file.at(address, 142)
        self._file = file
        if head[:5] != b"FRHP\0":
            raise FormatError(f"HDF5: no fractal heap at {address}")
        if _number(head, 7, 2):
            raise NotExamined(GapReason.UNSUPPORTED, "HDF5: a fractal heap with filters")
        self.id_size = _number(head, 5, 2)
        self._width, self._start = _number(head, 110, 2), _number(head, 112, 8)
        self._direct = _number(head, 120, 8)
        self._offset_size = (_number(head, 128, 2) + 7) // 8
        largest = _number(head, 10, 4)
        self._length_size = min((self._direct.bit_length() + 6) // 8, (largest.bit_length() + 7) // 8)
        self._root, self._rows = _number(head, 132, 8), _number(head, 140, 2)
        if not self._width or not self._start or not 0 < self._offset_size <= 8:
            raise FormatError("HDF5: a fractal heap without size")

    def read(self, identifier: bytes) -> bytes:
        """The object of an id."""
        if not identifier:
            raise FormatError("HDF5: an object of a heap without an id")
        kind, rest = identifier[0] >> 4 & 3, identifier[1:]
        if kind == 2:
            return rest[: (identifier[0] & 15) + 1]
        if kind != 0:
            raise NotExamined(GapReason.UNSUPPORTED, "HDF5: a huge object of a heap")
        offset = int.from_bytes(rest[: self._offset_size], "little")
        size = int.from_bytes(rest[self._offset_size : self._offset_size + self._length_size], "little")
        return self._file.at(self._place(offset), size)

    def _place(self, offset: int) -> int:
        """Where a byte of the heap lies in the file."""
        block, rows = self._root, self._rows
        base = 0
        while rows:  # an indirect block; its own children are smaller in each turn
            row, column, begin = self._entry(offset - base)
            if row >= rows:
                raise FormatError("HDF5: an object outside of its heap")
            header = 13 + self._offset_size
            block = self._file.number(block + header + 8 * (row * self._width + column), 8)
            base += begin
            size = self._size(row)
            if size <= self._direct:
                break
            rows = (size // self._start // self._width).bit_length()
        if block == UNDEFINED or self._file.at(block, 5) != b"FHDB\0":
            raise FormatError("HDF5: no block of a heap where one must be")
        return block + offset - base

    def _size(self, row: int) -> int:
        return self._start << max(0, row - 1)

    def _entry(self, offset: int) -> tuple[int, int, int]:
        """Row and column of the block that holds a byte, and where that block begins."""
        first = self._start * self._width
        row = (offset // first).bit_length()
        begin = 0 if not row else first << (row - 1)
        column = (offset - begin) // self._size(row)
        return row, column, begin + column * self._size(row)


def _number(data: bytes, at: int, n: int) -> int:
    return int.from_bytes(data[at : at + n], "little")
