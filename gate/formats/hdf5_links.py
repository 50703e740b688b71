"""Groups of HDF5 files: hard links to what they hold, and all other links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.hdf5_file import NAME, File

LINKS = 200_000
"""Links of one file."""
_DEPTH = 16
"""Levels of a tree of names."""
_EXTERNAL = 64


@dataclass(frozen=True, slots=True)
class Link:
    """A link at `path`: `soft` to another path, `external` to a path in another `file`, or of a `user` type."""

    path: str
    kind: str
    file: str
    target: str


class Links:
    """Collects the links of one file that are not hard."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._count = 0
        self.found: list[Link] = []

    def _step(self, count: int = 1) -> None:
        self._count += count
        if self._count > LINKS:
            raise NotExamined(GapReason.TOO_MANY, f"HDF5: more than {LINKS} links")

    def table(self, path: str, body: bytes) -> Iterator[tuple[str, int]]:
        """Hard links of a group in the old form: a tree of names and a heap with them (III.A.1, III.C)."""
        if len(body) < 16:
            raise FormatError("HDF5: a symbol table without addresses")
        names = self._file.local_heap(int.from_bytes(body[8:16], "little"))
        todo, seen = [(int.from_bytes(body[:8], "little"), 0)], set[int]()
        while todo:
            address, depth = todo.pop()
            if address in seen or depth > _DEPTH:
                raise FormatError("HDF5: a tree of names that goes round in circles")
            seen.add(address)
            if self._file.at(address, 4) == b"SNOD":
                yield from self._symbols(path, address, names)
            else:
                todo += [(child, depth + 1) for child in self._children(address)]

    def _children(self, address: int) -> list[int]:
        head = self._file.at(address, 8)
        if head[:5] != b"TREE\0":
            raise FormatError(f"HDF5: no node of a tree of names at {address}")
        used = int.from_bytes(head[6:8], "little")
        self._step(used)
        return [self._file.number(address + 32 + 16 * i, 8) for i in reversed(range(used))]

    def _symbols(self, path: str, address: int, names: int) -> Iterator[tuple[str, int]]:
        for i in range(self._file.number(address + 6, 2)):
            self._step()
            entry = self._file.at(address + 8 + 40 * i, 40)
            name = self._file.name(names + int.from_bytes(entry[:8], "little"))
            if int.from_bytes(entry[16:20], "little") == 2:
                target = self._file.name(names + int.from_bytes(entry[24:28], "little"))
                self.found.append(Link(f"{path}/{name}", "soft", "", target))
            else:
                yield name, int.from_bytes(entry[8:16], "little")

    def message(self, path: str, body: bytes) -> Iterator[tuple[str, int]]:
        """One link in the new form (IV.A.2.g)."""
        self._step()
        parts = _Parts(body)
        version, flags = parts.number(1), parts.number(1)
        if version != 1:
            raise FormatError(f"HDF5: a link of version {version}")
        kind = parts.number(1) if flags & 8 else 0
        parts.take((8 if flags & 4 else 0) + (1 if flags & 0x10 else 0))
        name = _decoded(parts.take(parts.number(1 << (flags & 3))))
        if kind == 0:
            yield name, parts.number(8)
            return
        value = parts.take(parts.number(2))
        if kind == 1:
            self.found.append(Link(f"{path}/{name}", "soft", "", _decoded(value)))
        elif kind == _EXTERNAL:
            where, _, target = value[1:].partition(b"\0")
            self.found.append(Link(f"{path}/{name}", "external", _decoded(where), _decoded(target)))
        else:
            self.found.append(Link(f"{path}/{name}", "user", "", str(kind)))

    def external_files(self, body: bytes) -> tuple[str, ...]:
        """Names of the files in an external data message (IV.A.2.h)."""
        if len(body) < 16 or body[0] != 1:
            raise FormatError("HDF5: a list of external files of an unknown version")
        used = int.from_bytes(body[6:8], "little")
        names = self._file.local_heap(int.from_bytes(body[8:16], "little"))
        if len(body) < 16 + 24 * used:
            raise FormatError("HDF5: a list of external files that ends outside of its message")
        spots = (int.from_bytes(body[16 + 24 * i : 24 + 24 * i], "little") for i in range(used))
        return tuple(self._file.name(names + spot) for spot in spots)


class _Parts:
    """The fields of one message, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, n: int) -> bytes:
        data = self._body[self._at : self._at + n]
        self._at += n
        if self._at > len(self._body):
            raise FormatError("HDF5: a link that ends outside of its message")
        return data

    def number(self, n: int) -> int:
        return int.from_bytes(self.take(n), "little")


def _decoded(raw: bytes) -> str:
    return raw[:NAME].partition(b"\0")[0].decode("utf-8", "replace")
