"""Text that is about to be shown, without the credentials in it: names of members and what other members quote."""

from __future__ import annotations

import string
from functools import lru_cache

from gate.formats.secrets import Secret, Tried, find, plain_spots
from gate.formats.secrets_tally import sample

_ALNUM = string.ascii_letters + string.digits
_ALONE = bytes(ord("a") if chr(c) in _ALNUM else ord(" ") for c in range(256))
_JOINED = bytes(ord("a") if chr(c) in _ALNUM + "_+~-" else ord(" ") for c in range(256))
_LONG, _LONGER = b"a" * 16, b"a" * 24
"""Characters in a row that tokens have: of mixed cases, else without what joins words. What is shorter stands in an
address or under a name."""
_NAMES = frozenset({"assigned-value", "unconfirmed", "test-key"})
"""Rules that say too little about the name of a file: digests and ids are names too."""
_TRIED = 1000


def redacted(text: str) -> str:
    """The text with every credential masked; nearly always the text itself."""
    return _redacted(text) if _may(text) else text


def named(name: str) -> Secret | None:
    """The credential in a name, if there is one for sure."""
    if not _may(name):
        return None
    return next((one for one in find(name, plain_spots, Tried(_TRIED)) if one.rule not in _NAMES), None)


def _may(text: str) -> bool:
    """Whether there could be one; costs a microsecond."""
    raw = text.encode("utf-8", "surrogatepass")
    if "@" in text or (_LONG in raw.translate(_JOINED) and (not text.islower() or _LONGER in raw.translate(_ALONE))):
        return True
    return "ass" in text or "ASS" in text or "wd" in text or "WD" in text or "uth" in text


@lru_cache(4096)
def _redacted(text: str) -> str:
    parts: list[str] = []
    at = 0
    for secret in find(text, plain_spots, Tried(_TRIED)):
        parts += (text[at : secret.start], sample(text[secret.start : secret.end]))
        at = secret.end
    return "".join((*parts, text[at:]))
