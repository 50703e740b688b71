"""Text inside a SARIF message."""

from __future__ import annotations


def message(text: str) -> str:
    """Text that stays text: no placeholder (section 3.11.5) and no embedded link (section 3.11.6)."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")
