"""Zstandard and LZ4 frames: how they begin, and their decompressors, imported when the first of them is met.

RFC 8878, 3.1; https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from gate.core.errors import MissingExtra

ZSTD, LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
_SKIPPABLE = b"\x2a\x4d\x18"
"""Behind a byte of 0x50 to 0x5f (RFC 8878, 3.1.2); both formats have such frames, and they hold nothing."""
_WINDOW_LOG = 27
"""A window of 128 MiB, which is what `zstd -d` allows without `--long`."""


def first(head: bytes) -> str | None:
    """`zstd` or `lz4` where the first frame that is not skippable says so, `zstd` where it lies behind `head`."""
    at, skipped = 0, False
    while head[at + 1 : at + 4] == _SKIPPABLE and head[at] & 0xF0 == 0x50 and at + 8 <= len(head):
        at += 8 + int.from_bytes(head[at + 4 : at + 8], "little")
        skipped = True
    if head.startswith(ZSTD, at) or (skipped and at >= len(head)):
        return "zstd"
    return "lz4" if head.startswith(LZ4, at) else None


@cache
def _zstd() -> Any:
    """The standard library's module (Python 3.14), or the same one from the package index."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise MissingExtra("backports.zstd", "scan")


@cache
def _lz4() -> Any:
    try:
        return import_module("lz4.frame")
    except ImportError:
        raise MissingExtra("lz4", "scan") from None


def zstd() -> Any:
    """A decompressor of one Zstandard frame; MissingExtra without its library."""
    module = _zstd()
    return module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: _WINDOW_LOG})


def lz4() -> Any:
    """A decompressor of one LZ4 frame; MissingExtra without its library."""
    return _lz4().LZ4FrameDecompressor()


@cache
def damage(name: str) -> tuple[type[Exception], ...]:
    """What the decompressor of this format raises for damaged data; lz4 has no type of its own."""
    return (_zstd().ZstdError,) if name == "zstd" else (RuntimeError,) if name == "lz4" else ()
