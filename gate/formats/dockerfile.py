"""What a Dockerfile is built on and installs. https://docs.docker.com/reference/dockerfile/"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.install_lines import commands
from gate.formats.requirement import Item, Span
from gate.formats.text import read_text

LINES = 20_000
"""Instructions of one file; real ones have a hundred."""
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(?P<name>\w+)=(?P<value>\S*)", re.IGNORECASE)
_RUN = re.compile(r"RUN\s", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}\Z")
"""How an image is named that stays the same."""


@dataclass(frozen=True, slots=True)
class Base:
    """An image that a stage begins with, its variables replaced by their defaults."""

    span: Span
    image: str

    @property
    def pinned(self) -> bool:
        """Whether its digest is named."""
        return DIGEST.search(self.image) is not None


@dataclass(frozen=True, slots=True)
class Build:
    """The images that are built on, and what the commands install."""

    bases: tuple[Base, ...]
    items: tuple[Item, ...]


def read_dockerfile(source: Source) -> Build:
    """The instructions of a Dockerfile; FormatError or NotExamined."""
    bases: list[Base] = []
    items: list[Item] = []
    stages = {"scratch"}
    arguments: dict[str, str] = {}
    for count, (span, line) in enumerate(_instructions(source)):
        if count >= LINES:
            raise NotExamined(GapReason.TOO_MANY, f"a Dockerfile of more than {LINES} instructions")
        if (arg := _ARG.match(line)) is not None:
            arguments[arg["name"]] = arg["value"].strip("\"'")
        elif (start := _FROM.fullmatch(line)) is not None:
            image = _filled(start["image"], arguments)
            if image.lower() not in stages:
                bases.append(Base(span, image))
            if start["stage"]:
                stages.add(start["stage"].lower())
        elif _RUN.match(line):
            items += commands(line[3:], span)
    return Build(tuple(bases), tuple(items))


def _filled(text: str, arguments: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda m: arguments.get(m[1] or m[3], m[2] or m[0]), text)


def _instructions(source: Source) -> Iterator[tuple[Span, str]]:
    """Lines joined at a backslash, without comments."""
    parts: list[str] = []
    first = begin = 0
    text = read_text(source)
    text.whole(source.limits.requirements_bytes)
    for line in text.lines():
        stripped = line.text.strip()
        if stripped.startswith("#") or (not stripped and not parts):
            continue
        if not parts:
            first, begin = line.number, line.start
        parts.append(stripped.removesuffix("\\"))
        if not stripped.endswith("\\"):
            yield Span(first, begin, line.end), " ".join(parts)
            parts = []
    if parts:
        yield Span(first, begin, begin), " ".join(parts)
