"""Records of a zip's central directory, one after the other.

Layout and names of fields: APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from typing import NamedTuple

from gate.archive import zip_extra
from gate.archive.source import Source
from gate.archive.zip_end import Directory
from gate.archive.zip_extra import AMBIGUOUS, FULL16, FULL32
from gate.core.errors import FormatError

_CENTRAL = struct.Struct("<4s6H3L5H2L")
SIZE = _CENTRAL.size
_LENGTHS = struct.Struct("<3H")
_READ_AHEAD = 2**20
_UTF8 = 0x0800
"""General purpose bit 11 (4.4.4): the name is UTF-8."""
_UNIX = frozenset((3, 19))
"""Hosts (4.4.2.2) whose attributes hold a file's mode: Unix and macOS."""
_DOS_FOLDER = 0x10
_SPECIAL = frozenset((stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK))


class Record(NamedTuple):
    """One central directory record; a NamedTuple because there may be millions.

    `at` is where it begins, `offset` where its local header is said to be. `folder`: its attributes are a folder's.
    `common` are the bytes, from flags to the length of the name, that stand in its local header as well; none where
    some of them stand in an extra field.
    """

    at: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    link: bool = False
    folder: bool = False
    rules: tuple[str, ...] = ()
    common: bytes = b""


def spots(source: Source, directory: Directory) -> Iterator[tuple[bytes, int, int]]:
    """Where each record begins: in a buffer that holds it, and in the source. FormatError behind the last sound one."""
    at, end = directory.start, directory.start + directory.size
    buffer, base, held, sure = b"", at, 0, -1
    while at < end:
        i = at - base
        if i > sure and base + held < end:
            base, buffer, i = at, source.read_at(at, min(_READ_AHEAD, end - at)), 0
            held = len(buffer)
        sure = held - SIZE - 3 * FULL16
        if buffer[i : i + 4] != b"PK\x01\x02" or held < i + SIZE:
            raise FormatError(f"zip: no central directory record at byte {at}")
        n_name, n_extra, n_comment = _LENGTHS.unpack_from(buffer, i + 28)
        if held < i + SIZE + n_name:
            raise FormatError(f"zip: central directory record at byte {at} is cut off")
        yield buffer, i, at
        at += SIZE + n_name + n_extra + n_comment
    if at > end:
        raise FormatError("zip: the central directory ends inside of a record")


def extent(buffer: bytes, i: int) -> int:
    """Bytes of the record that begins at `i`."""
    n_name, n_extra, n_comment = _LENGTHS.unpack_from(buffer, i + 28)
    length: int = SIZE + n_name + n_extra + n_comment
    return length


def record(buffer: bytes, i: int, at: int) -> Record:
    """The record that begins at `i` in the buffer and at byte `at` of the archive."""
    fields = _CENTRAL.unpack_from(buffer, i)
    _, made, _, flags, method, _, _, crc, packed, size, n_name, n_extra, _, disk, _, attributes, offset = fields
    begin = i + SIZE
    name = buffer[begin : begin + n_name]
    rules: tuple[str, ...] = ()
    common = buffer[i + 8 : i + 30]
    if n_extra or FULL32 in (packed, size, offset):
        common = b"" if FULL32 in (packed, size) else common
        extra = buffer[begin + n_name : begin + n_name + n_extra]
        packed, size, offset, disk, rules = zip_extra.read(extra, name, packed, size, offset, disk)
    if disk:
        rules = (*rules, "archive.multi-disk")
    if not name.isascii():
        rules = (*rules, *_encoding(name, flags))
    mode = attributes >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG) or mode & (stat.S_ISUID | stat.S_ISGID):
        rules = (*rules, *_mode(made >> 8, kind, size))
    link = kind == stat.S_IFLNK
    folder = not link and (attributes & _DOS_FOLDER != 0 or kind == stat.S_IFDIR)
    return Record(at, name, flags, method, crc, packed, size, offset, link, folder, rules, common)


def _encoding(name: bytes, flags: int) -> tuple[str, ...]:
    """A name that is marked as UTF-8 and is not: some readers stop there, others show what they can.

    UTF-8 without the mark is what the Finder and Info-ZIP write; readers show it in different ways and mean one file.
    """
    try:
        name.decode("utf-8" if flags & _UTF8 else "latin-1")
    except UnicodeDecodeError:
        return (AMBIGUOUS,)
    return ()


def _mode(host: int, kind: int, size: int) -> tuple[str, ...]:
    """What an extractor would make; Info-ZIP marks what it read from a pipe as one, and that has data."""
    if host not in _UNIX:
        return ()
    if kind in _SPECIAL:
        return () if size else ("archive.special-file",)
    return ("archive.setuid",) if kind in (0, stat.S_IFREG) else ()
