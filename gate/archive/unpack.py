"""Compressed streams, unpacked block by block with bounded output."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gate.archive import frames
from gate.archive.source import BLOCK, Source
from gate.archive.unsound import Unsound
from gate.core.errors import FormatError, MissingExtra

fast: Any
try:  # 2-3 times faster than zlib, and its CRC 10 times; part of the extra `scan`
    from isal import isal_zlib as fast
    from isal.isal_zlib import crc32
except ImportError:
    fast = zlib
    from zlib import crc32

__all__ = ["BY_NAME", "Packing", "crc32", "inflate", "packing", "peek", "single", "unpack"]

_LZMA_MEMORY = 2**28
"""Dictionary memory that an xz stream may ask for, in bytes; `xz -9` asks for 64 MiB."""
_LZMA_DICTIONARY = (2**16).to_bytes(4, "little")
_PEEK = 2**12
_LATER = 2**13
"""Bytes fed at once from the second stream on: what is not used is copied, and there may be thousands in a block."""
_BLOCK_OR_END = (b"1AY&SY", b"\x17rE8P\x90")
"""Behind `BZh9`: pi in BCD begins a block, its square root ends a stream."""
_NOT_ZERO = re.compile(rb"[^\0]")
_ERRORS: tuple[type[Exception], ...] = (zlib.error, fast.error, lzma.LZMAError, OSError, EOFError, ValueError)
"""bz2 raises OSError for bad data, lzma MemoryError's cousin LZMAError; all mean the same here."""


_SKIPPABLE = frozenset(bytes((first,)) for first in range(0x50, 0x60))
"""First bytes of a frame that zstd and lz4 pass over."""


@dataclass(frozen=True, slots=True)
class Packing:
    """One compressed stream format: its name, how it begins, a new decompressor (MissingExtra without its library)."""

    name: str
    magic: bytes
    engine: Callable[[], Any]
    exact: bool = False
    """Nothing may follow, zeros neither."""
    alone: bool = False
    """Only one stream to a file: what follows is something else."""

    def follows(self, data: bytes) -> bool:
        """Whether these bytes, perhaps the first few of them, begin another stream behind the first one."""
        if self.alone:
            return False
        return data.startswith(self.magic[: len(data)]) or (data[:1] in _SKIPPABLE and self.name in ("zstd", "lz4"))


PACKINGS = (
    Packing("gzip", b"\x1f\x8b\x08", lambda: fast.decompressobj(31)),  # RFC 1952
    Packing("bzip2", b"BZh", bz2.BZ2Decompressor),
    Packing("xz", b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY)),
    Packing("lzma", b"\x5d\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY), alone=True),
    Packing("zlib", b"\x78", lambda: fast.decompressobj(15), alone=True),  # RFC 1950; what joblib writes by default
    Packing("zstd", frames.ZSTD, frames.zstd),
    Packing("lz4", frames.LZ4, frames.lz4),
)
BY_NAME = {packing.name: packing for packing in PACKINGS}
_FIRST = frozenset(packing.magic[:1] for packing in PACKINGS)
BEGINNINGS = _FIRST | _SKIPPABLE
"""First bytes of every compressed stream."""
_RAW = Packing("deflate", b"", lambda: fast.decompressobj(-15), exact=True)


def packing(head: bytes) -> Packing | None:
    """The stream format that these bytes begin, proved by unpacking the first of them."""
    for candidate in PACKINGS if head[:1] in _FIRST else ():
        if head.startswith(candidate.magic) and _begins(candidate, head):
            return candidate
    framed = frames.first(head) if head[:1] in _SKIPPABLE else None
    return None if framed is None else BY_NAME[framed]


def _begins(candidate: Packing, head: bytes) -> bool:
    if candidate.name in ("gzip", "xz", "zstd", "lz4"):
        return True  # a magic number of three bytes and more: a damaged one is a damaged archive
    if candidate.name == "bzip2":
        return head[4:10] in _BLOCK_OR_END
    if candidate.name == "lzma":
        return may_be_lzma(head) and bool(peek(candidate, head))
    if len(head) < 6 or int.from_bytes(head[:2], "big") % 31 != 0:
        return False  # RFC 1950: the header is a multiple of 31
    try:  # 64 KiB may well unpack to nothing: empty blocks are legal
        return bool(candidate.engine().decompress(head, _PEEK)) or len(head) >= 2**16
    except _ERRORS:
        return False


