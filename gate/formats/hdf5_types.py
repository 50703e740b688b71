"""Datatypes, dataspaces and values of HDF5 (IV.A.2.b, IV.A.2.d of the specification that hdf5_file.py names)."""

from __future__ import annotations

from dataclasses import dataclass

from gate.core.errors import FormatError
from gate.formats.hdf5_file import UNDEFINED, File

_CLASSES = ("int", "float", "time", "string", "bitfield", "opaque", "compound", "reference", "enum", "vlen", "array")
_RANK = 32
"""H5S_MAX_RANK."""


@dataclass(frozen=True, slots=True)
class Datatype:
    """`name` as numpy's where there is one; `size` bytes of an element; `text` says how texts are written, or ""."""

    name: str
    size: int
    text: str = ""


def datatype(body: bytes) -> Datatype:
    """A datatype message."""
    if len(body) < 8:
        raise FormatError("HDF5: a datatype without size")
    kind, bits, size = body[0] & 15, body[1], int.from_bytes(body[4:8], "little")
    if kind >= len(_CLASSES):
        raise FormatError(f"HDF5: a datatype of class {kind}")
    name = _CLASSES[kind]
    if name == "int":
        return Datatype(f"{'' if bits & 8 else 'u'}int{8 * size}", size)
    if name == "float":
        brain = size == 2 and len(body) >= 14 and body[13] == 8  # exponent of 8 bits
        return Datatype("bfloat16" if brain else f"float{8 * size}", size)
    if name == "string":
        return Datatype(name, size, "fixed")
    if name == "vlen" and bits & 15 == 1:
        return Datatype("string", size, "vlen")
    return Datatype(name, size)


def dataspace(body: bytes) -> tuple[int, ...] | None:
    """The shape in a dataspace message; () for one value, None for none."""
    if len(body) < 4 or body[0] not in (1, 2):
        raise FormatError("HDF5: a dataspace of an unknown version")
    rank, start = body[1], 8 if body[0] == 1 else 4
    if body[0] == 2 and body[3] == 2:
        return None
    if rank > _RANK or len(body) < start + 8 * rank:
        raise FormatError(f"HDF5: a dataspace of {rank} dimensions in {len(body)} bytes")
    return tuple(int.from_bytes(body[start + 8 * i : start + 8 * i + 8], "little") for i in range(rank))


def texts(file: File, kind: Datatype, count: int, data: bytes, most: int) -> tuple[str, ...]:
    """`count` values of a type of texts, each cut to `most` bytes."""
    if kind.text == "fixed":
        if kind.size * count > len(data):
            raise FormatError("HDF5: texts that end outside of their attribute")
        return tuple(_text(data[i * kind.size : (i + 1) * kind.size][:most]) for i in range(count))
    if 16 * count > len(data):
        raise FormatError("HDF5: references that end outside of their attribute")
    return tuple(_referred(file, data[16 * i : 16 * i + 16], most) for i in range(count))


def _referred(file: File, raw: bytes, most: int) -> str:
    """A length, the address of a global heap, and the index of an object in it."""
    length, address, index = (int.from_bytes(raw[i:j], "little") for i, j in ((0, 4), (4, 12), (12, 16)))
    if not length or address in (0, UNDEFINED):
        return ""
    start, size = file.heap_object(address, index)
    if length > size:
        raise FormatError("HDF5: a text that ends outside of its heap")
    return _text(file.at(start, min(length, most)))


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
