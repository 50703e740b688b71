"""A list of requirements as pip reads it: what it asks for, what it includes, and where it would be fetched.

Nothing is resolved, expanded or opened: environment variables, includes, paths and URLs are told as they are written.
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import pip_options
from gate.formats.requirement import Include, Index, Invalid, Item, Span, located, parse, salvaged
from gate.formats.text import read_text

ITEMS = 20_000
"""Requirements and options in one list; a lock file of the largest applications has 3,000."""
_LINE = 2**16
"""Characters of one logical line; with the digests of all its wheels, one has 16,000."""
_SLOW = 256
"""Lines between two looks at the clock."""

_COMMENT = re.compile(r"(?:^|\s)#")
_CODING = re.compile(r"coding[:=]\s*([-\w.]+)")
_ASCII_LIKE = re.compile(r"(?:utf-?8(?:-sig)?|u8|(?:us-)?ascii|latin-?\d*|iso-?8859-\d+|cp125\d|windows-125\d)", re.I)
"""Encodings (PEP 263) in which names and versions are the same bytes as in UTF-8."""


def read_requirements(source: Source) -> tuple[Item, ...]:
    """Everything that a list says, in its order.

    Raises FormatError for what is no text; NotExamined where it is longer than `requirements_bytes`, holds more than
    ITEMS, or declares an encoding in which it would read otherwise.
    """
    text = read_text(source)
    content = text.whole(source.limits.requirements_bytes)
    if not text.encoding.mark:
        _check_coding(content)
    items: list[Item] = []
    width, at = text.encoding.width, text.encoding.mark

    def lines() -> Iterator[tuple[int, int, str]]:
        nonlocal at
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            if number % _SLOW == 0:
                source.tick()
            yield number, at, line
            at += width(line)

    for span, line in _logical(lines(), width):
        items += parse_line(line, span)
        if len(items) > ITEMS:
            raise NotExamined(GapReason.TOO_MANY, f"a list of more than {ITEMS} requirements and options")
    return tuple(items)


def parse_line(line: str, span: Span) -> Iterator[Item]:
    """What one logical line says, without its comment."""
    if len(line) > _LINE:
        yield Invalid(span, salvaged(line), f"it has {len(line)} characters")
        return
    asked, options = pip_options.split(line)
    said: list[tuple[str, str]] = []
    problem = ""
    try:
        for pair in pip_options.parse(options) if options else ():
            said.append(pair)  # one by one: what stands before a mistake counts
    except FormatError as error:
        problem = str(error)
    if asked:
        used = {value.partition(":")[0].lower() for option, value in said if option == "hash"}
        yield from parse(asked, span, ",".join(sorted(used)))
    for option, value in said:
        if option in ("requirement", "constraint"):
            yield Include(span, value, option == "constraint")
        elif option == "editable":
            yield located(value, span, "editable")
        elif option in ("index-url", "extra-index-url", "find-links", "trusted-host"):
            yield Index(span, option, value)
    if problem:
        yield Invalid(span, salvaged(asked), problem)


# -- lines ------------------------------------------------------------------------------------------------------------


def _check_coding(content: str) -> None:
    """What its first two lines declare (PEP 263), pip obeys: in UTF-7 a comment can hold requirements."""
    for line in content.split("\n", 2)[:2]:
        declared = _CODING.search(line[:_LINE]) if line.startswith("#") else None
        if declared is not None and not _ASCII_LIKE.fullmatch(declared[1].replace("_", "-")):
            raise NotExamined(GapReason.UNSUPPORTED, f"a list that declares the encoding {declared[1][:40]}")


def _logical(lines: Iterable[tuple[int, int, str]], width: Callable[[str], int]) -> Iterator[tuple[Span, str]]:
    """Lines joined at a backslash, without comments, none of them empty; a comment ends what it is joined to."""
    parts: list[str] = []
    first, begin, end = 0, 0, 0
    for number, start, raw in lines:
        if not parts and raw.isspace():
            continue
        line = raw.splitlines()[0]
        if not parts:
            first, begin = number, start
        end = start + width(line)
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        parts.append(f" {line}" if comment else line)
        yield from _stripped("".join(parts), Span(first, begin, end))
        parts = []
    if parts:
        yield from _stripped("".join(parts), Span(first, begin, end))


def _stripped(line: str, span: Span) -> Iterator[tuple[Span, str]]:
    comment = _COMMENT.search(line)
    line = (line[: comment.start()] if comment else line).strip()
    if line:
        yield span, line