def may_be_lzma(head: bytes) -> bool:
    """Whether liblzma would try these bytes as a .lzma file when it has to guess; arrays of small numbers pass as well.

    Without a magic number there are only sizes of dictionary and data to go by (lzma-file-format.txt, 1.1).
    """
    if len(head) < 14 or head[13] or head[0] >= 9 * 5 * 5:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    power = dictionary // 3 if dictionary % 3 == 0 else dictionary
    return (power & (power - 1) == 0 or dictionary == 2**32 - 1) and (size < 2**38 or size == 2**64 - 1)


def peek(candidate: Packing, head: bytes) -> bytes:
    """The first bytes (4 KiB at most) behind `head`; empty when they cannot be unpacked."""
    if candidate.name == "lzma":  # they need no dictionary of gigabytes, whatever the header asks for
        head = head[:1] + _LZMA_DICTIONARY + head[5:]
    try:
        engine = candidate.engine()
        data: bytes = engine.decompress(head, _PEEK)
        while not data and engine.eof and engine.unused_data:  # a frame that holds nothing may stand in front
            engine, head = candidate.engine(), engine.unused_data
            data = engine.decompress(head, _PEEK)
    except (*_ERRORS, *_damage(candidate)):
        return b""
    return data


def _damage(kind: Packing) -> tuple[type[Exception], ...]:
    """What its engine raises for damaged data, or because there is none."""
    try:
        return (*frames.damage(kind.name), MissingExtra)
    except MissingExtra:
        return (MissingExtra,)


def inflate(source: Source, start: int, size: int) -> Iterator[bytes]:
    """Blocks out of a raw DEFLATE stream (RFC 1951) that fills the range; FormatError when it does not."""
    return single(_RAW, source, start, size)


def single(kind: Packing, source: Source, start: int, size: int) -> Iterator[bytes]:
    """Blocks out of one stream that fills the range; FormatError when it does not."""
    return _unpack(kind, lambda: source, start, start + size)


def unpack(kind: Packing, reopen: Callable[[], Source]) -> Iterator[bytes]:
    """Blocks out of a whole source of one or more streams; zero bytes may follow, anything else is a FormatError.

    `reopen` gives the source from its start: damaged data is read a second time.
    """
    source = reopen()
    return _unpack(kind, reopen, 0, source.size)


class _Damaged(FormatError):
    """`at` is where the block begins that cannot be unpacked."""

    def __init__(self, detail: str, at: int) -> None:
        super().__init__(detail)
        self.at = at


def _unpack(kind: Packing, reopen: Callable[[], Source], start: int, end: int) -> Iterator[bytes]:
    """All bytes before the first damaged one: a loader that streams would have acted on them.

    A decompressor that fails keeps back what it had unpacked in that call, so the block is then fed byte by byte.
    """
    given = 0
    try:
        for block in _blocks(kind, reopen(), start, end, end):
            given += len(block)
            yield block
    except _Damaged as damage:
        with suppress(_Damaged):
            for block in _blocks(kind, reopen(), start, end, damage.at):
                known = min(given, len(block))
                given -= known
                if known < len(block):
                    yield block[known:]
        raise FormatError(str(damage)) from damage


def _blocks(kind: Packing, source: Source, at: int, end: int, crumbs: int) -> Iterator[bytes]:
    """One pass; from byte `crumbs` on in steps of one byte."""
    engine, step = kind.engine(), BLOCK
    while at < end:
        data = source.read_at(at, min(BLOCK, end - at))
        if not data:
            break
        i = 0
        while i < len(data):
            if engine.eof:
                i = _gap(kind, data, i)
                if i == len(data):
                    break
                engine, step = kind.engine(), _LATER
            part = data[i : i + (step if at < crumbs else 1)]
            yield from _feed(kind, engine, part, at)
            i += len(part) - (len(engine.unused_data or b"") if engine.eof else 0)
        at += len(data)
    if not engine.eof:
        raise FormatError(f"{kind.name}: ends before its end mark")


def _gap(kind: Packing, data: bytes, i: int) -> int:
    """Where the next stream begins, behind zero bytes if any."""
    following = _NOT_ZERO.search(data, i)
    if kind.exact:
        raise FormatError(f"{kind.name}: data after its end")
    if following and not kind.follows(data[following.start() :]):
        raise Unsound(f"{kind.name}: data after its end", "archive.stream-behind-end", kind.name)
    return following.start() if following else len(data)


def _feed(kind: Packing, engine: Any, data: bytes, at: int) -> Iterator[bytes]:
    while not engine.eof:
        try:
            out = engine.decompress(data, BLOCK)
        except (*_ERRORS, *frames.damage(kind.name)) as error:
            raise _Damaged(f"{kind.name}: damaged: {error}", at) from error
        if out:
            yield out
        data = getattr(engine, "unconsumed_tail", b"")
        if not data and len(out) < BLOCK and getattr(engine, "needs_input", True):
            return
