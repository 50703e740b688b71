"""Stores of tables (SQLite, Parquet, Arrow, Feather, ORC), read by a process of its own with little memory and time.

The store is copied into a file that loses its name once it is open; what comes back is JSON that is checked like
any input. What the process may do at worst is to lie about a table.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from gate.archive.source import Source, blocks, fresh
from gate.core.errors import MissingExtra, NotExamined, OutOfSpace
from gate.core.gap import GapReason
from gate.formats.content import NOWHERE, Content, Missed, Piece, Pieces, Sheet, may_be_said, values_piece
from gate.formats.personal import words_of

_SCRIPT = Path(__file__).with_name("store_child.py")
_ARROW = ("arrow_child.py", "pyarrow", "parquet")
_READERS: Final = {
    "SQLite": ("sqlite_child.py", "", ""),
    "Parquet": _ARROW,
    "Arrow": _ARROW,
    "Feather": _ARROW,
    "ORC": _ARROW,
}
"""By the format: who reads it, the package that this needs, and the extra that has it."""
_FRAME = 2**24
"""Bytes of one frame; store_child.py makes them of 4 MiB at most."""
_TICK = 0.25
"""Seconds between two signs of life while the other process works."""
_START = 60.0
"""Seconds in which the process must start; 0.5 on a quiet machine."""
_NAMES = 20_000
_TABLES = 2_000
_REASONS = {reason.value: reason for reason in GapReason}


def is_read(kind: str) -> bool:
    """Whether tables of this format have a reader here."""
    return kind in _READERS


def store_content(source: Source, kind: str) -> Content:
    """The tables of a store; MissingExtra without the package that reads it, `too-large` beyond Limits.store_bytes."""
    script, package, extra = _READERS[kind]
    if source.size > source.limits.store_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"{kind} of {source.size} bytes, more than {source.limits.store_bytes}")
    folder = _folder(package, extra) if package else ""
    return Content(lambda: _pieces(source, kind, script, folder))


def _folder(package: str, extra: str) -> str:
    """Where a package lies; it is not imported here."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingExtra(package, extra)
    return str(Path(spec.origin).resolve().parent.parent)


def _pieces(source: Source, kind: str, script: str, folder: str) -> Pieces:
    tables = _Tables(kind)
    with tempfile.NamedTemporaryFile(prefix="gate-", delete=False) as file:
        try:
            _copy(source, file.fileno())
            with _started(script, folder, file.fileno(), source) as process:
                for frame in _frames(process, source, kind):
                    yield from tables.pieces(frame)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(file.name)


def _copy(source: Source, fd: int) -> None:
    at = 0
    for block in blocks(fresh(source)):
        view = memoryview(block)
        try:
            while view:
                written = os.pwrite(fd, view, at)
                at, view = at + written, view[written:]
        except OSError as error:
            where = tempfile.gettempdir()
            raise OutOfSpace(f"{where}: {error.strerror}; set TMPDIR to a folder with more space") from error


