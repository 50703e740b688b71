"""Files that belong together: each is written whole, and all of them or none."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Collection, Mapping

from gate.core.errors import UsageError


def write_set(
    folder: str, files: Mapping[str, bytes], modes: Mapping[str, int], *, replace: bool, gone: Collection[str] = ()
) -> None:
    """Write all files of these names into a folder, or none; without `replace` none of them may be there yet.

    `gone` are names of an earlier set that this one does not have. Raises UsageError.
    """
    scratch: dict[str, str] = {}
    named: list[str] = []
    done = False
    try:
        for name, data in files.items():
            scratch[name] = _scratch(folder, data, modes.get(name, 0o666 & ~_umask()))
        for name in files:
            path = os.path.join(folder, name)
            if replace:
                os.replace(scratch[name], path)
            else:
                os.link(scratch[name], path)
            named.append(path)
        for name in gone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        done = True
    except FileExistsError as error:
        raise UsageError(f"{error.filename2 or folder} is there already; it is not overwritten") from error
    except OSError as error:
        where = error.filename2 or error.filename or folder
        raise UsageError(f"{os.fspath(where)}: cannot be written: {error.strerror}") from error
    finally:
        for path in (*scratch.values(), *(() if done else named)):
            with contextlib.suppress(OSError):
                os.unlink(path)


def _scratch(folder: str, data: bytes, mode: int) -> str:
    fd, path = tempfile.mkstemp(prefix=".gate-", dir=folder)  # 0600
    done = False
    try:
        with open(fd, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        done = True
    finally:
        if not done:
            os.unlink(path)
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
