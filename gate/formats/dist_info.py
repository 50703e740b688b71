"""The metadata of a distribution: METADATA of a wheel or an installed package, PKG-INFO of an older one.

https://packaging.python.org/en/latest/specifications/core-metadata/
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.text import read_text

PATH = re.compile(
    r"(?P<site>(?:.*[/])?)(?:[^/]+\.dist-info/METADATA|[^/]+\.egg-info(?:/PKG-INFO)?|EGG-INFO/PKG-INFO)", re.DOTALL
)
"""Where metadata of something installed lies; `site` is the folder that it is installed in."""
BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?Metadata-Version\s*:", re.IGNORECASE)
"""The first header of all metadata that a tool wrote."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
_LINES = 20_000
"""Lines of headers; the largest on the index, with its licence folded in, have 3,000."""
_LINE = 4096
"""Characters of a header that are looked at."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Name and version, as written; the versions of Python that it is made for, "" for any."""

    name: str
    version: str
    python: str = ""


def read_dist_info(source: Source) -> Distribution:
    """Name and version from the headers; the first of each counts, as for installers.

    Nothing of the description behind the headers is read. FormatError where one of the two is missing, NotExamined for
    more than `requirements_bytes` or too many headers.
    """
    if source.size > source.limits.requirements_bytes:
        raise NotExamined(
            GapReason.TOO_LARGE, f"metadata of {source.size} bytes, more than {source.limits.requirements_bytes}"
        )
    found: dict[str, str] = {}
    for line in read_text(source).lines(_LINE):
        if not line.text:
            break
        if line.number > _LINES:
            raise NotExamined(GapReason.TOO_MANY, f"metadata of more than {_LINES} lines of headers")
        field, colon, value = line.text.partition(":")
        key = field.strip().lower()
        if colon and key in ("name", "version", "requires-python") and not line.text[0].isspace():
            found.setdefault(key, value.strip())
    if not found.get("name") or not found.get("version"):
        raise FormatError("metadata without Name or Version")
    if not _NAME.fullmatch(found["name"]):
        raise FormatError("metadata with a Name that is none")
    return Distribution(found["name"], found["version"], found.get("requires-python", ""))
