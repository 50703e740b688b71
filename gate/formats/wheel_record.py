"""RECORD of a wheel or an installed distribution: path, digest, size of each of its files, as CSV.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gate.core.errors import FormatError
from gate.formats.text import LINE, Text

PATH = re.compile(r"(?P<root>(?:.*/)?)[^/]+\.dist-info/RECORD", re.DOTALL)
"""Where a RECORD lies; the paths in it begin at the folder `root`."""

_BASE64 = re.compile(r"[A-Za-z0-9_-]*={0,2}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file: path as written, algorithm and digest in lower-case hex ("" when there is none), size (-1 unknown)."""

    name: bytes
    algorithm: str
    hex: str
    size: int


def recorded(text: Text) -> Iterator[Recorded]:
    """Every row; FormatError for a line that is none."""
    rows = csv.reader((line.text + "\n" for line in text.lines(LINE)), strict=True)
    try:
        for row in rows:
            if row:
                yield _row(row, rows.line_num, text)
    except csv.Error as error:
        raise FormatError(f"RECORD: line {rows.line_num}: {error}") from None


def _row(row: list[str], line: int, text: Text) -> Recorded:
    if len(row) != 3:
        raise FormatError(f"RECORD: line {line} has {len(row)} columns, not 3")
    path, said, size = row
    algorithm, _, encoded = said.partition("=")
    if size and not (size.isascii() and size.isdigit() and len(size) < 20):
        raise FormatError(f"RECORD: line {line}: {size[:20]} is no size")
    return Recorded(text.encoding.raw(path), algorithm, _hex(encoded, line), int(size) if size else -1)


def _hex(encoded: str, line: int) -> str:
    """URL-safe base64 without padding (PEP 427), in hex."""
    if not _BASE64.fullmatch(encoded):
        raise FormatError(f"RECORD: line {line}: {encoded[:50]} is no digest")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).hex()
    except binascii.Error:
        raise FormatError(f"RECORD: line {line}: {encoded[:50]} is no digest") from None
