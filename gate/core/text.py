"""Make text that came from an archive safe to print."""

from __future__ import annotations

_MAX = 300


def printable(text: str, limit: int = _MAX) -> str:
    """One line without control, bidi or surrogate characters, at most `limit` characters long.

    `##[` is broken up because a GitHub runner obeys it anywhere in a line.
    """
    text = text[: limit + 1]
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text
        )
    text = text.replace("##[", "#.#[")
    return text if len(text) <= limit else text[: limit - 1] + "…"
