"""Where bytes stand in a range of a source, read block by block."""

from __future__ import annotations

from gate.archive.source import Source

_FIRST, _BLOCK = 2**10, 2**20
"""Bytes of the first read and of the largest: mostly it stands close by."""


def find(source: Source, start: int, end: int, needles: tuple[bytes, ...], align: int = 1) -> int:
    """The first offset in the range, a multiple of `align`, at which one of `needles` stands; -1 for none."""
    overlap = max(map(len, needles)) - 1
    end = min(end, source.size)
    at, ahead = start, _FIRST
    while at < end:
        block = source.read_at(at, min(ahead, end - at))
        ahead = min(4 * ahead, _BLOCK)
        places = [place for needle in needles if (place := _aligned(block, needle, -at % align, align)) >= 0]
        if places:
            return at + min(places)
        if at + len(block) >= end or not block:
            return -1
        at += len(block) - overlap
        source.tick()
    return -1


def _aligned(block: bytes, needle: bytes, phase: int, align: int) -> int:
    place = block.find(needle)
    while place >= 0 and place % align != phase:
        place = block.find(needle, place + 1)
    return place
