"""Small files that nobody but this user can have written, kept between runs; whatever is doubtful is not there.

What is read back may be as dangerous as a program, so it is believed only when this user alone could write it: the
folder and the file belong to the effective user, give nobody else any right, and are reached through no link. What the
folder's parents are called or who may rename them does not matter, because the folder itself is opened and looked at.
The digest in front of each file finds what a full disk or a crash cut off; it is no proof of who wrote it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass

_KEPT = 4
"""Files in one folder; the oldest go."""
_MOST = 2**24
"""Bytes of one file."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class PrivateFiles:
    """Files in one folder, which is made when the first of them is written. No method raises OSError."""

    folder: str

    def read(self, name: str) -> bytes | None:
        """What was written under this name; None where there is nothing that can be believed."""
        try:
            at = _open(self.folder)
        except OSError:
            return None
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
            with open(fd, "rb") as file:
                info = os.fstat(fd)
                if not stat.S_ISREG(info.st_mode) or not _ours(info) or info.st_nlink != 1 or info.st_size > _MOST:
                    return None
                data = file.read(_MOST + 1)
        except OSError:
            return None
        finally:
            os.close(at)
        digest, body = data[:_DIGEST], data[_DIGEST:]
        return body if hashlib.sha256(body).digest() == digest else None

    def write(self, name: str, body: bytes) -> None:
        """Keep it, or do not: a reader sees the whole of it or nothing."""
        with contextlib.suppress(OSError):
            _make(self.folder)
            at = _open(self.folder)
            try:
                _write(at, name, hashlib.sha256(body).digest() + body)
                _forget(at, name)
            finally:
                os.close(at)


def _make(folder: str) -> None:
    """Root makes none in the home of a user, as `sudo` would: that user could not write there any more."""
    above = os.path.dirname(folder)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if os.geteuid() == 0 and os.stat(above).st_uid != 0:
        raise PermissionError(folder)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)


def _open(folder: str) -> int:
    """A descriptor of the folder; OSError where it is not there, a link, or not this user's alone."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not _ours(os.fstat(fd)):
        os.close(fd)
        raise PermissionError(folder)
    return fd


def _ours(info: os.stat_result) -> bool:
    return info.st_uid == os.geteuid() and not info.st_mode & _OTHERS


def _write(at: int, name: str, data: bytes) -> None:
    scratch = f".{secrets.token_hex(8)}"
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=at)
    try:
        with open(fd, "wb") as file:
            file.write(data)
        os.rename(scratch, name, src_dir_fd=at, dst_dir_fd=at)
    finally:
        with contextlib.suppress(OSError):  # after the rename there is nothing of that name
            os.unlink(scratch, dir_fd=at)


def _forget(at: int, newest: str) -> None:
    """All but the latest few, whatever their clocks said; also what a process left that was killed while it wrote."""

    def written(name: str) -> int:
        return os.stat(name, dir_fd=at, follow_symlinks=False).st_mtime_ns

    others = [name for name in os.listdir(at) if name != newest]
    for name in sorted(others, key=written, reverse=True)[_KEPT - 1 :]:
        os.unlink(name, dir_fd=at)
