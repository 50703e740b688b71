"""Member: one file inside the subject, read once through its hashes and then offered to readers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from gate.archive.budget import Budget
from gate.archive.keep import Keep
from gate.archive.sniff import containers
from gate.archive.source import Forward, Source, blocks
from gate.archive.unpack import crc32
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

HEAD = 2**16
"""Bytes of `Member.head`: enough for every magic number, tar header and safetensors header start."""

TAIL = 2**16 + 2**13
"""Bytes of `Member.tail`: the end record of a zip, its longest comment, and what readers find who search in blocks."""

T = TypeVar("T")


class Need(IntEnum):
    """How an inspector wants to read a member; the greediest answer wins.

    HEAD: the first 64 KiB are enough. STREAM: readers go forward only. SEEK: they jump, so the member may be spooled.
    """

    HEAD = 1
    STREAM = 2
    SEEK = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the bytes of an entry cannot be had; becomes a Gap."""

    reason: GapReason
    detail: str


class Remark(NamedTuple):
    """What a container says about itself: a rule that holds for it, with a detail for the message."""

    rule: str
    detail: str = ""


class Link(NamedTuple):
    """Another name: `hard` of an entry of the same archive by its name, else of whatever lies at `target`."""

    target: bytes
    hard: bool


@dataclass(slots=True)
class Entry:
    """A member as its container describes it: nothing in it is trusted.

    Exactly one of `window` (random access) and `stream` (unpacks from the start) is set, or none for a folder and
    where `refusal` says why. A refusal beside bytes means that they are read as they stand, and said not to be whole.
    `again` tells whether stream() may be called more than once. `locator` finds the entry in its container again.
    It is a number from 0 on in the directory of a zip, counts down from -1 where entries just follow one another.
    `prepare` fills in the rest when it is this entry's turn: entries of other workers cost nothing.
    """

    name: bytes
    locator: Any
    window: Source | None = None
    stream: Callable[[], Iterator[bytes]] | None = None
    again: bool = True
    size: int = -1
    crc: int | None = None
    refusal: Refusal | None = None
    findings: tuple[str, ...] = ()
    close: Callable[[], None] | None = None
    folder: bool = False
    prepare: Callable[[Entry], None] | None = None
    link: Link | None = None


