"""Look at members in worker processes, so that a parser that hangs or dies costs one member.

No byte of a member crosses a process border: workers are forked with the descriptor of the subject open, list it for
themselves and read their own blocks of members with pread; only rows come back. The parent starts no thread, so it can
fork again whenever a worker has to be replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeAlias

from gate.archive.archive import Archive
from gate.archive.budget import Account
from gate.archive.inventory import Inventory, Plain
from gate.archive.walk import Mine
from gate.core.errors import OutOfSpace
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.facts.store import Said, Store

BLOCK = 64
"""Top-level entries that a worker takes at once: a message for every member would cost more than most members do."""
SINGLE = 256
"""Entries that are handed out one by one where several workers share them: the first ones of a model are its weights,
and a block of them would keep one worker busy long after the others have ended."""
_FLUSH = 4096
"""Rows that a worker holds before it hands them over, even in the middle of a member."""
_POLL = 0.1
"""Seconds between two looks at the clocks of the workers."""
_WHOLE = -1
"""The block that is the subject itself, member path ""."""
_NOWHERE = -2
"""Where a worker is while it lists the archive."""

Look: TypeAlias = Callable[[Store, "Counter[str]", Callable[[], None], Mine], None]
"""Walk and inspect: the subject itself for None, else the entries that the function picks. Calls back once a member."""


Tell: TypeAlias = Callable[[int, int], None]
"""Hears about ten times a second how many members were looked at, and how many bytes were read or unpacked."""


def unheard(_members: int, _read: int, /) -> None:
    """Nobody listens."""


class _Shared:
    """A Pulse in memory that parent and worker share."""

    __slots__ = ("_at", "_read")

    def __init__(self, context: Any) -> None:
        self._at, self._read = context.RawValue("d", 0.0), context.RawValue("q", 0)

    @property
    def value(self) -> float:
        at: float = self._at.value
        return at

    @value.setter
    def value(self, now: float) -> None:
        self._at.value = now

    @property
    def read(self) -> int:
        read: int = self._read.value
        return read

    @read.setter
    def read(self, read: int) -> None:
        self._read.value = read


class _Job(NamedTuple):
    """The entries [first, last) of `block`, without those that killed a worker; all workers share one account."""

    block: int
    first: int = 0
    last: int = 0
    skip: frozenset[int] = frozenset()
    account: Account = Account()


class _Batch(NamedTuple):
    """What a worker has to say.

    `done` is the last entry that is complete, `finished` that its block is, `end` that there are no more entries.
    """

    items: list[tuple[Said, str]]
    rows: list[Plain]
    visits: dict[str, int]
    spent: Account
    done: int
    finished: bool
    end: bool
    full: str = ""


class _Rows(Store):
    """A store that keeps what it is told until it is handed over."""

    def __init__(self, flush: Callable[[], None]) -> None:
        super().__init__()
        self.items: list[tuple[Said, str]] = []
        self._flush = flush

    def add(self, item: Said, by: str) -> None:
        self.items.append((item, by))
        if len(self.items) >= _FLUSH:
            self._flush()


class _Worker:
    """The side of the child process."""

    def __init__(self, archive: Archive, look: Look, pipe: Connection, at: Any) -> None:
        self._archive, self._look, self._pipe, self._at = archive, look, pipe, at
        self._rows, self._visits = _Rows(self._flush), Counter[str]()
        self._job = _Job(_WHOLE)
        self._done = _WHOLE - 1
        self._partial = False
        """Rows of the entry at hand were handed over already, so it must never be looked at again."""
        archive.rows = Inventory()  # a late worker is a copy of a parent that has rows

    def run(self) -> None:
        try:
            self._next()
            if self._job.block == _WHOLE:
                self._at.value = _WHOLE
                self._look(self._rows, self._visits, self._tick, None)
                self._send(finished=True)
                self._next()
            self._look(self._rows, self._visits, self._tick, self._mine)
            self._send(finished=True, end=True)
        except OutOfSpace as error:
            self._pipe.send(_Batch([], [], {}, Account(), 0, True, True, str(error)))

    def _next(self) -> None:
        self._archive.budget.pulse.value = 0.0
        self._at.value = _NOWHERE
        self._job = self._pipe.recv()
        self._archive.budget.restore(self._job.account)
        self._archive.budget.pulse.value = time.monotonic()

    def _mine(self, index: int) -> bool:
        if index < 0:  # what the container says about itself: every worker hears it, the parent keeps it once
            return True
        self._done = index - 1
        if self._partial:
            self._send()
            self._partial = False
        while index >= self._job.last:
            self._send(finished=True)
            self._next()
        if index < self._job.first or index in self._job.skip:
            self._at.value = _NOWHERE
            return False
        self._at.value = index
        return True

    def _tick(self) -> None:
        if self._archive.rows.members >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        self._partial = True
        self._send()

    def _send(self, *, finished: bool = False, end: bool = False) -> None:
        now = self._archive.budget.account()
        spent, self._job = now.minus(self._job.account), self._job._replace(account=now)
        items, self._rows.items = self._rows.items, []
        visits, rows = dict(self._visits), self._archive.rows.drain()
        self._visits.clear()
        self._pipe.send(_Batch(items, rows, visits, spent, self._done, finished, end))


@dataclass(slots=True)
class _Hand:
    """The side of the parent: one worker, and what it is at."""

    process: BaseProcess
    at: Any
    pulse: _Shared
    job: _Job
    done: int = field(default=_NOWHERE)
    late: bool = False

    def check(self, seconds: float) -> None:
        since = self.pulse.value
        if since and time.monotonic() - since > seconds:
            self.late = True
            self.process.kill()


class _Crew:
    """The parent: hands out blocks, takes in rows, replaces workers that die."""

    def __init__(self, archive: Archive, store: Store, look: Look, jobs: int, tell: Tell) -> None:
        self._archive, self._store, self._look, self._tell = archive, store, look, tell
        self._context = multiprocessing.get_context("fork")
        self._hands: dict[Connection, _Hand] = {}
        self._again: list[_Job] = []
        self._following = 0 if archive.root.folder else _WHOLE
        self._end = False
        self._jobs = jobs if archive.splits() else 1
        self._listing: set[Said] = set()
        """What was said of the subject itself: all workers list it and each says so, once is enough."""
        self.visits: Counter[str] = Counter()

    def run(self) -> None:
        try:
            for _ in range(self._jobs):
                self._start(self._job())
            while self._hands:
                for pipe in wait(list(self._hands), timeout=_POLL):
                    assert isinstance(pipe, Connection)
                    self._hear(pipe)
                budget, read = self._archive.budget, 0
                for hand in self._hands.values():
                    hand.check(budget.limits.member_seconds)
                    read = max(read, hand.pulse.read)
                self._tell(self._archive.rows.members, max(read, budget.bytes))
        finally:
            for hand in self._hands.values():
                hand.process.kill()

    def _job(self) -> _Job:
        block = self._following
        job = self._again.pop() if self._again else _Job(block, self._begins(block), self._begins(block + 1))
        self._following += job.block == block
        return job._replace(account=self._archive.budget.account())

    def _begins(self, block: int) -> int:
        """The first entry of a block."""
        single = SINGLE if self._jobs > 1 else 0
        return max(block, 0) if block < single else single + (block - single) * BLOCK

    def _start(self, job: _Job) -> None:
        ours, theirs = self._context.Pipe()
        at, pulse = self._context.RawValue("q", _NOWHERE), _Shared(self._context)
        shared = {"pipe": theirs, "others": [ours, *self._hands], "at": at, "pulse": pulse}
        process = self._context.Process(target=_work, args=(self._archive, self._look), kwargs=shared, daemon=True)
        process.start()
        theirs.close()
        ours.send(job)
        self._hands[ours] = _Hand(process, at, pulse, job, job.first - 1)

    def _hear(self, pipe: Connection) -> None:
        hand = self._hands[pipe]
        try:
            batch = pipe.recv()
        except (EOFError, OSError):
            self._bury(pipe, hand)
            return
        self._take(batch)
        hand.done = max(hand.done, batch.done)
        if batch.end or (batch.finished and self._end and not self._again and hand.job.block != _WHOLE):
            self._end = True
            del self._hands[pipe]
            hand.process.kill()
            hand.process.join()
        elif batch.finished:
            hand.job = self._job()
            hand.done = hand.job.first - 1
            pipe.send(hand.job)

    def _take(self, batch: _Batch) -> None:
        if batch.full:
            raise OutOfSpace(batch.full)
        for item, by in batch.items:
            if by == "archive" and isinstance(item, Gap | Finding) and item.location.path == "":
                if item in self._listing:
                    continue
                self._listing.add(item)
            self._store.add(item, by)
        for row in batch.rows:
            self._archive.rows.add(*row)
        self.visits.update(batch.visits)
        budget = self._archive.budget
        budget.restore(budget.account().plus(batch.spent))

    def _bury(self, pipe: Connection, hand: _Hand) -> None:
        """One Gap for what the worker was at; its block goes on without it."""
        del self._hands[pipe]
        hand.process.join()
        at = hand.at.value
        lost = at == _NOWHERE
        path = "" if at < 0 else self._archive.lost(at)
        self._store.add(Gap(Location(path), *_why(hand)), "archive")
        if lost:  # it died while it listed the archive, and so would the next one
            self._archive.rows.unread += 1
            self._end = True
            return
        if at >= 0:
            self._again.append(hand.job._replace(first=hand.done + 1, skip=hand.job.skip | {at}))
        if self._again or not self._end:
            self._start(self._job())


def _why(hand: _Hand) -> tuple[GapReason, str, str]:
    if hand.late:
        return GapReason.TIMED_OUT, "", "its worker showed no progress in time and was ended"
    return GapReason.CRASHED, "", f"its worker died (exit code {hand.process.exitcode})"


def _work(archive: Archive, look: Look, *, pipe: Connection, others: list[Connection], at: Any, pulse: _Shared) -> None:
    for other in others:  # else this process would keep its siblings waiting when the parent is gone
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends us
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # for good: a crash is told by a Gap, not by a traceback
    archive.budget.pulse = pulse
    _Worker(archive, look, pipe, at).run()


def run(archive: Archive, store: Store, look: Look, jobs: int, tell: Tell) -> Counter[str]:
    """Let `jobs` workers look at everything; returns how many members each inspector looked at."""
    crew = _Crew(archive, store, look, jobs, tell)
    crew.run()
    return crew.visits


def available() -> bool:
    """Whether this system can fork."""
    return "fork" in multiprocessing.get_all_start_methods()


class Digest:
    """The digest of the subject, computed beside the walk in a process of its own that ends with the `with` block."""

    def __init__(self, archive: Archive) -> None:
        context = multiprocessing.get_context("fork")
        self._archive = archive
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_digest, args=(archive, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Digest:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def result(self) -> str:
        """Wait for it; if its process was ended by somebody, do it here."""
        try:
            digest: str = self._pipe.recv()
        except EOFError:
            digest = self._archive.digest()
        return digest


def _digest(archive: Archive, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe.send(archive.digest())
