"""Root: the opened subject of a scan."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from gate.archive import directory
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.subject import Opened


@dataclass(frozen=True, slots=True)
class Root:
    """A file or folder that was opened once; everything is read from this descriptor.

    `path` is where it can be looked up again, None for standard input. `seen` is its state when it was opened.
    """

    name: str
    fd: int
    folder: bool
    size: int
    path: str | None
    seen: str

    def changed(self) -> bool:
        """Whether the bytes, or what lies at the path, are no longer what was opened."""
        return not self.seen or self.seen != state(self.fd, self.folder, self.path)

    def opened(self) -> Opened:
        """What outlives the descriptor, to be compared with later."""
        return Opened(self.path, self.seen)

    def sibling(self, suffix: str, limit: int) -> bytes | None:
        """The bytes of the regular file beside this one whose name is this one's and `suffix`; None without any.

        Raises NotExamined `too-large` for more than `limit` bytes, OSError when it cannot be read.
        """
        if self.path is None:
            return None
        try:
            fd = os.open(self.path + suffix, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            data = file.read(limit + 1)
        if len(data) > limit:
            raise NotExamined(GapReason.TOO_LARGE, f"{self.name}{suffix} beside it has more than {limit} bytes")
        return data

    def close(self) -> None:
        os.close(self.fd)


def state(fd: int, folder: bool, path: str | None) -> str:
    """Everything that changes when somebody writes to the subject; "" when it is not what lies at the path."""
    opened = os.fstat(fd)
    try:
        if path is not None and not os.path.samestat(opened, os.stat(path)):
            return ""
    except OSError:
        return ""
    if folder:
        return directory.snapshot(fd)
    return repr((opened.st_dev, opened.st_ino, opened.st_size, opened.st_mtime_ns, opened.st_ctime_ns))
