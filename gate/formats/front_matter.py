"""The YAML block at the start of a README.md: the metadata of a model card.

https://huggingface.co/docs/hub/model-cards#model-card-metadata
"""

from __future__ import annotations

import re

from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason

BYTES = 2**20
"""Where a block must have ended; one with thousands of results has 0.4 MB."""
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_END = re.compile(rb"^---[ \t]*\r?$", re.MULTILINE)


def begins(head: bytes) -> bool:
    """Whether a text begins with the line that opens a block; it may still be a mere rule between paragraphs."""
    return _BEGIN.match(head) is not None


def read_front_matter(source: Source) -> bytes:
    """The block without its two lines, padded by one empty line so that lines count as in the member; b"" for none.

    Raises NotExamined `too-large` for a block that has not ended within BYTES.
    """
    head = b""
    while len(head) < BYTES:
        block = source.read_at(len(head), BYTES - len(head))
        if not block:
            break
        head += block
    begin = _BEGIN.match(head)
    if begin is None:
        return b""
    end = _END.search(head, begin.end())
    if end is None:
        if source.size > len(head):
            raise NotExamined(GapReason.TOO_LARGE, f"front matter of more than {BYTES} bytes")
        return b""
    return b"\n" + head[begin.end() : end.start()]
