"""The JSON Canonicalization Scheme: one spelling for one value, the same in every language.

https://www.rfc-editor.org/rfc/rfc8785
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite

from gate.core.errors import FormatError
from gate.core.report import Json

_EXACT = 2**53 - 1
"""The largest whole number that every parser keeps (RFC 7493, section 2.2)."""


def jcs(value: Json) -> str:
    """The canonical text; FormatError for numbers that have none, which have to be given as text.

    Values are as deep as gate.formats.bounded lets them be.
    """
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > _EXACT:
            raise FormatError("a whole number beyond 2^53 has no canonical form; write it as text")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{jcs(key)}:{jcs(value[key])}" for key in keys) + "}"
    return "[" + ",".join(map(jcs, value)) + "]"


def _number(value: float) -> str:
    """As ECMAScript writes a double: the shortest digits that mean it (ECMA-262, Number::toString)."""
    if not isfinite(value):
        raise FormatError("a number that is not finite has no canonical form; write it as text")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    n = len(digits)
    if n <= point <= 21:
        return sign + digits + "0" * (point - n)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    first, rest = digits[0], digits[1:]
    return f"{sign}{first}{'.' + rest if rest else ''}e{point - 1:+d}"
