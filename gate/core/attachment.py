"""Attachment: a small file that belongs to the subject without being a part of it."""

from __future__ import annotations

from typing import NamedTuple


class Attachment(NamedTuple):
    """A file beside the subject, or one that an option names: its base name and its bytes, which nobody vouches for."""

    name: str
    data: bytes
