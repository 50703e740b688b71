"""--trust: the trust file, and the files that it names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from gate.cli.files import SMALL, read_file, refuse_inside
from gate.trust.words import Trust


def trust_file(targets: Sequence[str], file: str) -> Trust:
    """Raises UsageError for one that is missing, malformed, or names a file inside a target."""
    from gate.trust.file import read_trust

    def load(name: str) -> bytes:
        path = os.path.join(os.path.dirname(file), name)
        refuse_inside(targets, (path,))
        return read_file(path, f"--trust {file}", SMALL)

    return read_trust(read_file(file, "--trust", SMALL), file, load)
