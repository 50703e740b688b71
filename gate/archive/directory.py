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
    for name, listed in _listing(root):
        if listed:
            yield entry_at(root, name, budget)
        else:
            yield Entry(name, name, refusal=Refusal(GapReason.UNREADABLE, "folder cannot be listed"))


def entry_at(root: int, name: bytes, budget: Budget) -> Entry:
    """One file by its name; opened, not through links, when it is its turn."""
    return Entry(name, name, prepare=lambda entry: _prepare(entry, root, budget))


def _prepare(entry: Entry, root: int, budget: Budget) -> None:
    try:
        kind = os.stat(entry.name, dir_fd=root, follow_symlinks=False).st_mode
        if stat.S_ISLNK(kind):
            return _link(entry, os.readlink(entry.name, dir_fd=root))
        if not stat.S_ISREG(kind):  # to open some devices is to do something to them
            entry.refusal = Refusal(GapReason.UNSUPPORTED, "not a regular file")
            return None
        fd = os.open(entry.name, _OPEN, dir_fd=root)
    except OSError as error:
        entry.refusal = Refusal(GapReason.UNREADABLE, error.strerror or "cannot be opened")
        return None
    entry.close = lambda: os.close(fd)
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):  # it was swapped between the two
        entry.refusal = Refusal(GapReason.CHANGED, "no longer a regular file")
        return None
    budget.admit(info.st_size)
    entry.window = Window(fd, 0, info.st_size, budget)
    return None


def _link(entry: Entry, target: bytes) -> None:
    if leaves(entry.name.rpartition(b"/")[0], target):
        entry.refusal = Refusal(GapReason.UNSUPPORTED, "a symbolic link out of the target; scan what it points to")
    else:
        entry.folder = True  # what it points to is a member of its own


def _listing(root: int) -> Iterator[tuple[bytes, bool]]:
    """Files and links, folder by folder, sorted by name within each; False: a folder that cannot be listed."""
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            names = _names(folder, root)
        except OSError:
            yield folder, False
            continue
        folders += [os.path.join(folder, name) for name, is_folder in reversed(names) if is_folder]
        for name, is_folder in names:
            if not is_folder:
                yield os.path.join(folder, name), True


def _names(folder: bytes, root: int) -> list[tuple[bytes, bool]]:
    fd = os.open(folder or b".", _OPEN | os.O_DIRECTORY, dir_fd=root)
    try:
        with os.scandir(fd) as found:
            return sorted((os.fsencode(item.name), item.is_dir(follow_symlinks=False)) for item in found)
    finally:
        os.close(fd)


def snapshot(root: int) -> str:
    """sha256 over names, inodes, sizes and times of all files: equal before and after when nothing changed."""
    digest = hashlib.sha256()
    for name, listed in _listing(root):
        seen = _seen(name, root) if listed else None
        digest.update(b"%d %s %s\n" % (len(name), name, repr(seen).encode()))
    return digest.hexdigest()


def _seen(name: bytes, root: int) -> tuple[int, ...] | None:
    try:
        info = os.stat(name, dir_fd=root, follow_symlinks=False)
    except OSError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
