"""String literals of Python 2, as protocol 0 writes them."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_SIMPLE = dict(
    zip(b"\n\\'\"abfnrtv", (b"", b"\\", b"'", b'"', b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v"), strict=True)
)


class Broken(Exception):
    """Here every unpickler stops with an error."""


def unescape(data: bytes) -> bytes:
    """The value of a string literal of Python 2, as PyBytes_DecodeEscape has it."""
    if b"\\" not in data:
        return data
    if re.search(rb"(?<!\\)(\\\\)*\\(x(?![0-9a-fA-F]{2})|\Z)", data):
        raise Broken("a string with a broken escape")
    return _ESCAPE.sub(_escaped, data)


def _escaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1] == b"x":
        return bytes((int(code[1:], 16),))
    if code[:1].isdigit() and code[0] < ord("8"):
        return bytes((int(code, 8) & 255,))
    return _SIMPLE.get(code[0], match[0])
