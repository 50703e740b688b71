"""Zip: the central directory as a stream of entries, and behind them the entries that it does not list.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial

from gate.archive.member import Entry, Refusal, Remark
from gate.archive.source import Source
from gate.archive.zip_end import find
from gate.archive.zip_local import HEADER, UNKNOWN, Place, prepare
from gate.archive.zip_record import SIZE, Record, extent, record, spots
from gate.archive.zip_tiles import Tiles, hole, survey, unlisted
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_BEFORE = "archive.data-before-zip"
_EMPTY_STREAM = 2
"""Bytes of an empty DEFLATE stream, which some tools write for a folder."""
_RECORD = 1024
"""Bytes of a record that are read at once: nearly all of them."""


def entries(source: Source) -> Iterator[Entry | Remark]:
    """Every entry that the central directory lists, then those that it does not list.

    What the directory has behind the number of entries that it declares is listed too: some readers count, others read
    to its end. FormatError at the end when the directory itself is damaged.
    """
    directory = find(source)
    if directory.size > source.limits.directory_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"central directory of {directory.size} bytes")
    tiles = survey(source, directory)
    first = min(tiles.first + directory.shift, directory.start)
    yield from (*directory.remarks, *tiles.remarks)
    if first > 0 and not any(remark.rule == _BEFORE for remark in directory.remarks):
        yield Remark(_BEFORE, f"{first} bytes")
    listing = _Listing(source, directory.shift, tiles)
    failure = None
    try:
        for buffer, i, at in spots(source, directory):
            yield listing.entry(record(buffer, i, at))
    except FormatError as error:
        failure = error
    listing.holes.extend((0, max(first, 0)))
    yield from listing.rest()
    if failure is not None:
        raise failure
    if listing.count & directory.mask != directory.count:
        raise FormatError(f"zip: {listing.count} entries where the end record says {directory.count}")


def second(source: Source) -> Iterator[Entry]:
    """The entries for readers that take a file for a zip though it begins, and is read here, as something else.

    Those whose local header is not where it should be are left out: no reader gets at them.
    """
    for entry in entries(source):
        if isinstance(entry, Entry) and entry.prepare is not None:
            entry.prepare(entry)
            entry.prepare = None
            if entry.window or entry.stream or entry.refusal is None or entry.refusal.reason is not GapReason.CORRUPT:
                entry.findings = (*entry.findings, "archive.second-reading")
                yield entry


def entry_at(source: Source, at: int, shift: int) -> Entry:
    """The entry whose central directory record begins at byte `at`: the locator of an earlier walk."""
    buffer = source.read_at(at, _RECORD)
    if buffer[:4] != b"PK\x01\x02" or len(buffer) < SIZE:
        raise FormatError(f"zip: no central directory record at byte {at}")
    length = extent(buffer, 0)
    return _entry(Place(source, record(buffer if length <= _RECORD else source.read_at(at, length), 0, at), shift))


class _Listing:
    """The entries of one archive in the order of its directory; remembers where there is room for unlisted ones.

    Entries that lie in each other are unpacked as long as they share no more bytes than the archive has: then that
    costs no more than it does where every byte belongs to one entry.
    """

    def __init__(self, source: Source, shift: int, tiles: Tiles) -> None:
        self._source, self._shift, self._tiles = source, shift, tiles
        self._shared = 0
        self.count = 0
        self.holes = array("Q")

    def entry(self, found: Record) -> Entry:
        tiles, n, offset = self._tiles, self.count, found.offset
        self.count = n + 1
        following = tiles.offsets[n + 1] if tiles.ordered and n + 1 < tiles.count else tiles.following(offset)
        place = Place(self._source, found, self._shift, following, tiles.torch)
        room = following - offset - HEADER - len(found.name) - found.packed
        if room < 0:
            self._shared += min(found.packed, self._source.size)
            if self._shared > self._source.size:
                return _crowded(place)
        elif room >= HEADER and (between := hole(self._source, found, self._shift, following)):
            self.holes.extend(between)
        return _entry(place)

    def rest(self) -> Iterator[Entry]:
        """What readers that stream find between the entries, and before the first one."""
        for i in range(0, len(self.holes), 2):
            for found in unlisted(self._source, self.holes[i], self.holes[i + 1]):
                yield _entry(Place(self._source, found, 0, UNKNOWN, self._tiles.torch))


def _entry(place: Place) -> Entry:
    found = place.record
    entry = Entry(found.name, found.at, size=found.size, crc=found.crc if found.crc >= 0 else None)
    entry.findings = found.rules
    entry.prepare = partial(prepare, place=place)
    if found.folder or found.name.endswith(b"/"):
        entry.folder = found.size <= 0 and found.packed <= _EMPTY_STREAM and found.name.endswith(b"/")
        if not entry.folder and (found.size or found.packed):
            entry.findings = (*entry.findings, "archive.folder-with-data")
    return entry


def _crowded(place: Place) -> Entry:
    entry = _entry(place)
    entry.prepare = None
    entry.findings = (*entry.findings, "archive.overlap")
    entry.refusal = Refusal(GapReason.BUDGET, "zip: shares its bytes with entries that were unpacked")
    return entry
