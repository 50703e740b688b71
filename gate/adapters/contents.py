"""The content of any member: which format it has, how that must be read, and who reads it."""

from __future__ import annotations

from gate.archive.member import Member, Need
from gate.archive.source import Source
from gate.formats.content import Content
from gate.formats.content_text import text_content
from gate.formats.text import is_text


def content_need(member: Member) -> Need | None:
    """How a member must be read so that read_content() can; None for what holds nothing that people read."""
    return Need.STREAM if is_text(member.head) and not member.containers else None


def read_content(source: Source) -> Content:
    """What people can read in a member (`member.read(read_content)`); FormatError where that is nothing."""
    return text_content(source)
