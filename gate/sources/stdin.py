"""Standard input, kept in a private file without a name while the scan lasts."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from gate.archive.root import Root, state
from gate.core.errors import OutOfSpace, UsageError
from gate.core.limits import Limits

_BLOCK = 2**20


def open_stdin(limits: Limits) -> Root:
    """Read standard input to its end.

    Raises UsageError when it is a terminal, OutOfSpace when it is larger than half of the free temporary space or than
    the spool limit: an archive is judged whole or not at all.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("-: standard input is a terminal; pipe an archive in")
    where = tempfile.gettempdir()
    room = min(limits.spool_bytes, shutil.disk_usage(where).free // 2)
    size = 0
    with tempfile.TemporaryFile() as spool:
        try:
            while block := sys.stdin.buffer.read(_BLOCK):
                size += len(block)
                if size > room:
                    raise OutOfSpace(
                        f"standard input has more than the {room} bytes that may be kept in {where};"
                        " give a file, raise --limit spool_bytes, or set TMPDIR"
                    )
                spool.write(block)
            spool.flush()
        except OSError as error:
            raise OutOfSpace(f"{where}: {error.strerror}; set TMPDIR to a folder with more space") from error
        fd = os.dup(spool.fileno())
    return Root("stdin", fd, False, size, None, state(fd, False, None))
