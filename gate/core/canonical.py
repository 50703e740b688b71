"""Canonical JSON: equal values give equal bytes, and every parser reads the same value from them."""

from __future__ import annotations

import json
import re

from gate.core.report import Json

_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(value: Json) -> bytes:
    """UTF-8, keys sorted, no spaces.

    A lone surrogate is written as the text of its escape, because parsers disagree on it (RFC 8259, section 8.2).
    Raises ValueError for floats that are not finite and for values nested deeper than the interpreter's stack.
    """
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode()
