"""What is in an HDF5 file: attributes with texts, datasets without their data, and links that lead out of it.

A bounded reader of its own: the library is native code that opens external files while it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import hdf5_dense
from gate.formats import hdf5_types as types
from gate.formats.hdf5_file import UNDEFINED, File, Message
from gate.formats.hdf5_links import Link, Links

OBJECTS = 100_000
"""Groups and datasets; a model with 10,000 weights has 30,000."""
ATTRIBUTES = 100_000
TEXT = 4096
"""Bytes of a text that is kept."""
CONFIGURATION = 16 * 2**20
"""Bytes of a Keras configuration."""
KEPT = 64 * 2**20
"""Characters of all texts, names and paths."""
VALUES = 1_000_000
"""Texts of all attributes."""
DEPTH = 200
"""Levels of groups."""
LONG = frozenset({"model_config", "training_config"})
"""Attributes that are kept whole."""
_UNREAD = 100
_IGNORED = frozenset({0x00, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x10, 0x12, 0x13, 0x16})
"""Fill values, group hints, comments, times, counts."""
_LAYOUTS = ("compact", "contiguous", "chunked", "virtual")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the object at `path`; `values` only of texts, each whole only in LONG and below TEXT bytes.

    `pickle` are the bytes of a text that ends in a full stop, which PyTables unpickles.
    """

    path: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    values: tuple[str, ...]
    pickle: bytes = b""


