"""Which model a document is about: the one in whose folder it lies."""

from __future__ import annotations

import re
from collections.abc import Iterator

_INNER = ("MAR-INF/", ".eval_results/", "blobs/sha256/", "env/conda/", "env/docker/", "env/python/")
"""Folders that belong to the layout of a format: what lies in them is about the folder above."""
_DOT = re.compile(r"(?:\A|(?<=!/))(?:\./)+")


def folder(path: str) -> str:
    """The folder of the model that a member is about, with its slash; "" for the root of the subject."""
    where = path[: path.rfind("/") + 1]
    if "./" in where:
        where = _DOT.sub("", where)
    if where.endswith(_INNER):
        inner = next(name for name in _INNER if where.endswith(name))
        outer = where.removesuffix(inner)
        return outer if not outer or outer.endswith("/") else where
    return where


def depth(place: str) -> int:
    """Folders and containers around a model."""
    return place.count("/")


def enclosing(place: str) -> Iterator[str]:
    """A folder, and those around it, the nearest first, the root last."""
    while place:
        yield place
        place = place[: place.rfind("/", 0, -1) + 1]
    yield ""


def container(place: str) -> str:
    """The name of the archive that a folder is the root of, without its folders; "" when it is the root of none."""
    return place.removesuffix("!/").rpartition("/")[2] if place.endswith("!/") else ""
