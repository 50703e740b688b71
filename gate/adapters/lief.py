"""LIEF reads native libraries in a process of its own, with little memory and little time.

https://lief.re/doc/latest/. The library is copied into one nameless file that both processes hold open; only facts come
back, as JSON that is checked like any input. What the process may do at worst is to lie about a library.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from gate.adapters.lief_answer import Slice, parse
from gate.adapters.lief_child import ANSWER
from gate.archive.source import Source, blocks
from gate.core.errors import MissingExtra, NotExamined, OutOfSpace
from gate.core.gap import GapReason
from gate.core.limits import Limits

_SCRIPT = Path(__file__).with_name("lief_child.py")
_TICK = 0.25
"""Seconds between two signs of life while the other process works."""
_GRACE = 5.0
"""Seconds beyond the limit: the process ends itself first, which costs no new import of lief."""
_START = 60.0
"""Seconds in which lief must be imported; 0.7 on a quiet machine."""
Symbols: TypeAlias = Mapping[str, Sequence[str]]
"""Regular expressions of imported symbols by the word that they stand for: {"canary": ["__stack_chk_fail"]}."""


class Library:
    """One library, copied to where the other process can read it."""

    def __init__(self, child: _Child, source: Source) -> None:
        self._child, self._source = child, source
        self.size = source.size

    def read_at(self, offset: int, n: int) -> bytes:
        """At most `n` bytes; none outside of the file."""
        n = min(n, self.size - offset)
        return os.pread(self._child.fd, n, offset) if n > 0 and offset >= 0 else b""

    def parse(self, kind: str, symbols: Symbols) -> tuple[Slice, ...]:
        """What lief says of it as elf, pe or macho: one part, or one for each machine of a universal file.

        Raises FormatError when lief refuses it, else NotExamined: `timed-out`, `crashed` when the process died,
        `too-large` or `too-many` for what does not fit into the limits.
        """
        request = json.dumps({"format": kind, "symbols": symbols}).encode()
        return parse(self._child.ask(request, self._source))


@contextmanager
def library(source: Source) -> Iterator[Library]:
    """Copy a library and hand it out; MissingExtra without lief, Gap `too-large` beyond Limits.native_bytes.

    The process that parses is started when it is first needed and kept until close().
    """
    limits = source.limits
    if source.size > limits.native_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"{source.size} bytes, more than {limits.native_bytes}")
    child = _child(limits)
    try:
        child.copy(source)
        yield Library(child, source)
    finally:
        os.ftruncate(child.fd, 0)


def close() -> None:
    """End the process that this one has started, if any."""
    child = _children.pop(os.getpid(), None)
    if child is not None:
        child.close()


# -- the other process ------------------------------------------------------------------------------------------------

_children: dict[int, _Child] = {}
"""By the id of the process that started it: after a fork the parent's is none of our business, and stays here unused,
because letting go of it would mean to wait for a process that is not ours."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    memory: int
    seconds: float


def _child(limits: Limits) -> _Child:
    bounds = _Bounds(limits.native_memory_bytes, limits.native_seconds)
    child = _children.get(os.getpid())
    if child is not None and child.bounds != bounds:
        close()
        child = None
    if child is None:
        child = _children[os.getpid()] = _Child(_folder(), bounds)
    return child


def _folder() -> str:
    """Where the lief package lies; it is not imported here."""
    spec = find_spec("lief")
    if spec is None or spec.origin is None:
        raise MissingExtra("lief", "scan")
    return str(Path(spec.origin).resolve().parent.parent)


class _Child:
    """A server process, and the file that it reads; started again after it died."""

    def __init__(self, folder: str, bounds: _Bounds) -> None:
        self._folder, self.bounds = folder, bounds
        with tempfile.TemporaryFile() as file:
            self.fd = os.dup(file.fileno())
        self._process: subprocess.Popen[bytes] | None = None

    def copy(self, source: Source) -> None:
        at = 0
        for block in blocks(source):
            view = memoryview(block)
            try:
                while view:
                    written = os.pwrite(self.fd, view, at)
                    at, view = at + written, view[written:]
            except OSError as error:
                where = tempfile.gettempdir()
                raise OutOfSpace(f"{where}: {error.strerror}; set TMPDIR to a folder with more space") from error

    def ask(self, request: bytes, source: Source) -> bytes:
        """Its answer; the process does not outlive a failure to give one, whatever the reason."""
        started = self._process is None or self._process.poll() is not None
        if started:
            self._kill()  # what is left of the last one: its pipes
            self._process = self._start()
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self.bounds.seconds + _GRACE + (_START if started else 0)
        answered = False
        try:
            status, answer = _exchange(process, request, deadline, source)
            answered = True
        finally:
            if not answered:
                self._kill()
        if status:
            raise _died(status, self.bounds.seconds)
        if len(answer) > ANSWER:
            raise NotExamined(GapReason.TOO_LARGE, f"its headers tell more than {ANSWER} bytes")
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        # -I and -S: nothing on the path but the standard library, no variable and no folder decides what is imported
        command = [sys.executable, "-I", "-S", str(_SCRIPT), self._folder, str(self.fd)]
        command += [str(self.bounds.memory), str(self.bounds.seconds)]
        try:
            return subprocess.Popen(  # noqa: S603  # our own interpreter and script
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
                pass_fds=(self.fd,),
                start_new_session=True,  # so that it can be ended with what it forked; Ctrl-C is not for it
            )
        except OSError as error:
            raise NotExamined(GapReason.UNAVAILABLE, f"no process to parse it in: {error.strerror}") from error

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:  # else its id may be somebody else's by now
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def close(self) -> None:
        self._kill()
        os.close(self.fd)


def _exchange(process: subprocess.Popen[bytes], request: bytes, deadline: float, source: Source) -> tuple[int, bytes]:
    """Send a request and wait for the answer, with signs of life in between."""
    assert process.stdin is not None and process.stdout is not None
    with suppress(BrokenPipeError):  # it died: reading tells
        process.stdin.write(struct.pack(">L", len(request)) + request)
    head = _receive(process, 8, deadline, source)
    status, size = struct.unpack(">lL", head)
    if size > ANSWER + 2**16:
        raise NotExamined(GapReason.CRASHED, "the process that parses native libraries gave no usable answer")
    return status, _receive(process, size, deadline, source)


def _receive(process: subprocess.Popen[bytes], n: int, deadline: float, source: Source) -> bytes:
    assert process.stdout is not None
    fd, data, ready = process.stdout.fileno(), b"", select.poll()
    ready.register(fd, select.POLLIN | select.POLLHUP)
    while len(data) < n:
        source.tick()
        if time.monotonic() > deadline:
            raise NotExamined(GapReason.TIMED_OUT, "the process that parses native libraries was ended: no answer")
        if not ready.poll(_TICK * 1000):
            continue
        part = os.read(fd, n - len(data))
        if not part:
            raise NotExamined(GapReason.CRASHED, f"the process that parses native libraries died{_code(process)}")
        data += part
    return data


def _code(process: subprocess.Popen[bytes]) -> str:
    with suppress(subprocess.TimeoutExpired):  # its end of the pipe is closed; it follows in a moment
        return f" (exit code {process.wait(1)})"
    return ""


def _died(status: int, seconds: float) -> NotExamined:
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return NotExamined(GapReason.TIMED_OUT, f"was not parsed within {seconds:g} seconds")
    return NotExamined(GapReason.CRASHED, f"the process that parsed it died (exit code {code})")


atexit.register(close)
