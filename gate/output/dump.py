"""JSON that is the same for the same value, and that a terminal, a CI runner and every parser can take."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from gate.core.report import Json

_SAFE_INTEGER = 2**53 - 1
"""Beyond it a reader that has only doubles (jq, JavaScript) changes the number. RFC 7493, section 2.2."""
_ESCAPES = (("##[", "#\\u0023["), ("\x7f", "\\u007f"))
"""What is legal inside a JSON string and still obeyed by a GitHub runner or a terminal; the value stays the same."""


def dumps(value: object, indent: int | None = None) -> str:
    """One JSON text: ASCII, keys sorted, a newline at its end; on one line unless `indent` is given.

    Raises TypeError for a value that `plain` does not know.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(plain(value), sort_keys=True, allow_nan=False, indent=indent, separators=separators)
    for raw, escaped in _ESCAPES:
        text = text.replace(raw, escaped)
    return text + "\n"


def plain(value: object) -> Json:
    """The JSON value of a row, tuple, mapping or scalar.

    Lone surrogates become the text of their escape (RFC 8259, section 8.2: readers disagree on them), integers that a
    double cannot hold become strings, and floats that are not finite become null. Raises TypeError for anything else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _well_formed(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _compound(value)


def _compound(value: object) -> Json:
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {_well_formed(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form: rows hold strings, integers and tuples")


def _well_formed(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _integer(number: int) -> Json:
    if -_SAFE_INTEGER <= number <= _SAFE_INTEGER:
        return number
    # str() of an integer refuses more than 4300 digits, hex() does not.
    return str(number) if number.bit_length() <= 64 else hex(number)
