"""CUDA containers: which images of device code a library holds, without unpacking one.

NVIDIA publishes the wrapper (fatbinary_section.h of the toolkit) and no layout of the rest; this one was compared with
cuobjdump 13.5 over 21,900 images of 25 libraries. All numbers are little-endian.

    container  u32 0xBA55ED50, u16 version 1, u16 header size 16, u64 size of what follows
    image      u16 kind, u16, u32 header size, u64 payload size, u32 compressed size, u32, u16 minor, u16 major,
               u32 architecture, u32, u32, u64 flags, u64, u64 uncompressed size; rest of the header; payload
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.find import find

MAGIC = b"\x50\xed\x55\xba"
WRAPPER = b"\xb1\x43\x62\x46"
"""Begins the record that a program registers a container with; its second word is 1, or 2 after device linking."""
IMAGES = 200_000
"""Images of one file; the library with the most, cublasLt of CUDA 13, has 5,737."""
_CONTAINER, _IMAGE = Struct("<LHHQ"), Struct("<HHLQLLHHLLLQQQ")
_PEEK = _CONTAINER.size + _IMAGE.size
_KINDS = {1: "ptx", 2: "cubin", 4: "cubin", 8: "nvvm", 16: "mercury"}
_LZ4, _ZSTD, _A, _F = 0x2000, 0x8000, 0x100000, 0x200000
_HEADER = 2**20
_STUB_PACKED, _STUB = 1800, 4096
"""Device linking leaves cubins without a kernel of 872 to 1,664 bytes; the smallest with one has 2,984."""
_ARCHITECTURES = range(10, 1000)


class Image(NamedTuple):
    """One image: `kind` cubin (machine code), ptx, nvvm (for linking), mercury, or unknown-<number>.

    `arch` is 90 for sm_90, `suffix` a (this one only), f (its family) or "". `version` is that of PTX where kind is
    ptx, else of the code format. `compression` is lz4, zstd, unknown or "". `size` is what is stored, in bytes,
    `offset` where its header begins. `stub` is left by the linker and holds no kernel.
    """

    kind: str
    arch: int
    suffix: str
    version: tuple[int, int]
    compression: str
    size: int
    offset: int
    stub: bool


class Container(NamedTuple):
    """Images of the same code, of which the driver takes one. `damaged` says what is wrong with it, else ""."""

    offset: int
    images: tuple[Image, ...]
    damaged: str = ""


def containers(source: Source, start: int, size: int) -> Iterator[Container]:
    """All containers of a range; NotExamined for more than IMAGES images.

    What is no container is passed over: they are aligned to eight bytes, with padding between them.
    """
    at, end, total = start, start + size, 0
    while at < end:
        peek = source.read_at(at, _PEEK)
        if peek[:4] != MAGIC or at % 8:
            at = find(source, at, end, (MAGIC,), 8)
            if at < 0:
                return
            peek = source.read_at(at, _PEEK)
        if len(peek) < _CONTAINER.size or peek[4:8] != b"\x01\0\x10\0":
            at += 8
            continue
        container, behind = _container(source, at, end, peek)
        total += len(container.images)
        if total > IMAGES:
            raise NotExamined(GapReason.TOO_MANY, f"more than {IMAGES} images of device code")
        yield container
        at = -(-behind // 8) * 8


def _container(source: Source, start: int, end: int, peek: bytes) -> tuple[Container, int]:
    """A container, and where to go on: behind its header, if it is damaged."""
    at = start + _CONTAINER.size
    behind = at + int(_CONTAINER.unpack_from(peek)[3])
    images: list[Image] = []
    try:
        if behind > end:
            raise FormatError("a container of device code reaches out of its section")
        while at < behind:
            head = peek[_CONTAINER.size :] if not images else source.read_at(at, _IMAGE.size)
            image, at = _image(source, at, behind, head)
            images.append(image)
            if len(images) > IMAGES:
                break
    except FormatError as error:
        return Container(start, tuple(images), str(error)), max(start + _CONTAINER.size, at)
    return Container(start, tuple(images)), behind


def _image(source: Source, at: int, end: int, head: bytes) -> tuple[Image, int]:
    if end - at < _IMAGE.size or len(head) < _IMAGE.size:
        raise FormatError("a container of device code ends inside of an image's header")
    kind, _, header, payload, packed, _, minor, major, arch, _, _, flags, _, whole = _IMAGE.unpack_from(head)
    if not _IMAGE.size <= header <= _HEADER or at + header + payload > end or packed > payload:
        raise FormatError("an image of device code reaches out of its container")
    if arch not in _ARCHITECTURES:
        raise FormatError(f"an image of device code for the unknown architecture {arch}")
    name = _KINDS.get(kind, f"unknown-{kind}")
    compression = ("zstd" if flags & _ZSTD else "lz4" if flags & _LZ4 else "unknown") if packed else ""
    stub = name == "cubin" and _is_stub(source, at + header, payload, whole if packed else 0)
    suffix = "a" if flags & _A else "f" if flags & _F else ""
    image = Image(name, arch, suffix, (major, minor), compression, packed or payload, at, stub)
    return image, at + header + payload


def _is_stub(source: Source, at: int, size: int, unpacked: int) -> bool:
    """Whether a cubin holds no kernel; `unpacked` is 0 where it is stored as it is."""
    if unpacked:
        return unpacked < _STUB_PACKED
    return size < _STUB and b".text." not in source.read_at(at, size)
