"""Bundles of code for AMD GPUs, plain and compressed: for which of them a library holds code.

https://clang.llvm.org/docs/ClangOffloadBundler.html; all numbers are little-endian.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from struct import unpack_from

from gate.archive import frames
from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.find import find

PLAIN, PACKED = b"__CLANG_OFFLOAD_BUNDLE__", b"CCOB"
WRAPPER = b"FPIH"
"""Begins the record that a program registers a bundle with."""
BUNDLES = 100_000
"""Bundles of one file: one for each source file, of which PyTorch has 1,000."""
_ENTRIES, _ID = 1024, 1024
_HEAD = 2**16
"""Bytes of a bundle that are read or unpacked: its table stands first."""
_SIZED = {2: (24, "<L", 8), 3: (32, "<Q", 8)}
"""By the version of a compressed bundle: size of its header, and how and where it says the size of the whole."""
_TARGET = re.compile(rb"-(gfx[0-9a-z]{1,12}(?:-[0-9])?(?:-generic)?(?::[a-z]{1,16}[+-]){0,4})\Z")


def targets(source: Source, start: int, size: int) -> Iterator[str]:
    """The targets of all bundles of a range, as `gfx90a:xnack-`, one after the other; FormatError for a damaged one."""
    at, end = start, start + size
    for _ in range(BUNDLES):
        at = find(source, at, end, (PLAIN, PACKED), 8)
        if at < 0:
            return
        head = source.read_at(at, min(_HEAD, end - at))
        total = -1
        if head.startswith(PACKED):
            unpacked = _unpacked(head)
            if unpacked is None:
                at += 8
                continue
            head, total = unpacked
        found, reach = _table(head)
        yield from found
        at = -(-(at + max(reach if total < 0 else total, 8)) // 8) * 8
    raise NotExamined(GapReason.TOO_MANY, f"more than {BUNDLES} bundles of device code")


def _table(head: bytes) -> tuple[list[str], int]:
    """The targets of a bundle, and its size."""
    if not head.startswith(PLAIN) or len(head) < 32:
        raise FormatError("a bundle of device code has no table")
    count, at, found, reach = unpack_from("<Q", head, 24)[0], 32, [], 0
    for _ in range(count):
        if count > _ENTRIES or at + 24 > len(head):
            raise FormatError("the table of a bundle of device code is not whole")
        offset, size, length = unpack_from("<QQQ", head, at)
        name = head[at + 24 : at + 24 + length] if length <= _ID else b""
        if not name or len(name) < length:
            raise FormatError("the table of a bundle of device code is not whole")
        at, reach = at + 24 + length, max(reach, offset + size)
        match = _TARGET.search(name)
        if match and size:
            found.append(match[1].decode())
    return found, min(reach, 2**48)


def _unpacked(head: bytes) -> tuple[bytes, int] | None:
    """The beginning of a compressed bundle and its size, 0 if it does not say; None for what only looks like one."""
    if len(head) < 32:
        return None
    version, method = unpack_from("<HH", head, 4)
    if version not in (1, 2, 3) or method not in (0, 1):
        return None
    start, total = 20, 0
    if version in _SIZED:
        start, shape, place = _SIZED[version]
        total = unpack_from(shape, head, place)[0]
    damage = frames.damage("zstd") if method else (zlib.error,)
    try:
        if method:
            return frames.zstd().decompress(head[start:], _HEAD), min(total, 2**48)
        return zlib.decompressobj().decompress(head[start:], _HEAD), min(total, 2**48)
    except damage:
        raise FormatError("a bundle of device code is damaged") from None
