"""The records that are to be imported, as bytes: members of a zip or files of a folder.

Three layouts are known: OSV's all.zip or an unpacked one (<ID>.json), GitHub's advisory-database (JSON below
advisories/), and PyPI's advisory-database (YAML below vulns/). Of a checkout of the last two only that folder is read.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gate import resources
from gate.archive import directory, zip
from gate.archive.budget import Budget
from gate.archive.member import Entry, Remark
from gate.archive.source import Window
from gate.core.errors import FormatError, NotExamined, UsageError
from gate.core.limits import GIB, MIB, Limits
from gate.formats.bounded import parse_yaml

LIMITS = Limits(
    members=1_000_000,
    total_bytes=4 * GIB,
    expansion_ratio=100,
    expansion_floor_bytes=GIB,
    directory_bytes=128 * MIB,
    seconds=900.0,
)
"""All of OSV for PyPI are some 25,000 records of 0.2 GB, packed to a tenth."""
_RECORDS = (b".json", b".yaml", b".yml")
_CHECKOUTS = (("advisories", "github-reviewed"), ("vulns", ""))
"""Where records lie in a checkout, and what else lies there: beside them are workflows, schemas and tools."""
_RECORD_BYTES = 8 * MIB
"""Of one record; the largest real ones have some 100 KB."""


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON or YAML file by its name in the feed; `problem` says why there are no bytes."""

    name: str
    data: bytes = b""
    problem: str = ""

    @property
    def yaml(self) -> bool:
        return not self.name.lower().endswith(".json")


class Feed:
    """An opened feed; `limits` bound what is read of it.

    `written` is when its file (the newest record of the folder) was last written, in seconds since 1970; known once
    documents() has ended.
    """

    def __init__(self, path: str, descriptor: int, limits: Limits) -> None:
        info = os.fstat(descriptor)
        self.path, self._fd, self._limits = path, descriptor, limits
        self._folder, self._size = stat.S_ISDIR(info.st_mode), info.st_size
        if not self._folder and not stat.S_ISREG(info.st_mode):
            raise UsageError(f"{path}: neither a file nor a folder")
        self.written = 0.0 if self._folder else info.st_mtime

    def documents(self) -> Iterator[Document]:
        """Every member or file that is called as records are; UsageError when this is no feed at all."""
        budget = Budget(self._limits)
        try:
            for entry in self._entries(budget):
                if isinstance(entry, Remark):
                    continue
                unlisted = entry.prepare is None and entry.refusal is not None
                if unlisted or entry.name.lower().endswith(_RECORDS):
                    budget.member()
                    yield self._document(entry, budget)
        except NotExamined as error:
            raise UsageError(f"{self.path}: is not a feed of advisories: {error}") from error

    def _entries(self, budget: Budget) -> Iterator[Entry | Remark]:
        if self._folder:
            return directory.entries(self._fd, budget)
        budget.admit(self._size)
        return zip.entries(Window(self._fd, 0, self._size, budget))

    def _document(self, entry: Entry, budget: Budget) -> Document:
        name = entry.name.decode("utf-8", "replace")
        try:
            if entry.prepare is not None:
                entry.prepare(entry)
            if self._folder and entry.window is not None:
                written = os.stat(entry.name, dir_fd=self._fd, follow_symlinks=False).st_mtime
                self.written = max(self.written, written)
            return Document(name, _bytes(entry, budget))
        except FormatError as error:
            return Document(name, problem=str(error))
        except OSError as error:
            return Document(name, problem=error.strerror or "cannot be read")
        finally:
            if entry.close is not None:
                entry.close()


@contextlib.contextmanager
def opened(path: str, limits: Limits = LIMITS) -> Iterator[Feed]:
    """A feed, closed at the end; UsageError when there is no file or folder that can be read."""
    try:
        # O_NONBLOCK: a named pipe must be refused, not waited for.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give an all.zip of OSV or a folder of its records") from error
    try:
        fd = _records_of(fd)
        yield Feed(path, fd, limits)
    finally:
        os.close(fd)


def _records_of(folder: int) -> int:
    """The folder of records in a checkout, in place of the checkout; anything else as it is."""
    if not stat.S_ISDIR(os.fstat(folder).st_mode):
        return folder
    for name, inside in _CHECKOUTS:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            os.close(os.open(os.path.join(name, inside) if inside else name, flags, dir_fd=folder))
            found = os.open(name, flags, dir_fd=folder)
        except OSError:
            continue
        os.close(folder)
        return found
    return folder


def utc(seconds: float) -> str:
    """RFC 3339 to the second; a time that no calendar has becomes the first one."""
    try:
        moment = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    except (ValueError, OverflowError, OSError):
        moment = dt.datetime.fromtimestamp(0, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _bytes(entry: Entry, budget: Budget) -> bytes:
    """The whole of one member; FormatError when it is refused, too large, or not what its checksum says."""
    if entry.refusal is not None:
        raise FormatError(entry.refusal.detail)
    if entry.window is not None:
        data = entry.window.read_at(0, _RECORD_BYTES + 1)
    elif entry.stream is not None:
        parts, size = [], 0
        for part in entry.stream():
            budget.spend(len(part))
            parts.append(part)
            size += len(part)
            if size > _RECORD_BYTES:
                break
        data = b"".join(parts)
    else:
        raise FormatError("no file")
    if len(data) > _RECORD_BYTES:
        raise FormatError(f"more than {_RECORD_BYTES} bytes")
    if entry.crc is not None and zlib.crc32(data) != entry.crc:
        raise FormatError("its checksum is wrong")
    return data


def default_url() -> str:
    """Where the feed is fetched from when nobody says otherwise."""
    value = parse_yaml(resources.data("advisories/feed.yaml").read_bytes()).value
    assert isinstance(value, dict)
    return str(value["url"])
