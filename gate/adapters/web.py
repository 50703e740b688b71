"""What requests leaves open: how much of an answer is read, and what an error says that a stranger may see."""

from __future__ import annotations

import requests

from gate.core.text import printable

_BLOCK = 2**16


def read(response: requests.Response, most: int) -> bytes:
    """The body, or more than `most` bytes of it; to its end, since only a read of nothing notices that it was cut."""
    held = bytearray()
    while len(held) <= most and (block := response.raw.read(_BLOCK, decode_content=False)):
        held += block
    return bytes(held)


def cause(error: BaseException) -> str:
    """What the system said at the bottom of a chain of exceptions, else the name of its type; no URL, no header."""
    seen = error
    while (inner := _below(seen)) is not None:
        seen = inner
    if isinstance(seen, OSError) and not isinstance(seen, requests.RequestException):
        words = getattr(seen, "verify_message", "") or seen.strerror
        return printable(str(words), 120) if words else type(seen).__name__
    return type(seen).__name__


def _below(error: BaseException) -> BaseException | None:
    inner = error.__cause__ or error.__context__
    return inner if isinstance(inner, Exception) else None
