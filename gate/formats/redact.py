"""Text that is about to be shown, without the credentials in it: names of members and what other members quote."""

from __future__ import annotations

import re
from functools import lru_cache

from gate.formats.secrets import Secret, Tried, find, plain_spots
from gate.formats.secrets_tally import sample

_MAY = re.compile(r"[A-Za-z0-9_+~-]{16}|@|[Pp](?:ass|ASS|wd|WD)|[Aa]uth")
"""What every credential has: length, an address, or a name."""
_NAMES = frozenset({"assigned-value", "unconfirmed", "test-key"})
"""Rules that say too little about the name of a file: digests and ids are names too."""
_TRIED = 1000


def redacted(text: str) -> str:
    """The text with every credential masked; nearly always the text itself."""
    return text if _MAY.search(text) is None else _redacted(text)


def named(name: str) -> Secret | None:
    """The credential in a name, if there is one for sure."""
    if _MAY.search(name) is None:
        return None
    return next((one for one in find(name, plain_spots, Tried(_TRIED)) if one.rule not in _NAMES), None)


@lru_cache(4096)
def _redacted(text: str) -> str:
    parts: list[str] = []
    at = 0
    for secret in find(text, plain_spots, Tried(_TRIED)):
        parts += (text[at : secret.start], sample(text[secret.start : secret.end]))
        at = secret.end
    return "".join((*parts, text[at:]))
