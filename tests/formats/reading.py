"""What tests of readers of content need."""

from typing import Any

from gate.adapters.contents import read_content
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.formats.content import Content, Missed, Piece


def source_of(data: bytes | str, **limits: Any) -> Memory:
    raw = data.encode() if isinstance(data, str) else data
    budget = Budget(Limits(**limits))
    budget.admit(len(raw))
    return Memory(raw, budget)


def content_of(data: bytes | str, **limits: Any) -> Content:
    return read_content(source_of(data, **limits))


def split(content: Content) -> tuple[list[Piece], list[Missed]]:
    items = list(content)
    return [item for item in items if isinstance(item, Piece)], [item for item in items if isinstance(item, Missed)]


def pieces_of(data: bytes | str, **limits: Any) -> list[Piece]:
    pieces, missed = split(content_of(data, **limits))
    assert not missed
    return pieces


def columns_of(data: bytes | str, **limits: Any) -> dict[str, list[str]]:
    """Values by the name of their column, each as often as it stands there."""
    found: dict[str, list[str]] = {}
    for piece in pieces_of(data, **limits):
        if piece.column >= 0:
            values = found.setdefault(piece.name or piece.where, [])
            values += [cell for cell, times in zip(piece.cells, piece.times, strict=True) for _ in range(times)]
    return found
