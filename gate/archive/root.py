"""Root: the opened subject of a scan."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gate.archive import directory


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
        try:
            return self.seen != state(self.fd, self.folder, self.path)
        except OSError:
            return True

    def close(self) -> None:
        os.close(self.fd)


def state(fd: int, folder: bool, path: str | None) -> str:
    """Everything that changes when somebody writes to the subject or puts another one in its place."""
    if folder:
        return directory.snapshot(fd)
    opened = os.fstat(fd)
    there = os.stat(path) if path is not None else opened
    return repr([(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in (opened, there)])
