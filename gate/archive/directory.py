"""A directory: its regular files, in an order that is the same for everyone, opened without following links."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

from gate.archive.budget import Budget
from gate.archive.member import Entry, Refusal
from gate.archive.paths import leaves
from gate.archive.source import Window
from gate.core.gap import GapReason

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def entries(root: int, budget: Budget) -> Iterator[Entry]:
    """Every file below the open folder `root`; names are relative to it, with `/` between their parts."""
    for name, info in _listing(root):
        if info is None:
            yield Entry(name, name, refusal=Refusal(GapReason.UNREADABLE, "folder cannot be listed"))
        else:
            yield entry_at(root, name, budget)


def entry_at(root: int, name: bytes, budget: Budget) -> Entry:
    """One file by its name; opened, not through links, when it is its turn."""
    return Entry(name, name, prepare=lambda entry: _prepare(entry, root, budget))


def _prepare(entry: Entry, root: int, budget: Budget) -> None:
    try:
        if stat.S_ISLNK(os.stat(entry.name, dir_fd=root, follow_symlinks=False).st_mode):
            return _link(entry, os.readlink(entry.name, dir_fd=root))
        fd = os.open(entry.name, _OPEN, dir_fd=root)
    except OSError as error:
        entry.refusal = Refusal(GapReason.UNREADABLE, error.strerror or "cannot be opened")
        return None
    entry.close = lambda: os.close(fd)
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        entry.refusal = Refusal(GapReason.UNSUPPORTED, "not a regular file")
        return None
    budget.admit(info.st_size)
    entry.window = Window(fd, 0, info.st_size, budget)
    return None


def _link(entry: Entry, target: bytes) -> None:
    if leaves(entry.name.rpartition(b"/")[0], target):
        entry.refusal = Refusal(GapReason.UNSUPPORTED, "a symbolic link out of the target; scan what it points to")
    else:
        entry.folder = True  # what it points to is a member of its own


def _listing(root: int) -> Iterator[tuple[bytes, os.stat_result | None]]:
    """Files (and links, and folders that cannot be listed: None), folder by folder, sorted by name within each."""
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            fd = os.open(folder or b".", _OPEN | os.O_DIRECTORY, dir_fd=root)
        except OSError:
            yield folder, None
            continue
        try:
            with os.scandir(fd) as found:
                names = sorted((os.fsencode(item.name), item.is_dir(follow_symlinks=False)) for item in found)
            folders += [os.path.join(folder, name) for name, is_folder in reversed(names) if is_folder]
            for name, is_folder in names:
                if not is_folder:
                    yield os.path.join(folder, name), os.stat(name, dir_fd=fd, follow_symlinks=False)
        finally:
            os.close(fd)


def snapshot(root: int) -> str:
    """sha256 over names, inodes, sizes and times of all files: equal before and after when nothing changed."""
    digest = hashlib.sha256()
    for name, info in _listing(root):
        seen = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns) if info else None
        digest.update(b"%d %s %s\n" % (len(name), name, repr(seen).encode()))
    return digest.hexdigest()

