"""Path configuration files: lines that every interpreter runs when it starts, wherever the file is installed."""

from __future__ import annotations

from collections.abc import Iterator

from gate.archive.source import Source, whole
from gate.formats.concern import Concern

BYTES = 2**20
"""Bytes of such a file; real ones have a few lines."""


def concerns(source: Source) -> Iterator[Concern]:
    """Lines that are run and not added to the path; NotExamined when the file is too large.

    Source: CPython, Lib/site.py, addpackage: a line that begins with "import" and a blank is executed.
    """
    for number, line in enumerate(whole(source, BYTES).removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.startswith((b"import ", b"import\t")):
            yield Concern("startup-code", str(number), "every start of Python would run this line", line=number)
