"""The process that reads one table store: a script of its own that knows nothing of gate and trusts no byte.

    python -I -S store_child.py READER FOLDER DESCRIPTOR MEMORY SECONDS

READER is sqlite_child.py or arrow_child.py beside this file; it has read(path, say), a generator's worth of calls of
say(). FOLDER is where third parties lie ("" for none), DESCRIPTOR the file that is read, MEMORY bounds the address
space in bytes, SECONDS the time on the processor.

On stdout come frames of 4 bytes of length (big-endian) and JSON. A table begins with {"table": name}; then any of
{"names": [...]} (of further columns), {"column": 3, "values": [...], "times": [...]} (some different values and how
often each stands there), {"text": "...", "first": 0, "last": 9, "column": 3} (a piece of one long value) and
{"rows": 5000} (more rows). {"missed": "reason", "detail": "..."} is what could not be read, {"end": 1} the last one.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import signal
import struct
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

LONG = 2**16
"""Characters of a value above which it is no cell but a text."""
WINDOW = 2**20
OVERLAP = 4096
"""Of the windows of a long text; as in gate.formats.text."""
CHARACTERS = 2**19
"""Of the values in one frame: with escapes in JSON at most six times as many bytes."""
NUMBER = 10**6
"""Smaller whole numbers name no person."""
_FILES = 32


class Say:
    """What a reader says, frame by frame."""

    def __init__(self, out: int) -> None:
        self._out = out

    def __call__(self, **frame: Any) -> None:
        data = json.dumps(frame).encode()
        view = memoryview(struct.pack(">L", len(data)) + data)
        while view:
            view = view[os.write(self._out, view) :]

    def missed(self, reason: str, detail: str) -> None:
        """Something that could not be read; `detail` quotes nothing of the file."""
        self(missed=reason, detail=detail)

    def cells(self, column: int, values: Iterable[str], times: Iterable[int]) -> None:
        """Different values of a column."""
        some: list[str] = []
        counts: list[int] = []
        size = 0
        for value, count in zip(values, times, strict=True):
            if len(value) > LONG:
                self._text(column, value)
            some.append(value if len(value) <= LONG else "")  # its row counts
            counts.append(count)
            size += len(some[-1]) + 1
            if size >= CHARACTERS:
                self(column=column, values=some, times=counts)
                some, counts, size = [], [], 0
        if some:
            self(column=column, values=some, times=counts)

    def counted(self, column: int, values: Counter[str]) -> None:
        """The same from a counter."""
        if values:
            self.cells(column, values, values.values())

    def _text(self, column: int, value: str) -> None:
        for start in range(0, len(value), WINDOW):
            low, high = max(start - OVERLAP, 0), start + WINDOW
            last = min(high, len(value)) - low
            self(text=value[low : high + OVERLAP], first=start - low, last=last, column=column)


def main() -> None:
    """Read one file and end."""
    reader, folder, fd, memory, seconds = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
    for kind, most in (
        (resource.RLIMIT_AS, int(memory)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        _limit(kind, most)
    out = os.dup(1)  # what a library prints must not get between the frames
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    if folder:
        sys.path.append(folder)
    warnings.simplefilter("ignore")
    say = Say(out)
    read: Callable[[str, Say, float], None] = runpy.run_path(reader)["read"]
    signal.setitimer(signal.ITIMER_PROF, seconds)  # whose default is to end the process, also inside of a library
    try:
        read(f"/dev/fd/{int(fd)}", say, seconds)
    except MemoryError:
        say.missed("too-large", "it needs more memory than it may have")
    say(end=1)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):  # macOS has no bound of the address space
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
