"""A file or folder of this machine."""

from __future__ import annotations

import os
import stat

from gate.archive.root import Root, state
from gate.core.errors import UsageError


def open_local(target: str) -> Root:
    """Open it once; UsageError when it cannot be read or is neither a file nor a folder."""
    try:
        # O_NONBLOCK: a named pipe must be refused, not waited for.
        fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror}; give a file or folder that you may read") from error
    info = os.fstat(fd)
    folder = stat.S_ISDIR(info.st_mode)
    if not folder and not stat.S_ISREG(info.st_mode):
        os.close(fd)
        raise UsageError(f"{target}: neither a file nor a folder; to scan a stream give - and pipe it in")
    path = os.path.abspath(target)
    return Root(os.path.basename(path), fd, folder, info.st_size, path, state(fd, folder, path))


def address(target: str) -> str:
    """Where a target lies in the repository that holds the working directory, else below the working directory.

    By the letters of the path as it was given; "." is the repository itself, "" anything outside of it.
    """
    try:
        here = os.getcwd()
        path = os.path.relpath(target, _repository(here))
    except OSError:  # a working directory that was removed
        return ""
    return "" if path.split(os.sep)[0] == os.pardir else path


def _repository(folder: str) -> str:
    at = folder
    while not os.path.lexists(os.path.join(at, ".git")):
        at, below = os.path.dirname(at), at
        if at == below:
            return folder
    return at
