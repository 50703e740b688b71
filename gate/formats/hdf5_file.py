"""The lowest level of HDF5 files: superblock, object headers and their messages, heaps.

HDF5 File Format Specification Version 3.0: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
The sections of the specification stand beside what they describe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pages import Pages

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
UNDEFINED: Final = 2**64 - 1
BLOCKS = 10_000
"""Blocks of one object header."""
MESSAGES = 1_000_000
"""Messages of all object headers."""
MESSAGE_BYTES = 256 * 2**20
"""Bytes of all messages: headers may overlap."""
HEAP_OBJECTS = 200_000
"""Objects of all global heaps."""
NAME = 4096
"""Bytes of a name."""
_DRIVER, _CONTINUATION = 0x14, 0x10
_PLACES = 40
"""How often the place of the superblock may double."""


class Message(NamedTuple):
    """One message of an object header; `shared` says that its body only points at another one."""

    type: int
    body: bytes
    shared: bool


class File:
    """Addresses of a file, counted from its superblock."""

    __slots__ = ("_bytes", "_heaps", "_messages", "_objects", "base", "driver", "pages", "root", "version")

    def __init__(self, source: Source) -> None:
        self.pages = Pages(source, "HDF5")
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}
        self._objects = self._messages = self._bytes = 0
        self.base = self._found()
        self.version = self.number(8, 1)
        self.driver = False
        self.root = self._superblock()

    def _found(self) -> int:
        """At 0, 512, and each double of it (II)."""
        for place in (0, *(512 << i for i in range(_PLACES))):
            if place + 48 > self.pages.size:
                break
            if self.pages.take(place, 8) == SIGNATURE:
                return place
        raise FormatError("HDF5: no signature")

    def _superblock(self) -> int:
        """Address of the header of the root group (II.A)."""
        if self.version in (0, 1):
            sizes, start = self.at(13, 2), 24 + 4 * self.version
            self.driver = self.number(start + 24, 8) != UNDEFINED
            root = self.number(start + 40, 8) if sizes == b"\x08\x08" else 0
        elif self.version in (2, 3):
            sizes, root, extension = self.at(9, 2), self.number(36, 8), self.number(20, 8)
            if extension != UNDEFINED and sizes == b"\x08\x08":
                self.driver = any(message.type == _DRIVER for message in self.messages(extension))
        else:
            raise NotExamined(GapReason.UNSUPPORTED, f"HDF5: superblock of version {self.version}")
        if sizes != b"\x08\x08":
            raise NotExamined(GapReason.UNSUPPORTED, f"HDF5: addresses of {sizes[0]} and lengths of {sizes[1]} bytes")
        return root

    def at(self, address: int, n: int) -> bytes:
        """Exactly `n` bytes at an address; FormatError where they are not all in the file."""
        return self.pages.take(self.base + address, n)

    def number(self, address: int, n: int) -> int:
        """An unsigned integer at an address."""
        return int.from_bytes(self.at(address, n), "little")

    def name(self, address: int) -> str:
        """A text that ends with a zero byte."""
        raw, end, _ = self.pages.upto(self.base + address, NAME).partition(b"\0")
        if not end:
            raise FormatError(f"HDF5: a name at {address} without end")
        return raw.decode("utf-8", "replace")

    # -- object headers (IV.A.1) --------------------------------------------------------------------------------------

    def messages(self, address: int) -> Iterator[Message]:
        """All messages of an object, over all blocks of its header."""
        second = self.at(address, 4) == b"OHDR"
        blocks, extra = self._second(address) if second else (self._first(address), 4)
        seen: set[int] = set()
        while blocks:
            start, size = blocks.pop(0)
            if len(seen) >= BLOCKS:
                raise NotExamined(GapReason.TOO_MANY, f"HDF5: an object header of more than {BLOCKS} blocks")
            if start in seen:
                raise FormatError("HDF5: an object header that goes round in circles")
            seen.add(start)
            for message in self._block(start, size, extra, second=second):
                self._messages += 1
                self._bytes += len(message.body)
                if self._messages > MESSAGES or self._bytes > MESSAGE_BYTES:
                    raise NotExamined(
                        GapReason.TOO_MANY, f"HDF5: more than {MESSAGES} messages or {MESSAGE_BYTES} bytes"
                    )
                if message.type == _CONTINUATION and not message.shared:
                    blocks.append(self._continued(message.body, second=second))
                else:
                    yield message

    def _first(self, address: int) -> list[tuple[int, int]]:
        head = self.at(address, 16)
        if head[0] != 1:
            raise FormatError(f"HDF5: an object header of version {head[0]} at {address}")
        return [(address + 16, int.from_bytes(head[8:12], "little"))]

    def _second(self, address: int) -> tuple[list[tuple[int, int]], int]:
        version, flags = self.at(address + 4, 2)
        if version != 2:
            raise FormatError(f"HDF5: an object header of version {version} at {address}")
        start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        return [(start + width, self.number(start, width))], 6 if flags & 4 else 4

    def _block(self, start: int, size: int, head: int, *, second: bool) -> Iterator[Message]:
        """Messages in `size` bytes; what is left at the end is a gap (IV.A.1.b)."""
        at, end, head = start, start + size, head if second else 8
        while at + head <= end:
            raw = self.at(at, head)
            if second:
                kind, length, flags = raw[0], int.from_bytes(raw[1:3], "little"), raw[3]
            else:
                kind, length, flags = int.from_bytes(raw[:2], "little"), int.from_bytes(raw[2:4], "little"), raw[4]
            at += head
            if at + length > end:
                raise FormatError(f"HDF5: a message at {at} ends outside of its header")
            yield Message(kind, self.at(at, length), bool(flags & 2))
            at += length

    def _continued(self, body: bytes, *, second: bool) -> tuple[int, int]:
        if len(body) < 16:
            raise FormatError("HDF5: a continuation without address")
        address, length = int.from_bytes(body[:8], "little"), int.from_bytes(body[8:16], "little")
        if not second:
            return address, length
        if length < 8 or self.at(address, 4) != b"OCHK":
            raise FormatError(f"HDF5: no block of an object header at {address}")
        return address + 4, length - 8

    # -- heaps --------------------------------------------------------------------------------------------------------

    def local_heap(self, address: int) -> int:
        """Where the names of a group begin (III.D)."""
        if self.at(address, 5) != b"HEAP\0":
            raise FormatError(f"HDF5: no local heap at {address}")
        return self.number(address + 24, 8)

    def heap_object(self, address: int, index: int) -> tuple[int, int]:
        """Address and size of an object of a global heap (III.E)."""
        if address not in self._heaps:
            self._heaps[address] = self._heap(address)
        found = self._heaps[address].get(index)
        if found is None:
            raise FormatError(f"HDF5: no object {index} in the heap at {address}")
        return found

    def _heap(self, address: int) -> dict[int, tuple[int, int]]:
        if self.at(address, 5) != b"GCOL\1":
            raise FormatError(f"HDF5: no global heap at {address}")
        at, end = address + 16, address + self.number(address + 8, 8)
        found: dict[int, tuple[int, int]] = {}
        while at + 16 <= end:
            self._objects += 1
            if self._objects > HEAP_OBJECTS:
                raise NotExamined(GapReason.TOO_MANY, f"HDF5: more than {HEAP_OBJECTS} objects in heaps")
            index, size = self.number(at, 2), self.number(at + 8, 8)
            if index == 0:  # the free space at the end
                break
            found.setdefault(index, (at + 16, size))
            at += 16 + -(-size // 8) * 8
        return found
