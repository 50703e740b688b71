"""A directory: its regular files, in an order that is the same for everyone.

Folders are opened one below the other and never through a link, so that nobody who swaps a folder for a link while it
is read leads the walk away; a link is followed by hand, as long as it stays inside.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator

from gate.archive.budget import Budget
from gate.archive.member import Entry, Refusal
from gate.archive.source import Window
from gate.core.gap import GapReason

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LINKS = 40
"""Links on the way to one file, as Linux allows (path_resolution(7))."""
_LONGEST = 2**15
"""Bytes of a path: eight times what can be opened by its name alone (PATH_MAX)."""


class Tree:
    """The folders below an open one; the last that was opened stays open for the files that lie in it."""

    def __init__(self, root: int) -> None:
        self._root, self._name, self._fd = root, b"", -1

    def folder(self, name: bytes) -> int:
        """A descriptor of a folder that this object closes; OSError when it, or one above it, is none or a link."""
        if self._fd >= 0 and name == self._name:
            return self._fd
        below = self._fd >= 0 and name.startswith(self._name + b"/")
        rest = name[len(self._name) + 1 :] if below else name
        fd = os.open(".", _OPEN | os.O_DIRECTORY, dir_fd=self._fd if below else self._root)
        try:
            for part in rest.split(b"/") if rest else ():
                inner = os.open(part, _OPEN | os.O_DIRECTORY, dir_fd=fd)
                os.close(fd)
                fd = inner
        except OSError:
            os.close(fd)
            raise
        self.close()
        self._name, self._fd = name, fd
        return fd

    def stat(self, name: bytes) -> os.stat_result:
        """Of the file itself, also when it is a link."""
        folder, _, last = name.rpartition(b"/")
        return os.stat(last, dir_fd=self.folder(folder), follow_symlinks=False)

    def open(self, name: bytes) -> int:
        """A descriptor of a file that the caller closes."""
        folder, _, last = name.rpartition(b"/")
        return os.open(last, _OPEN, dir_fd=self.folder(folder))

    def target(self, name: bytes) -> bytes | None:
        """The name of what a link leads to in the end, b"" for the root; None when it leads out. OSError: nowhere."""
        left, at = name.split(b"/")[::-1], list[bytes]()
        links = 0
        while left:
            part = left.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                if not at:
                    return None
                at.pop()
                continue
            at.append(part)
            here = b"/".join(at)
            if not stat.S_ISLNK(self.stat(here).st_mode):
                continue
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            to = os.readlink(at.pop(), dir_fd=self.folder(b"/".join(at)))
            if to.startswith(b"/"):
                return None
            left += to.split(b"/")[::-1]
        return b"/".join(at)

    def close(self) -> None:
        """Close what is still open."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def entries(root: int, budget: Budget) -> Iterator[Entry]:
    """Every file below the open folder `root`; names are relative to it, with `/` between their parts."""
    tree = Tree(root)
    try:
        for name, trouble in _listing(tree):
            yield Entry(name, name, refusal=trouble) if trouble else _entry(tree, name, budget)
    finally:
        tree.close()


def entry_at(root: int, locator: bytes | tuple[bytes], budget: Budget) -> Entry:
    """One file by its locator, its name, in a tuple where that is a link; opened when it is its turn."""
    name = locator if isinstance(locator, bytes) else locator[0]

    def prepare(entry: Entry) -> None:
        tree = Tree(root)
        try:
            _prepare(entry, tree, budget)
        finally:
            tree.close()

    return Entry(name, name, prepare=prepare)


def _entry(tree: Tree, name: bytes, budget: Budget) -> Entry:
    return Entry(name, name, prepare=lambda entry: _prepare(entry, tree, budget))


def _prepare(entry: Entry, tree: Tree, budget: Budget) -> None:
    name, linked = entry.name, False
    try:
        kind = tree.stat(name).st_mode
        if stat.S_ISLNK(kind):
            target = tree.target(name)
            if target is None:
                detail = "a symbolic link out of the target; scan what it points to"
                entry.refusal = Refusal(GapReason.UNSUPPORTED, detail)
                return
            name, linked = target, True
            kind = tree.stat(target).st_mode if target else stat.S_IFDIR
            if stat.S_ISDIR(kind):  # what lies in it are members of their own
                entry.folder = True
                return
        if not stat.S_ISREG(kind):  # to open some devices is to do something to them
            entry.refusal = Refusal(GapReason.UNSUPPORTED, "not a regular file")
            return
        fd = tree.open(name)
    except OSError as error:
        entry.refusal = Refusal(GapReason.UNREADABLE, error.strerror or "cannot be opened")
        return
    entry.close = lambda: os.close(fd)
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):  # it was swapped between the two
        entry.refusal = Refusal(GapReason.CHANGED, "no longer a regular file")
        return
    if linked:
        entry.locator = (entry.name,)
    else:
        budget.admit(info.st_size)
    entry.window = Window(fd, 0, info.st_size, budget)


def _listing(tree: Tree) -> Iterator[tuple[bytes, Refusal | None]]:
    """Files and links, folder by folder, sorted by name within each, and folders that cannot be listed."""
    folders = [b""]
    while folders:
        folder = folders.pop()
        if len(folder) > _LONGEST:
            yield folder, Refusal(GapReason.TOO_DEEP, f"a path of more than {_LONGEST} bytes")
            continue
        try:
            names = _names(folder, tree)
        except OSError:
            yield folder, Refusal(GapReason.UNREADABLE, "folder cannot be listed")
            continue
        folders += [os.path.join(folder, name) for name, is_folder in reversed(names) if is_folder]
        for name, is_folder in names:
            if not is_folder:
                yield os.path.join(folder, name), None


def _names(folder: bytes, tree: Tree) -> list[tuple[bytes, bool]]:
    with os.scandir(tree.folder(folder)) as found:
        return sorted((os.fsencode(item.name), item.is_dir(follow_symlinks=False)) for item in found)


def snapshot(root: int) -> str:
    """sha256 over names, inodes, sizes and times of all files: equal before and after when nothing changed."""
    digest, tree = hashlib.sha256(), Tree(root)
    try:
        for name, trouble in _listing(tree):
            seen = None if trouble else _seen(name, tree)
            digest.update(b"%d %s %s\n" % (len(name), name, repr(seen).encode()))
    finally:
        tree.close()
    return digest.hexdigest()


def _seen(name: bytes, tree: Tree) -> tuple[int, ...] | None:
    try:
        info = tree.stat(name)
    except OSError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
