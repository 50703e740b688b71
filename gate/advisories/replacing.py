"""How one data base takes the place of another: whole, at once, and with a way back.

The one that was replaced lies beside it, called `<name>.previous`. There is no moment without a data base: a second
name is made for the old one first, then the new one takes its name, then the second name becomes `.previous`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from secrets import token_hex

from gate.advisories import layout
from gate.advisories.database import open_database
from gate.core.errors import NotExamined, OutOfSpace, UsageError


def previous(target: str) -> str:
    """Where the data base lies that `target` replaced."""
    return f"{target}.previous"


def put(path: str, target: str, *, keep: bool) -> None:
    """Give a complete file the name `target`; with `keep` the one that has it becomes the previous one."""
    folder, before = os.path.dirname(os.path.abspath(target)), previous(target)
    if keep and os.path.lexists(before) and not stat.S_ISREG(os.lstat(before).st_mode):
        raise UsageError(f"{before}: is not a file of its own; the data base before is kept there")
    with contextlib.ExitStack() as undo:
        second = undo.enter_context(_second_name(target)) if keep else ""
        os.replace(path, target)
        if second:
            os.replace(second, before)
    sync(folder)


def restore(target: str) -> None:
    """Let the data base and the previous one change places; UsageError where there is no previous one that is whole."""
    path = previous(target)
    try:
        with open_database(path):
            pass
    except NotExamined as error:
        raise UsageError(f"there is nothing to go back to: {error}") from error
    with translated(target):
        put(path, target, keep=os.path.exists(target))


def renew(target: str, fetched: str, etag: str, last_modified: str) -> None:
    """Say in a data base when somebody looked again (RFC 3339) and found that nothing is newer; raises UsageError.

    It is written as a file of its own that takes the place of the first one, which is not kept: it knew the same.
    """
    with open_database(target) as database:
        facts = replace(database.facts, fetched=fetched, etag=etag, last_modified=last_modified)
    with scratch(target) as path, translated(target):
        shutil.copyfile(target, path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            text = layout.write_facts(facts)
            rows = connection.execute("SELECT name, advisories FROM package ORDER BY name")
            connection.execute("UPDATE about SET facts = ?, seal = ?", (text, layout.seal(text, rows)))
        sync(path)
        put(path, target, keep=False)


@contextlib.contextmanager
def scratch(target: str) -> Iterator[str]:
    """An empty file beside the target, removed at the end unless it was renamed by then."""
    path = _unused(target)
    with translated(target):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextlib.contextmanager
def _second_name(target: str) -> Iterator[str]:
    path = _unused(target)
    try:
        try:
            os.link(target, path, follow_symlinks=False)
        except OSError:  # a file system without links
            shutil.copy2(target, path)
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _unused(target: str) -> str:
    folder, name = os.path.split(os.path.abspath(target))
    return os.path.join(folder, f".{name}.{token_hex(8)}")


def sync(path: str) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def translated(target: str) -> Iterator[None]:
    """What the system says about writing `target`, as UsageError, or OutOfSpace when the disk is full."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OutOfSpace(f"{target}: no space left for the data base") from error
        raise UsageError(f"{target}: cannot be written: {error}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace(f"{target}: no space left for the data base") from error
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from error
