"""How the entries of a zip share its bytes: sound ones lie one behind the other, without hole and overlap.

That one rule finds hidden entries, overlap bombs and most ways of making readers differ, without unpacking anything:
https://www.bamsoftware.com/hacks/zipbomb/ and You et al., "My ZIP isn't your ZIP", USENIX Security 2025.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from gate.archive.member import Remark
from gate.archive.source import BLOCK, Source
from gate.archive.zip_end import Directory
from gate.archive.zip_extra import FULL32
from gate.archive.zip_local import DESCRIBED, HEADER, behind, local_at
from gate.archive.zip_record import SIZE, Record, record, spots
from gate.core.errors import FormatError

_LIGHT = struct.Struct("<8xH18x3H8xL")
"""Flags, lengths and offset of a record: a quick look at all of them before any is listed."""
_BEYOND = 2**64 - 1
_WHEEL = b".dist-info/RECORD"
_TORCH = (b"/data.pkl", b"/byteorder", b"/.format_version")
_SIGNATURE = b"PK\x07\x08"
_SIZES = (struct.Struct("<3L"), struct.Struct("<L2Q"))
_DESCRIPTOR = 24
UNLISTED = -(2**62)
"""Locators of entries that the directory does not list count down from here."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where each local entry has to end at the latest; offsets count as those of the directory do.

    `torch`: written by PyTorch, whose stored members have descriptors behind them.
    """

    offsets: array[int]
    count: int
    ordered: bool
    end: int
    torch: bool
    remarks: tuple[Remark, ...]

    def following(self, offset: int) -> int:
        """Where the entry behind the one at `offset` begins; `offset` itself for those that share their first byte."""
        after = bisect_right(self.offsets, offset)
        if after - bisect_left(self.offsets, offset) > 1:
            return offset
        return min(self.offsets[after], self.end) if after < self.count and offset < self.end else self.end

    @property
    def first(self) -> int:
        return self.offsets[0] if self.offsets else self.end


def survey(source: Source, directory: Directory) -> Tiles:
    """One quick pass over the whole directory."""
    offsets, ordered, last = array("Q"), True, -1
    wheel = torch = described = False
    end = directory.start - directory.shift
    try:
        for buffer, i, at in spots(source, directory):
            flags, n_name, _, _, offset = _LIGHT.unpack_from(buffer, i)
            if offset == FULL32:
                offset = min(record(buffer, i, at).offset, _BEYOND)
            offsets.append(offset)
            ordered = ordered and last < offset <= end
            last = offset
            described = described or flags & DESCRIBED != 0
            name = buffer[i + SIZE : i + SIZE + n_name]
            if name.endswith(_TORCH):
                torch = True
            elif name.endswith(_WHEEL):
                wheel = wheel or name.count(b"/") == 1
    except FormatError:
        pass  # is raised again, and said, when the entries are listed
    remarks = (Remark("archive.wheel-format", "data descriptors"),) if wheel and described else ()
    if not ordered:
        offsets = array("Q", sorted(offsets))
    return Tiles(offsets, len(offsets), ordered, end, torch, remarks)


def hole(source: Source, found: Record, shift: int, following: int) -> tuple[int, int] | None:
    """The bytes between an entry and the next one, if they begin like an entry; positions in the source.

    Most are told by their headers alone: nothing is read where there is no room for a local header.
    """
    room = following - found.offset - HEADER - len(found.name) - found.packed
    if room < HEADER:
        return None
    local = local_at(source, found.offset + shift)
    if local is None:
        return None
    at = found.offset + shift + local.data + found.packed
    if (found.flags | local.flags) & DESCRIBED:
        at += behind(source.read_at(at, 24), local, found, following + shift - at)[0]
    return (at, following + shift) if following + shift - at >= HEADER and _begins(source, at) else None


def _begins(source: Source, at: int) -> bool:
    return source.read_at(at, 4) == b"PK\x03\x04"


def unlisted(source: Source, at: int, end: int) -> Iterator[Record]:
    """Local entries between two places that no directory lists: readers that stream find them."""
    while end - at >= HEADER and (local := local_at(source, at)) is not None:
        data = at + local.data
        if data > end:
            return
        packed, size, crc, more = local.packed, local.size, local.crc, 0
        if local.flags & DESCRIBED and not packed:
            packed, size, crc, more = _described(source, data, end)
        packed = min(packed, end - data)
        rules = ("archive.unlisted-entry",)
        yield Record(UNLISTED - at, local.name, local.flags, local.method, crc, packed, size, at, rules=rules)
        at = data + packed + more


def _described(source: Source, data: int, end: int) -> tuple[int, int, int, int]:
    """Sizes, checksum and length of the first descriptor that tells how far it is away; all up to `end` without one."""
    at, held = data, b""
    while block := source.read_at(at, min(BLOCK, end - at)):
        held = held[1 - _DESCRIPTOR :] + block
        at += len(block)
        spot = held.find(_SIGNATURE)
        while spot >= 0:
            for form in _SIZES:
                if len(held) >= spot + 4 + form.size:
                    crc, packed, size = form.unpack_from(held, spot + 4)
                    if packed == at - len(held) + spot - data:
                        return packed, size, crc, 4 + form.size
            spot = held.find(_SIGNATURE, spot + 1)
    return end - data, -1, -1, 0
