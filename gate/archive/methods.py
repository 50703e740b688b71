"""Compression methods of zip entries: how the bytes of each are unpacked, and which cannot be.

Numbers and layouts: APPNOTE.TXT 6.3.10, 4.4.5 and 5.8, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from gate.archive import frames
from gate.archive.source import Source
from gate.archive.unpack import Packing, inflate, single
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

STORED, DEFLATED = 0, 8
_UNSUPPORTED = {
    1: "shrink", 2: "reduce", 3: "reduce", 4: "reduce", 5: "reduce", 6: "implode", 9: "deflate64", 10: "PKWARE implode",
    16: "IBM CMPSC", 18: "IBM TERSE", 19: "IBM LZ77", 94: "MP3", 96: "JPEG", 97: "WavPack", 98: "PPMd",
}  # fmt: skip
_AES = 99
"""Not a method: the real one stands in an extra field, and the data is encrypted (WinZip AE-1 and AE-2)."""
_LZMA_HEADER = 9
"""Bytes before an LZMA stream (5.8.8): version, size of the properties, properties."""
_LZMA_PROPERTIES = 5
_LZMA_END_MARK = 0x0002
"""General purpose bit 1 (4.4.4): the stream ends with a mark, not where the size says."""
DICTIONARY = 2**28
"""Bytes that a dictionary of LZMA or xz may have; `7z -mx=9` asks for 64 MiB."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The bytes of one entry as they lie in the archive, with what its header says of them."""

    source: Source
    method: int
    flags: int
    size: int


Stream = Callable[[], Iterator[bytes]]
"""Unpacks from the start each time it is called, in blocks, to the end of the one stream that fills the entry."""


def stream(packed: Packed) -> Stream:
    """How to unpack an entry. NotExamined when nobody here can, or when it asks for too much memory."""
    if packed.method == DEFLATED:  # nearly all of them
        return partial(inflate, packed.source, 0, packed.source.size)
    opener = _OPENERS.get(packed.method)
    if opener is not None:
        return opener(packed)
    if packed.method == _AES:
        raise NotExamined(GapReason.ENCRYPTED, "zip: encrypted with AES")
    name = _UNSUPPORTED.get(packed.method, "unknown")
    raise NotExamined(GapReason.UNSUPPORTED, f"zip: compression method {packed.method} ({name})")


def _bzip2(packed: Packed) -> Stream:
    return _whole(packed, Packing("bzip2", b"", bz2.BZ2Decompressor, exact=True))


def _xz(packed: Packed) -> Stream:
    return _whole(packed, Packing("xz", b"", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, DICTIONARY), exact=True))


def _lzma(packed: Packed) -> Stream:
    """LZMA behind a header of its own, which is turned into that of a .lzma file: liblzma then knows where it ends."""
    head = packed.source.read_at(0, _LZMA_HEADER)
    if len(head) < _LZMA_HEADER or int.from_bytes(head[2:4], "little") != _LZMA_PROPERTIES:
        raise FormatError("zip: damaged LZMA header")
    dictionary = int.from_bytes(head[5:9], "little")
    if dictionary > DICTIONARY:
        raise NotExamined(GapReason.TOO_LARGE, f"zip: an LZMA dictionary of {dictionary} bytes")
    size = 2**64 - 1 if packed.flags & _LZMA_END_MARK else packed.size
    header = head[4:] + size.to_bytes(8, "little")

    def engine() -> Any:
        primed = lzma.LZMADecompressor(lzma.FORMAT_ALONE, 2 * DICTIONARY)  # what it takes beside the dictionary
        primed.decompress(header, 0)
        return primed

    try:
        engine()
    except lzma.LZMAError as error:
        raise FormatError(f"zip: damaged LZMA header: {error}") from error
    body = packed.source.window(_LZMA_HEADER, packed.source.size - _LZMA_HEADER)
    return lambda: single(Packing("lzma", b"", engine, exact=True), body, 0, body.size)


def _zstd(packed: Packed) -> Stream:
    frames.zstd()  # a missing library is said before anything is read
    return _whole(packed, Packing("zstd", b"", frames.zstd, exact=True))


def _whole(packed: Packed, kind: Packing) -> Stream:
    return lambda: single(kind, packed.source, 0, packed.source.size)


_OPENERS: dict[int, Callable[[Packed], Stream]] = {12: _bzip2, 14: _lzma, 20: _zstd, 93: _zstd, 95: _xz}
"""20 is what 93 was called for two months (4.4.5)."""
