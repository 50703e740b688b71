"""A LightGBM model: the first lines, and the parameters at its end; the trees between are not read.

https://github.com/microsoft/LightGBM/blob/master/src/boosting/gbdt_model_text.cpp (version 4.7)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pages import Pages

BEGINS: Final = re.compile(rb"tree\r?\nversion=v[0-9]+\r?\n")
HEAD = 4 * 2**20
"""Bytes before the first tree: names and ranges of the features."""
TAIL = 4 * 2**20
"""Bytes behind the last tree: importance of the features, parameters, categories."""
_FIRST_TREE = re.compile(rb"\r?\n\r?\n|\nTree=")
LINES = 10_000
"""Lines of the header, and of the parameters."""
_VALUE = 4096


@dataclass(frozen=True, slots=True)
class LightGbm:
    """A model; `header` and `parameters` as they stand, `feature_infos` left out, for they are data.

    `whole` says that the end of the trees and of the parameters were found.
    """

    version: str
    objective: str
    trees: int
    feature_names: tuple[str, ...]
    header: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    whole: bool


def read_lightgbm(source: Source) -> LightGbm:
    """A model in text; needs to jump. FormatError for what is none."""
    pages = Pages(source, "LightGBM")
    if BEGINS.match(pages.upto(0, 64)) is None:
        raise FormatError("LightGBM: another beginning")
    head = _head(pages)
    header = {key: value for key, found, value in (line.partition("=") for line in _lines(head)) if found}
    sizes = header.pop("tree_sizes", "").split()
    names = header.pop("feature_names", "").split()
    header.pop("feature_infos", None)
    tail, whole = _tail(pages)
    return LightGbm(
        header.pop("version", ""),
        header.get("objective", ""),
        len(sizes),
        tuple(names),
        tuple((key[:_VALUE], value[:_VALUE]) for key, value in header.items()),
        tuple(_parameter(line) for line in _lines(tail) if line[:1] == "[" and line[-1:] == "]" and ":" in line),
        whole,
    )


def _lines(text: str) -> list[str]:
    lines = text.replace("\r", "").split("\n", LINES)
    if len(lines) > LINES:
        raise NotExamined(GapReason.TOO_MANY, f"LightGBM: more than {LINES} lines before or behind the trees")
    return lines


def _parameter(line: str) -> tuple[str, str]:
    """A line `[key: value]`."""
    key, _, value = line[1:-1].partition(":")
    return key[:_VALUE], value.strip()[:_VALUE]


def _head(pages: Pages) -> str:
    """The lines before the first tree."""
    n = 2**12
    while True:
        data = pages.upto(0, n)
        end = _FIRST_TREE.search(data)
        if end is not None:
            return data[: end.start()].decode("utf-8", "replace")
        if n >= min(HEAD, pages.size):
            raise FormatError("LightGBM: no first tree")
        n *= 4


def _tail(pages: Pages) -> tuple[str, bool]:
    """The lines between `parameters:` and their end, from as few bytes as hold them."""
    n = 2**14
    while True:
        data = pages.take(max(0, pages.size - n), min(n, pages.size))
        _, begun, rest = data.rpartition(b"\nparameters:")
        if begun or n >= min(TAIL, pages.size):
            lines, ended, _ = rest.partition(b"end of parameters")
            return lines.decode("utf-8", "replace") if begun and ended else "", bool(begun and ended)
        n *= 4
