"""The texts in a .npy file: an array of numpy's types S and U, alone or as fields of records, as columns of a table.

https://numpy.org/doc/stable/reference/arrays.dtypes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.content import At, Missed, Pieces, Sheet, values_piece
from gate.formats.npy import HEADER, has_objects, literal
from gate.formats.pickle_texts import pickle_pieces

_CODE = re.compile(r"([<>|=]?)([A-Za-z])([0-9]{0,7})(?:\[[0-9A-Za-z]{1,8}\])?")
_BATCH = 2**20
_RECORD = 2**24
"""Bytes of one record."""
_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of every record; `codec` is "" for what is no text."""

    name: str
    start: int
    size: int
    count: int
    codec: str


def has_texts(head: bytes) -> bool:
    """Whether the array that begins so holds texts, or objects."""
    try:
        descr = literal(head)[0]["descr"]
        return has_objects(descr) or any(field.codec for field in _fields(descr))
    except FormatError:
        return False


def npy_pieces(source: Source) -> Pieces:
    """The columns of an array, read forward; the texts of the pickle in one of objects. FormatError as the header."""
    header, start = literal(source.read_at(0, HEADER))
    if has_objects(header["descr"]):
        yield from pickle_pieces(source, start)
        return
    fields = list(_fields(header["descr"]))
    record = sum(field.size * field.count for field in fields)
    if not 0 < record <= _RECORD:
        yield Missed(start, NotExamined(GapReason.TOO_LARGE, f"npy: records of {record} bytes"))
        return
    sheet = Sheet("", [field.name for field in fields])
    step = max(_BATCH // record, 1) * record
    for at in range(start, source.size, step):
        block = source.read_at(at, step)
        rows = len(block) // record
        sheet.rows += rows
        for column, field in enumerate(fields):
            if field.codec and rows:
                cells = list(_cells(block, field, record))
                times = dict.fromkeys(cells, 0)
                for cell in cells:
                    times[cell] += 1
                yield values_piece(sheet, column, tuple(times), tuple(times.values()), At(at))


def _cells(block: bytes, field: _Field, record: int) -> Iterator[str]:
    for row in range(0, len(block) - record + 1, record):
        for i in range(field.count):
            start = row + field.start + i * field.size
            yield block[start : start + field.size].decode(field.codec, "replace").rstrip("\0")


def _fields(descr: Any) -> Iterator[_Field]:
    """The fields of a type; FormatError for one that is not plain."""
    if isinstance(descr, str):
        descr = [("", descr)]
    if not isinstance(descr, list) or len(descr) > _FIELDS:
        raise FormatError("npy: a type that is none")
    at = 0
    for item in descr:
        if not isinstance(item, tuple) or len(item) not in (2, 3) or not isinstance(item[1], str):
            raise FormatError("npy: a record in a record")
        code = _CODE.fullmatch(item[1])
        shape = item[2] if len(item) == 3 else ()
        if code is None or not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 2**20 for n in shape):
            raise FormatError("npy: a type that is none")
        order, kind, digits = code.groups()
        size = int(digits or 1) * (4 if kind == "U" else 1)
        codec = {"S": "utf-8", "a": "utf-8", "U": "utf-32-be" if order == ">" else "utf-32-le"}.get(kind, "")
        name = item[0] if isinstance(item[0], str) else ""
        yield _Field(name, at, size, prod(shape), codec if size else "")
        at += size * prod(shape)
