"""Compressed streams, unpacked block by block with bounded output."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gate.archive.source import BLOCK, Source
from gate.core.errors import FormatError

fast: Any
try:  # 2-3 times faster than zlib, and its CRC 10 times; part of the extra `scan`
    from isal import isal_zlib as fast
    from isal.isal_zlib import crc32
except ImportError:
    fast = zlib
    from zlib import crc32

__all__ = ["BY_NAME", "Packing", "crc32", "inflate", "packing", "peek", "unpack"]

_LZMA_MEMORY = 2**28
"""Dictionary memory that an xz stream may ask for, in bytes; `xz -9` asks for 64 MiB."""
_PEEK = 2**12
_ERRORS: tuple[type[Exception], ...] = (zlib.error, fast.error, lzma.LZMAError, OSError, EOFError, ValueError)
"""bz2 raises OSError for bad data, lzma MemoryError's cousin LZMAError; all mean the same here."""


@dataclass(frozen=True, slots=True)
class Packing:
    """One compressed stream format: its name, how it begins, and a new decompressor."""

    name: str
    magic: bytes
    engine: Callable[[], Any]


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", lambda: fast.decompressobj(31)),  # RFC 1952
    Packing("bzip2", b"BZh", bz2.BZ2Decompressor),
    Packing("xz", b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY)),
    Packing("lzma", b"\x5d\0\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY)),
    Packing("zlib", b"\x78", lambda: fast.decompressobj(15)),  # RFC 1950; what joblib writes by default
)
BY_NAME = {packing.name: packing for packing in PACKINGS}
_FIRST = frozenset(packing.magic[:1] for packing in PACKINGS)
_RAW = Packing("deflate", b"", lambda: fast.decompressobj(-15))


def packing(head: bytes) -> Packing | None:
    """The stream format that these bytes begin, proved by unpacking the first of them."""
    for candidate in PACKINGS if head[:1] in _FIRST else ():
        if head.startswith(candidate.magic) and _begins(candidate, head):
            return candidate
    return None


def _begins(candidate: Packing, head: bytes) -> bool:
    if candidate.name == "zlib" and (len(head) < 6 or int.from_bytes(head[:2], "big") % 31 != 0):
        return False  # RFC 1950: the header is a multiple of 31
    if candidate.name in ("gzip", "bzip2", "xz"):
        return True  # a magic number of three bytes and more: a damaged one is a damaged archive
    return bool(peek(candidate, head))


def peek(candidate: Packing, head: bytes) -> bytes:
    """The first bytes (4 KiB at most) behind `head`; empty when they cannot be unpacked."""
    try:
        data: bytes = candidate.engine().decompress(head, _PEEK)
    except _ERRORS:
        return b""
    return data


def inflate(source: Source, start: int, size: int) -> Iterator[bytes]:
    """Blocks out of a raw DEFLATE stream (RFC 1951) that fills the range; FormatError when it does not."""
    return _unpack(_RAW, source, start, start + size)


def unpack(kind: Packing, source: Source) -> Iterator[bytes]:
    """Blocks out of a whole source of one or more streams; zero bytes may follow, anything else is a FormatError."""
    return _unpack(kind, source, 0, source.size)


def _unpack(kind: Packing, source: Source, at: int, end: int) -> Iterator[bytes]:
    engine = kind.engine()
    while at < end:
        data = source.read_at(at, min(BLOCK, end - at))
        if not data:
            break
        at += len(data)
        while data:
            if engine.eof:
                data = data.lstrip(b"\0") if kind is not _RAW else data
                if data and kind in (_RAW, BY_NAME["zlib"], BY_NAME["lzma"]):
                    raise FormatError(f"{kind.name}: data after its end")
                if not data:
                    break
                engine = kind.engine()
            yield from _feed(kind, engine, data)
            data = engine.unused_data if engine.eof else b""
    if not engine.eof:
        raise FormatError(f"{kind.name}: ends before its end mark")


def _feed(kind: Packing, engine: Any, data: bytes) -> Iterator[bytes]:
    while not engine.eof:
        try:
            out = engine.decompress(data, BLOCK)
        except _ERRORS as error:
            raise FormatError(f"{kind.name}: damaged: {error}") from error
        if out:
            yield out
        data = getattr(engine, "unconsumed_tail", b"")
        if not data and len(out) < BLOCK:
            return