class Member:
    """One file inside the subject.

    `head` is the first 64 KiB, `tail` the last ones once the member was read. `containers` is what it begins as, if the
    walker looks inside: zip, tar, gzip, ..., more than one where readers may disagree. `size` is what its own container
    declares and `sha256` is "" until the walker has read the member, which is before inspect() and after wants(). For
    path "" (the subject itself) `sha256` stays "".
    """

    __slots__ = (
        "_entry", "_keep", "_memo", "_rest", "_source", "_told",
        "asked", "budget", "containers", "head", "name", "path", "sha256", "size", "tail",
    )  # fmt: skip

    def __init__(self, path: str, entry: Entry, budget: Budget) -> None:
        self.path, self.budget, self._entry = path, budget, entry
        self.name = path[path.rfind("/") + 1 :]
        """The last part of the path, as it is encoded there."""
        self.sha256 = ""
        self.tail = b""
        self.asked: tuple[str, ...] = ()
        self._memo: dict[Callable[[Source], Any], tuple[Any, NotExamined | None]] | None = None
        self._told: dict[Callable[[bytes], Any], Any] | None = None
        self._keep: Keep | None = None
        self._source: Source | None = entry.window
        self._rest: Iterator[bytes] = iter(())
        if entry.window is not None:
            self.size = entry.window.size
            self.head = entry.window.read_at(0, HEAD)
        else:
            assert entry.stream is not None
            self.size = entry.size
            self.head, self._rest = _first(entry.stream())
            budget.spend(len(self.head))
        self.containers = containers(self.head)

    @property
    def container(self) -> str | None:
        """What the member is by its first bytes, if the walker looks into it."""
        return self.containers[0] if self.containers else None

    @property
    def readable(self) -> bool:
        """Whether read() has bytes to offer; false when the walker could not read the member to its end."""
        return self._source is not None

    def take(self, need: Need) -> None:
        """Finish the one pass: digest, checksum, size; keep the bytes as `need` says.

        Raises FormatError for a wrong checksum or size or damaged data, Spent for a budget. What was read up to there
        stays readable: a loader that streams would have acted on it too.
        """
        entry = self._entry
        if self._source is not None and self.size == len(self.head):  # nearly always
            self.tail, self.sha256, crc = self.head, hashlib.sha256(self.head).hexdigest(), crc32(self.head)
        elif self._source is not None:
            crc = self._hash(blocks(self._source, len(self.head)), None)
        else:
            once = not entry.again
            keep = Keep(need is not Need.HEAD or once, need is Need.SEEK or (need is Need.STREAM and once), self.budget)
            self._keep = keep
            try:
                crc = self._hash(self._rest, keep)
            finally:
                self._source = keep.source() or self._forward()
        if entry.crc is not None and entry.crc != crc:
            raise FormatError(f"CRC-32 is {crc:08x}, the archive says {entry.crc:08x}")
        if entry.size not in (-1, self.size):
            raise FormatError(f"{self.size} bytes, the archive says {entry.size}")

    def _hash(self, rest: Iterable[bytes], keep: Keep | None) -> int:
        digest, crc = hashlib.sha256(self.head), crc32(self.head)
        self.size, self.tail = len(self.head), self.head
        if keep is not None:
            keep.write(self.head)
        for block in rest:
            digest.update(block)
            crc = crc32(block, crc)
            self.size += len(block)
            self.tail = block if len(block) >= TAIL else (self.tail + block)[-TAIL:]
            if keep is not None:
                self.budget.spend(len(block))
                keep.write(block)
        self.sha256 = digest.hexdigest()
        return crc

    def _forward(self) -> Source | None:
        stream = self._entry.stream
        return Forward(stream, self.size, self.budget) if stream is not None and self._entry.again else None

    def seek(self) -> None:
        """Make random access possible for the walker, unpacking once more if it must; NotExamined when it cannot."""
        if self._source is None:
            raise NotExamined(GapReason.UNREADABLE, "looks like a container, and its bytes went by only once")
        if not isinstance(self._source, Forward):
            return
        keep = Keep(True, True, self.budget)
        if self._keep is not None:
            self._keep.close()
        self._keep = keep
        for block in blocks(self._source.again()):
            keep.write(block)
        self._source = keep.source()

    def told(self, judge: Callable[[bytes], T]) -> T:
        """judge(head), computed once however many inspectors ask."""
        told = self._told = self._told or {}
        if judge not in told:
            told[judge] = judge(self.head)
        result: T = told[judge]
        return result

    def read(self, reader: Callable[[Source], T]) -> T:
        """reader(source), computed once however many inspectors ask; its failure is remembered too."""
        if self._source is None:
            raise NotExamined(GapReason.UNREADABLE, "its bytes could not be read")
        memo = self._memo = self._memo or {}
        if reader not in memo:
            source = self._source.again() if isinstance(self._source, Forward) else self._source
            try:
                memo[reader] = (reader(source), None)
            except NotExamined as error:
                memo[reader] = (None, error)
        value, failure = memo[reader]
        if failure is not None:
            raise failure
        result: T = value
        return result

    def source(self) -> Source:
        """The bytes, for the walker itself."""
        assert self._source is not None
        return self._source.again() if isinstance(self._source, Forward) else self._source

    def close(self) -> None:
        if self._keep is not None:
            self._keep.close()
        if self._entry.close is not None:
            self._entry.close()


def _first(stream: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The head, and what comes behind it: perhaps only the error that ended it."""
    parts, size, rest = [], 0, stream
    try:
        while size < HEAD and (block := next(stream, b"")):
            parts.append(block)
            size += len(block)
    except FormatError as error:
        rest = _fail(error)
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    return data[:HEAD], chain((data[HEAD:],), rest) if size > HEAD else rest


def _fail(error: FormatError) -> Iterator[bytes]:
    yield b""
    raise error
