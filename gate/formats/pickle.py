"""What loading a pickle would import and call, found without loading it: every stream of a file."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pickle_layouts import TORCH_MAGIC, TORCH_PICKLES, Torch, array_bytes, padded, raw_follows
from gate.formats.pickle_machine import Machine
from gate.formats.pickle_parts import Glance, Meter, Part, part_of, whole
from gate.formats.pickle_stack import Stopped
from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Bytes, Tape
from gate.formats.pickle_values import NAME, Blob, Instance, Record, Value
from gate.formats.pickle_versions import keep, of_file
from gate.formats.pickle_words import Anomaly, Arg, GlobalUse, Kind, Oddity, Status, Use, Walk

__all__ = ["Anomaly", "Arg", "GlobalUse", "Kind", "Oddity", "Status", "Use", "Walk", "looks_like_pickle", "walk"]

NESTING = 4
"""Pickles in pickles; joblib and torch nest one."""
SURE = 6
"""Opcodes after a protocol header that random bytes do not reach: 1 in 10^7 heads does."""
TRIAL = 16
"""Opcodes that starting a stream is worth."""
SEARCH = 2_000_000
"""Opcodes left for a search: 1 GB of random bytes has 65,000 places that begin like a pickle."""
_STARTS = frozenset(b"(])}NIJKLMFGSTUVXcPBC\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97")
_NAME = rb"[A-Za-z_][\w.]{0,200}\n"
_BEGINNING = re.compile(rb"\x80[\x00-\x05]|c" + _NAME + _NAME)
_LONGEST = 512


def walk(source: Source) -> Walk:
    """Everything that an unpickler would do with these bytes; reads forward only, and never raises about its input."""
    return _Walker(source, Meter(source)).walk()


def looks_like_pickle(head: bytes) -> bool:
    """Whether walk() may have something to say about a member that begins with `head`; no name is asked.

    Protocols 0 and 1 have no magic number, so the first opcodes are tried: bytes that break before anything is
    imported or called, and bear no mark of a pickler, would do nothing in a loader either.
    """
    if not head or head[0] not in _STARTS:
        return False
    part = Part(head, len(head))
    walker = _Walker(part, Glance())
    try:
        first = walker.stream(0)
    except NotExamined:
        return True
    if first.complete or first.recognised or any(map(_plausible, first.record.uses.values())):
        return True
    return len(head) >= 2**16 and first.machine.at >= len(head)


def _plausible(use: GlobalUse) -> bool:
    """Whether this is a name that an import may find; the first lines of a text rarely are."""
    return NAME.fullmatch(use.module) is not None and NAME.fullmatch(use.qualname) is not None


@dataclass(slots=True)
class _Stream:
    """How one stream went: where it ended, or broke."""

    record: Record
    machine: Machine
    end: int
    complete: bool
    detail: str = ""

    @property
    def recognised(self) -> bool:
        machine = self.machine
        marks = machine.puts > 1 or (machine.header and (machine.ops >= SURE or machine.imports > 0))
        return self.complete or self.record.acted or marks


class _Walker:
    """Walks the streams of one file; the host of their machines."""

    def __init__(self, source: Bytes, meter: Meter | Glance, depth: int = 0) -> None:
        self.tape, self.meter, self.depth = Tape(source), meter, depth
        self.spend = meter.spend
        self.record = Record()
        self.torch: Torch | None = None
        self.plain = False
        self.streams = self.protocol = self.end = 0
        self.status, self.recognised, self.detail = Status.COMPLETE, True, ""

    def walk(self) -> Walk:
        try:
            self._file()
        except FormatError as error:
            self._failed(Status.BROKEN, str(error))
        except NotExamined as error:
            self._failed(Status.OVER_BUDGET, str(error))
        uses = sorted(self.record.uses.values(), key=lambda use: (use.start, use.end, use.use, use.name))
        return Walk(tuple(uses), tuple(self.record.anomalies.values()), self.status, self.recognised, self.streams,
                    self.protocol, self.end, self.detail, tuple(sorted(self.record.versions.values())))  # fmt: skip

    def _failed(self, status: Status, detail: str) -> None:
        self.status, self.detail = status, detail

    def _file(self) -> None:
        """The stream at the start, those that follow it, and those that only a search finds."""
        first = self._accept(self.stream(0))
        if not first.complete:
            self.recognised = first.recognised
            self._failed(Status.BROKEN, first.detail)
            if first.recognised:
                self._search(first.machine.at)
            return
        if first.machine.value == TORCH_MAGIC and type(first.machine.value) is int:
            self.torch = Torch()
        rest = self._following(first.end)
        if rest >= 0:
            self.recognised = first.machine.header or self.record.acted
            if self.recognised:
                self.record.odd(Oddity.TRAILING, rest)
                self._search(rest)

    def _following(self, at: int) -> int:
        """Streams one after the other from offset `at`; where something else begins, -1 at the end."""
        while at < self.tape.size:
            if self.torch is not None and self.streams == TORCH_PICKLES:
                try:
                    at = self.torch.end(self.tape, at)
                except Broken as broken:
                    self._failed(Status.BROKEN, str(broken))
                    return at
            if self.tape.zeros(at):
                return -1
            if not self.tape.rewind(at):
                raise NotExamined(GapReason.BUDGET, "too many NUL bytes after a pickle")
            stream = self._trial(at)
            if not stream.recognised:
                return at
            self._accept(stream)
            if not stream.complete:
                self._failed(Status.BROKEN, stream.detail)
                return stream.machine.at
            at = stream.end
        return -1

    def _search(self, at: int) -> None:
        """Streams in what follows a break or junk: kept only when they call what they import, or are whole."""
        self.meter.left = min(self.meter.left, SEARCH)
        at = at if self.tape.rewind(at) else self.tape.base
        found = self.tape.find(_BEGINNING, at, _LONGEST)
        start = next(found, -1)
        while start >= 0:
            stream = self._trial(start)
            whole = stream.complete and stream.machine.header and stream.machine.ops >= SURE
            onward = start + 1
            if whole or (stream.record.acted and stream.machine.imports):
                self._accept(stream)
                onward = stream.end
            if not self.tape.rewind(onward):
                raise NotExamined(GapReason.BUDGET, "a literal among the bytes after a pickle is too long to look into")
            try:
                start = found.send(onward)
            except StopIteration:
                return

    def _trial(self, at: int) -> _Stream:
        """A stream that may have to be taken back."""
        self.tape.anchor = at
        try:
            return self.stream(at)
        finally:
            self.tape.anchor = -1

    def stream(self, at: int) -> _Stream:
        """Run the stream at offset `at`."""
        record = Record()
        machine = Machine(self.tape, record, self.streams, self)
        try:
            self.spend(TRIAL)
            machine.run(at)
        except Stopped as stop:
            return _Stream(record, machine, stop.end, complete=True)
        except Broken as broken:
            return _Stream(record, machine, machine.at, complete=False, detail=f"{broken}, at offset {machine.at}")
        except NotExamined:
            self.record.merge(record)
            raise
        raise AssertionError("a machine runs until it stops")

    def _accept(self, stream: _Stream) -> _Stream:
        self.record.merge(stream.record)
        if stream.complete:
            keep(self.record.versions, of_file(stream.machine.value, (stream.end - 1, stream.end)))
        self.streams += 1
        self.protocol = max(self.protocol, stream.machine.proto)
        self.end = stream.end
        return stream

    # The host of a machine.

    def named(self, pid: Value) -> None:
        if self.torch is not None:
            self.torch.named(pid)

    def built(self, machine: Machine, wrapper: Instance, pos: int) -> int:
        """Joblib reads raw bytes here, a plain unpickler goes on with opcodes: both readings are walked.

        A plain unpickler is plain from the first array on, so that there is one second reading, however many arrays.
        """
        raw_follows(machine, pos)
        at = machine.base + pos
        plain = Record() if self.plain else self._plainly(machine, at)
        size = array_bytes(wrapper)
        if size is None:
            at = self._objects(machine, at)
        else:
            pos = machine.load(at)
            if padded(wrapper):
                at += 1 + int.from_bytes(machine.buf[pos : pos + 1], "little")
            at += size
        machine.record.adopt(plain.uses.values())
        if at > self.tape.size:
            raise Broken("ends inside of an array")
        return machine.load(at)

    def _objects(self, machine: Machine, at: int) -> int:
        """An array of objects is a pickle of its own, which joblib leaves to pickle.load."""
        inner = Machine(self.tape, machine.record, machine.stream, _Plain(self))
        try:
            inner.run(at)
        except Stopped as stop:
            return stop.end
        raise AssertionError("a machine runs until it stops")

    def _plainly(self, machine: Machine, at: int) -> Record:
        """What an unpickler would do that knows nothing of joblib; most raw bytes break it at once."""
        record = Record()
        self.plain = True
        pos = machine.load(at)
        if pos >= len(machine.buf) or machine.buf[pos] < ord("("):
            return record
        anchor = self.tape.anchor
        self.tape.anchor = at if anchor < 0 else anchor
        other = machine.fork(record, _Plain(self))
        with suppress(Stopped, Broken):
            other.resume(other.load(at))
        if not self.tape.rewind(at):
            raise NotExamined(GapReason.BUDGET, "an array that reads like opcodes is too long to be read twice")
        self.tape.anchor = anchor
        return record

    def embedded(self, data: Value, record: Record) -> None:
        """A whole pickle in a literal: what it would run is told as a doubt, since something else must load it."""
        part = part_of(data)
        if part is None or self.depth >= NESTING or not whole(part):
            return
        walker = _Walker(part, self.meter, self.depth + 1)
        inner = walker.walk()
        if inner.status is Status.COMPLETE and inner.recognised:
            at = data.start if type(data) is Blob else self.tape.base
            moved = {i: replace(use, start=use.start + at, end=use.end + at) for i, use in enumerate(inner.uses)}
            record.adopt(moved.values())

    def nested(self, data: Value, record: Record, at: int) -> bool:
        """Bytes that a loader is called with are a file of their own."""
        part = part_of(data)
        if part is not None and self.depth < NESTING:
            walker = _Walker(part, self.meter, self.depth + 1)
            inner = walker.walk()
            if inner.status is Status.OVER_BUDGET:
                raise NotExamined(GapReason.BUDGET, inner.detail)
            shift = data.start if type(data) is Blob else 0
            for use in inner.uses:
                start, end = (use.start + shift, use.end + shift) if shift else (at, at + 1)
                imported = use.imported + shift if shift and use.imported >= 0 else at if use.imported >= 0 else -1
                moved = replace(use, start=start, end=end, imported=imported)
                record.uses.setdefault((use.module, use.qualname, use.use, use.args), moved)
            for anomaly in inner.anomalies:
                record.odd(anomaly.kind, anomaly.start + shift if shift else at)
            if inner.recognised and inner.status is Status.COMPLETE:
                return True
        record.odd(Oddity.NESTED, at)
        return False


class _Plain:
    """The host of a machine to which joblib's arrays are objects like any other."""

    def __init__(self, walker: _Walker) -> None:
        self.spend, self.nested, self.named = walker.spend, walker.nested, walker.named
        self.embedded = walker.embedded

    def built(self, machine: Machine, wrapper: Instance, pos: int) -> int:
        return pos
