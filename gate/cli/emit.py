"""Write results: one to standard output, any number to files, each whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Sequence

from gate.core.errors import UsageError
from gate.output import FORMATS


def outputs(pairs: Sequence[str], formats: Sequence[str] = FORMATS) -> list[tuple[str, str]]:
    """`FORMAT=PATH` pairs; UsageError for an unknown format or a folder that is not there."""
    parsed = []
    for pair in pairs:
        name, equals, path = pair.partition("=")
        check_format(name, "-o", formats)
        if not equals or not path:
            raise UsageError(f"-o {pair}: write it as FORMAT=PATH; for standard output use -f {name}")
        if not os.path.isdir(os.path.dirname(path) or "."):
            raise UsageError(f"-o {pair}: the folder {os.path.dirname(path)} does not exist")
        parsed.append((name, path))
    return parsed


def check_format(name: str, option: str, formats: Sequence[str] = FORMATS) -> None:
    """UsageError for a format that nobody renders."""
    if name not in formats:
        raise UsageError(f"{option} {name}: no such format; there are {', '.join(formats)}")


def combine(name: str, documents: Sequence[str]) -> str:
    """The results of several targets as one document: JSON one object a line, SARIF one run each."""
    if len(documents) == 1:
        return documents[0]
    if name == "json":
        return "".join(documents)
    if name == "sarif":
        from gate.output import sarif

        return sarif.combine(documents)
    return "\n".join(documents)


def write_stdout(text: str | Iterable[str]) -> None:
    """UsageError when standard output cannot take it: a result that nobody got must not end in exit 0."""
    try:
        sys.stdout.writelines((text,) if isinstance(text, str) else text)
        sys.stdout.flush()
    except OSError as error:  # a full disk, or a reader that went away
        sys.stdout = None  # else the interpreter tries once more at exit
        raise UsageError(f"standard output: {error.strerror}") from error


def write_file(path: str, text: str | Iterable[str]) -> None:
    """To a temporary file beside it, then renamed; devices and pipes are written to as they are."""
    pieces = (text,) if isinstance(text, str) else text
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "w", encoding="utf-8") as device:
                device.writelines(pieces)
            return
        fd, scratch = tempfile.mkstemp(prefix=".gate-", dir=os.path.dirname(path) or ".")
        try:
            with open(fd, "w", encoding="utf-8") as file:
                file.writelines(pieces)
            os.chmod(scratch, 0o666 & ~_umask())
            os.replace(scratch, path)
        finally:
            with contextlib.suppress(FileNotFoundError):  # it has its name by now, unless something failed
                os.unlink(scratch)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
