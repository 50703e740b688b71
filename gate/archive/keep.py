"""Keep: where the bytes of a compressed member go while it is hashed."""

from __future__ import annotations

import errno
import tempfile
from typing import IO

from gate.archive.budget import Budget
from gate.archive.source import Memory, Source, Window
from gate.core.errors import Spent
from gate.core.gap import GapReason


class Keep:
    """Nothing at all, or memory up to `Limits.memory_bytes` and then an unlinked file or nothing again.

    `memory`: somebody reads more than the head. `spool`: and it cannot simply be unpacked once more.
    """

    __slots__ = ("_budget", "_file", "_parts", "_size", "_spool")

    def __init__(self, memory: bool, spool: bool, budget: Budget) -> None:
        self._parts: list[bytes] | None = [] if memory else None
        self._spool, self._budget = spool, budget
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, block: bytes) -> None:
        """Spent when the spool budget or the disk ends."""
        if self._parts is not None:
            self._parts.append(block)
            self._size += len(block)
            if self._size > self._budget.limits.memory_bytes:
                parts, self._parts, self._size = self._parts, None, 0
                if self._spool:
                    self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
                    for part in parts:
                        self._write(self._file, part)
        elif self._file is not None:
            self._write(self._file, block)

    def _write(self, file: IO[bytes], block: bytes) -> None:
        self._budget.spool(len(block))
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            where = tempfile.gettempdir()
            raise Spent(GapReason.BUDGET, f"{where} is full; set TMPDIR to a folder with more space") from error
        self._size += len(block)

    def source(self) -> Source | None:
        """What was kept; None when it was let go."""
        if self._parts is not None:
            return Memory(b"".join(self._parts), self._budget)
        if self._file is not None:
            return Window(self._file.fileno(), 0, self._size, self._budget)
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