@dataclass(frozen=True, slots=True)
class Dataset:
    """An array; `layout` compact, contiguous, chunked or virtual, `filters` their registered numbers.

    `external` are the files that hold its data, as they are spelled, for data in other files or a virtual layout.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    layout: str
    filters: tuple[int, ...]
    external: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hdf5:
    """A file; `start` is where its superblock lies. `links` are those that are not hard.

    `unread` are objects of which something was not understood, with what it was; nothing that they hold is known.
    """

    start: int
    superblock: int
    groups: int
    attributes: tuple[Attribute, ...]
    datasets: tuple[Dataset, ...]
    links: tuple[Link, ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def dtypes(self) -> tuple[tuple[str, int], ...]:
        """Type and elements of all datasets."""
        found: dict[str, int] = {}
        for item in self.datasets:
            count = prod(item.shape)
            found[item.dtype] = found.get(item.dtype, 0) + (count if count < 2**63 else 0)
        return tuple(sorted(found.items()))


def read_hdf5(source: Source) -> Hdf5:
    """A file, object by object; it needs to jump.

    Raises FormatError for what is no such file, NotExamined beyond its bounds or for addresses that are not 8 bytes.
    """
    return _Walk(File(source)).read()


class _Walk:
    def __init__(self, file: File) -> None:
        self._file = file
        self._links = Links(file)
        self._attributes: list[Attribute] = []
        self._datasets: list[Dataset] = []
        self._unread: list[tuple[str, str]] = []
        self._groups = self._values = self._kept = 0
        self._seen: set[int] = set()

    def read(self) -> Hdf5:
        file = self._file
        if file.driver:
            self._note("", "a file driver that spreads the data over files")
        next(file.messages(file.root), None)  # a file whose root is none is no file
        todo: list[tuple[str, int, int]] = [("", file.root, 0)]
        while todo:
            path, address, depth = todo.pop()
            if address in self._seen:  # a second hard link, or a circle
                continue
            self._seen.add(address)
            if len(self._seen) > OBJECTS:
                raise NotExamined(GapReason.TOO_MANY, f"HDF5: more than {OBJECTS} objects")
            file.pages.tick()
            members = self._object(path, address)
            if members and depth >= DEPTH:
                self._note(path, f"groups below {DEPTH} levels")
                continue
            self._keep(*(path + name for name, _ in members))
            todo += reversed([(f"{path}/{name}", at, depth + 1) for name, at in members])
        self._keep(*(link.path + link.file + link.target for link in self._links.found))
        return Hdf5(
            file.base,
            file.version,
            self._groups,
            tuple(self._attributes),
            tuple(self._datasets),
            tuple(self._links.found),
            tuple(self._unread),
        )

    def _keep(self, *texts: str) -> None:
        self._kept += sum(map(len, texts))
        if self._kept > KEPT:
            raise NotExamined(GapReason.BUDGET, f"HDF5: texts and names of more than {KEPT} characters")

    def _object(self, path: str, address: int) -> list[tuple[str, int]]:
        """Reads one object; names and addresses of what a group links to."""
        members: list[tuple[str, int]] = []
        parts: dict[int, bytes] = {}
        try:
            for message in self._file.messages(address):
                try:
                    self._message(path, message, members, parts)
                except NotExamined as error:  # the next message may be the one that matters
                    if error.reason not in (GapReason.CORRUPT, GapReason.UNSUPPORTED):
                        raise
                    self._note(path, str(error))
            if 0x08 in parts:
                self._datasets.append(self._dataset(path, parts))
            elif 0x03 not in parts:  # a named type has one, and no layout
                self._groups += 1
        except FormatError as error:
            self._note(path, str(error))
        return members

    def _message(self, path: str, message: Message, members: list[tuple[str, int]], parts: dict[int, bytes]) -> None:
        if message.type in _IGNORED:
            return
        if message.shared:
            self._note(path, f"message {message.type:#x} is stored elsewhere")
        elif message.type == 0x0C:
            self._attribute(path, message.body)
        elif message.type in (0x02, 0x06, 0x11):
            for member in self._members(path, message):
                members.append(member)
        elif message.type == 0x15:
            for body in self._dense(message.body, 2):
                self._attribute(path, body)
        elif message.type in (0x01, 0x03, 0x07, 0x08, 0x0B):
            parts[message.type] = message.body
        else:
            self._note(path, f"message {message.type:#x}")

    def _members(self, path: str, message: Message) -> Iterator[tuple[str, int]]:
        if message.type == 0x11:
            yield from self._links.table(path, message.body)
        elif message.type == 0x06:
            yield from self._links.message(path, message.body)
        else:
            for body in self._dense(message.body, 8):
                yield from self._links.message(path, body)

    def _dense(self, body: bytes, index: int) -> Iterator[bytes]:
        """The messages behind a link info or attribute info, whose creation index has `index` bytes (IV.A.2.c, v)."""
        start = 2 + (index if len(body) > 1 and body[1] & 1 else 0)
        heap, tree = (int.from_bytes(body[i : i + 8], "little") for i in (start, start + 8))
        if len(body) < start + 16:
            raise FormatError("HDF5: an index without addresses")
        return iter(()) if heap == UNDEFINED else hdf5_dense.objects(self._file, heap, tree)

    def _note(self, path: str, what: str) -> None:
        if len(self._unread) < _UNREAD:
            self._unread.append((path, what))

    # -- attributes (IV.A.2.m) ----------------------------------------------------------------------------------------

    def _attribute(self, path: str, body: bytes) -> None:
        if len(body) < 8 or body[0] not in (1, 2, 3):
            raise FormatError("HDF5: an attribute of an unknown version")
        version, flags = body[0], body[1] if body[0] > 1 else 0
        at = 9 if version == 3 else 8
        parts = []
        for i in (2, 4, 6):
            size = int.from_bytes(body[i : i + 2], "little")
            parts.append(body[at : at + size])
            at += -(-size // 8) * 8 if version == 1 else size
        if at > len(body):
            raise FormatError("HDF5: an attribute that ends outside of its message")
        name = parts[0].partition(b"\0")[0].decode("utf-8", "replace")
        if flags & 3:
            self._note(path, f"the type of attribute {name[:80]} is stored elsewhere")
            return
        if len(self._attributes) >= ATTRIBUTES:
            raise NotExamined(GapReason.TOO_MANY, f"HDF5: more than {ATTRIBUTES} attributes")
        kind, shape = types.datatype(parts[1]), types.dataspace(parts[2])
        values = self._texts(name, kind, shape, body[at:])
        self._keep(path, name)
        raw = body[at:].rstrip(b"\0") if kind.text and kind.size > 2 else b""
        pickle = raw if raw.endswith(b".") else b""
        self._attributes.append(Attribute(path, name, kind.name, shape or (), values, pickle))

    def _texts(self, name: str, kind: types.Datatype, shape: tuple[int, ...] | None, data: bytes) -> tuple[str, ...]:
        if not kind.text or shape is None:
            return ()
        count = prod(shape)
        self._values += count
        if self._values > VALUES:
            raise NotExamined(GapReason.TOO_MANY, f"HDF5: attributes of more than {VALUES} texts")
        values = types.texts(self._file, kind, count, data, CONFIGURATION if name in LONG else TEXT)
        self._keep(*values)
        return values

    # -- datasets -----------------------------------------------------------------------------------------------------

    def _dataset(self, path: str, parts: dict[int, bytes]) -> Dataset:
        dtype = types.datatype(parts[0x03]).name if 0x03 in parts else "unknown"
        shape = types.dataspace(parts[0x01]) if 0x01 in parts else None
        layout, outside = self._layout(path, parts[0x08])
        if 0x07 in parts:
            outside += self._links.external_files(parts[0x07])
        return Dataset(path, dtype, shape or (), layout, _filters(parts.get(0x0B, b"")), outside)

    def _layout(self, path: str, body: bytes) -> tuple[str, tuple[str, ...]]:
        """How the data are laid out, and for a virtual one the first file that they come from (IV.A.2.i)."""
        if len(body) < 3 or not 1 <= body[0] <= 5:
            raise FormatError("HDF5: a layout of an unknown version")
        kind = body[2] if body[0] < 3 else body[1]
        if kind >= len(_LAYOUTS):
            raise FormatError(f"HDF5: a layout of class {kind}")
        if _LAYOUTS[kind] != "virtual":
            return _LAYOUTS[kind], ()
        address, index = int.from_bytes(body[2:10], "little"), int.from_bytes(body[10:14], "little")
        try:
            start, size = self._file.heap_object(address, index)
            return "virtual", (self._file.name(start + 9) if size > 9 else "",)
        except FormatError:
            self._note(path, "the sources of a virtual layout")
            return "virtual", ("",)


def _filters(body: bytes) -> tuple[int, ...]:
    """Numbers of the filters of a pipeline (IV.A.2.l); below 256 they are built in, the others are plug-ins."""
    if len(body) < 2 or body[0] not in (1, 2):
        return ()
    at, found = 8 if body[0] == 1 else 2, []
    for _ in range(body[1]):
        if at + 2 > len(body):
            raise FormatError("HDF5: a pipeline that ends outside of its message")
        number = int.from_bytes(body[at : at + 2], "little")
        at += 2
        named = body[0] == 1 or number >= 256
        length = int.from_bytes(body[at : at + 2], "little") if named else 0
        at += 2 if named else 0
        values = int.from_bytes(body[at + 2 : at + 4], "little")
        padded = -(-length // 8) * 8 if body[0] == 1 else length
        at += 4 + padded + 4 * values + (4 if body[0] == 1 and values % 2 else 0)
        found.append(number)
    return tuple(found)
