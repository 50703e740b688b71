"""The content of any member: which format it has, how that must be read, and who reads it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml

from gate.adapters.stores import is_read, store_content
from gate.archive.member import HEAD, Member, Need
from gate.archive.source import Source, fresh
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.content import Content
from gate.formats.content_text import text_content
from gate.formats.model_headers import header_of
from gate.formats.model_kinds import model_kind
from gate.formats.model_texts import model_pieces
from gate.formats.npy import MAGIC
from gate.formats.npy_texts import has_texts, npy_pieces
from gate.formats.pickle import looks_like_pickle
from gate.formats.pickle_texts import pickle_pieces
from gate.formats.spreadsheet import is_workbook, workbook_pieces
from gate.formats.text import is_text
from gate.resources import data

_SNIFF = 64
_ZIP = b"PK\x03\x04"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def content_need(member: Member) -> Need | None:
    """How a member must be read so that read_content() can; None for what holds nothing that people read."""
    head = member.head
    store = store_kind(head)
    if store:
        return Need.STREAM if is_read(store) else Need.HEAD
    if member.containers:
        return Need.SEEK if "zip" in member.containers and is_workbook(head) else None
    if is_text(head):
        return Need.STREAM
    if head.startswith(MAGIC):
        return Need.STREAM if has_texts(head) else None
    header = header_of(member.told(model_kind))
    if header is not None:
        return Need.SEEK if header.jumps else Need.STREAM
    return Need.STREAM if looks_like_pickle(head) else None


def read_content(source: Source) -> Content:
    """What people can read in a member (`member.read(read_content)`).

    Raises FormatError where that is nothing, NotExamined for a format that has no reader here, MissingExtra.
    """
    head = source.read_at(0, HEAD)
    store = store_kind(head)
    if is_read(store):
        return store_content(source, store)
    if store:
        raise NotExamined(GapReason.UNSUPPORTED, f"{store}: has no reader")
    if is_text(head) or not head:
        return text_content(source, head)
    if head.startswith(MAGIC):
        return Content(lambda: npy_pieces(fresh(source)))
    if head.startswith(_ZIP):
        return Content(lambda: workbook_pieces(source))
    header = header_of(model_kind(head))
    if header is not None:
        return Content(lambda: model_pieces(fresh(source), header.name))
    if not looks_like_pickle(head):
        raise FormatError("holds nothing that people read")
    return Content(lambda: pickle_pieces(fresh(source)))


@cache
def _stores() -> tuple[re.Pattern[bytes], tuple[str, ...]]:
    """One pattern with a group a format, and the name of each."""
    rows: list[dict[str, Any]] = yaml.load(data("pii/stores.yaml").read_bytes(), _Loader)  # noqa: S506 - a safe loader
    return re.compile("|".join(f"({row['begins']})" for row in rows).encode()), tuple(row["name"] for row in rows)


def store_kind(head: bytes) -> str:
    """The format of tables or documents that begins so, "" for anything else."""
    pattern, names = _stores()
    match = pattern.match(head[:_SNIFF])
    return names[match.lastindex - 1] if match and match.lastindex else ""