class _Tables:
    """Makes pieces of what the process says, and believes nothing."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._sheet = Sheet()
        self._tables = 0

    def pieces(self, frame: dict[str, Any]) -> Pieces:
        sheet = self._sheet
        match frame:
            case {"table": str(name)}:
                self._tables += 1
                shown = (name if may_be_said(name) else f"table {self._tables}") if name else ""
                self._sheet = Sheet(shown)
                if name and shown != name:
                    yield Piece(name, 0, len(name), NOWHERE, "the name of a table")
                if self._tables > _TABLES:
                    raise self._lie()
            case {"names": [*names]} if all(isinstance(name, str) for name in names):
                sheet.names += names
                if len(sheet.names) > _NAMES:
                    raise self._lie()
                yield values_piece(Sheet(sheet.where), -1, names, [1] * len(names))
            case {"rows": int(rows)} if rows >= 0:
                sheet.rows += rows
            case {"column": int(column), "values": [*values], "times": [*times]} if self._are_cells(values, times):
                yield values_piece(sheet, column, values, times)
            case {"column": int(column), "text": str(text), "first": int(first), "last": int(last)}:
                name = sheet.names[column] if 0 <= column < len(sheet.names) else ""
                where = ", ".join(part for part in (sheet.where, sheet.column_name(column)) if part)
                yield Piece(text, max(first, 0), min(last, len(text)), NOWHERE, where, name, words_of(name))
            case {"missed": str(reason), "detail": str(detail)} if reason in _REASONS:
                yield Missed(-1, NotExamined(_REASONS[reason], f"{self._kind}: {detail[:200]}"))
            case _:
                raise self._lie()

    def _are_cells(self, values: list[Any], times: list[Any]) -> bool:
        fits = len(values) == len(times) and bool(values)
        return fits and set(map(type, values)) == {str} and set(map(type, times)) == {int} and min(times) > 0

    def _lie(self) -> NotExamined:
        return NotExamined(GapReason.CRASHED, f"{self._kind}: the process that reads it gave no usable answer")


# -- the other process ------------------------------------------------------------------------------------------------


@contextmanager
def _started(script: str, folder: str, fd: int, source: Source) -> Iterator[subprocess.Popen[bytes]]:
    """The process; it does not outlive the block."""
    limits = source.limits
    # -I and -S: nothing on the path but the standard library, no variable and no folder decides what is imported
    command = [sys.executable, "-I", "-S", str(_SCRIPT), str(_SCRIPT.with_name(script)), folder, str(fd)]
    command += [str(limits.native_memory_bytes), str(limits.native_seconds)]
    try:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and script
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"},
            pass_fds=(fd,),
            start_new_session=True,  # so that it can be ended with what it may start; Ctrl-C is not for it
        )
    except OSError as error:
        raise NotExamined(GapReason.UNAVAILABLE, f"no process to read it in: {error.strerror}") from error
    try:
        yield process
    finally:
        if process.poll() is None:  # else its id may be somebody else's by now
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _frames(process: subprocess.Popen[bytes], source: Source, kind: str) -> Iterator[dict[str, Any]]:
    """What it says, up to the end that it announces; NotExamined when it is late or dies before."""
    pipe = _Pipe(process, source, kind)
    while True:
        size = struct.unpack(">L", pipe.take(4))[0]
        if size > _FRAME:
            raise NotExamined(GapReason.CRASHED, f"{kind}: the process that reads it gave no usable answer")
        try:
            frame = json.loads(pipe.take(size))
        except (ValueError, RecursionError):
            raise NotExamined(GapReason.CRASHED, f"{kind}: the process that reads it gave no usable answer") from None
        if frame == {"end": 1}:
            return
        yield frame if isinstance(frame, dict) else {}


class _Pipe:
    """Reads from the process; only the time that is spent waiting for it counts."""

    def __init__(self, process: subprocess.Popen[bytes], source: Source, kind: str) -> None:
        assert process.stdout is not None
        self._process, self._source, self._kind = process, source, kind
        self._fd = process.stdout.fileno()
        self._ready = select.poll()
        self._ready.register(self._fd, select.POLLIN | select.POLLHUP)
        self._left = source.limits.native_seconds + _START

    def take(self, n: int) -> bytes:
        data = bytearray()
        while len(data) < n:
            self._source.tick()
            before = time.monotonic()
            ready = self._ready.poll(_TICK * 1000)
            self._left -= time.monotonic() - before
            if self._left < 0:
                raise NotExamined(GapReason.TIMED_OUT, f"{self._kind}: was not read in time")
            if ready:
                part = os.read(self._fd, n - len(data))
                if not part:
                    raise self._died()
                data += part
        return bytes(data)

    def _died(self) -> NotExamined:
        code = 0
        with suppress(subprocess.TimeoutExpired):  # its end of the pipe is closed; it follows in a moment
            code = self._process.wait(1)
        if code == -signal.SIGPROF:
            seconds = self._source.limits.native_seconds
            return NotExamined(GapReason.TIMED_OUT, f"{self._kind}: was not read within {seconds:g} seconds")
        return NotExamined(GapReason.CRASHED, f"{self._kind}: the process that read it died (exit code {code})")
