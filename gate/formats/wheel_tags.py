"""Under which versions of Python a wheel can be installed: the tags of its WHEEL file, as specifiers of PEP 440.

https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
"""

from __future__ import annotations

import re

from gate.archive.source import Source
from gate.formats.text import read_text

_TAG = re.compile(r"(?P<python>[a-z0-9.]+)-(?P<abi>[a-z0-9_.]+)-\S+")
_ONE = re.compile(r"(?P<kind>py|cp|pp)(?P<major>[23])(?P<minor>[0-9]{0,2})")
_LINES = 2000
"""Lines of a WHEEL file; real ones have ten."""


def read_wheel_tags(source: Source) -> tuple[str, ...]:
    """One specifier for each tag, each once; a version has to fulfil one of them. FormatError for what is no text."""
    found: dict[str, None] = {}
    for line in read_text(source).lines(500):
        if line.number > _LINES:
            break
        key, colon, value = line.text.partition(":")
        if colon and key.strip().lower() == "tag" and (tag := _TAG.fullmatch(value.strip())):
            for one in tag["python"].split("."):
                found.update(dict.fromkeys(filter(None, [_specifier(one, tag["abi"])])))
    return tuple(found)


def _specifier(python: str, abi: str) -> str:
    match = _ONE.fullmatch(python)
    if match is None:
        return ""
    version = f"{match['major']}.{match['minor']}" if match["minor"] else match["major"]
    if match["kind"] == "py" or abi.startswith("abi"):
        return f">={version},<{int(match['major']) + 1}"
    return f"=={version}.*"
