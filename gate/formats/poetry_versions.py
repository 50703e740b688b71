"""What poetry means by a constraint, as a specifier of PEP 440.

https://python-poetry.org/docs/dependency-specification/#version-constraints
"""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

_CLAUSE = re.compile(r"(?P<sign>\^|~(?!=)|)\s*(?P<version>[0-9][A-Za-z0-9.!+_-]*)")
_RELEASE = re.compile(r"v?(?:[0-9]+!)?([0-9]+(?:\.[0-9]+)*)")
_LENGTH = 500
"""Characters of one constraint; real ones have 30."""


def specifier(text: str) -> str:
    """The same in PEP 440, "" for any version and for what PEP 440 cannot say (alternatives with ||)."""
    text = text.strip()
    if text in ("", "*") or "|" in text or len(text) > _LENGTH:
        return ""
    clauses = (_clause(part.strip()) for part in re.split(r"\s*,\s*|(?<=[A-Za-z0-9*])\s+(?=[\^~<>=!])", text))
    try:
        return str(SpecifierSet(",".join(filter(None, clauses))))
    except InvalidSpecifier:
        return ""


def _clause(text: str) -> str:
    match = _CLAUSE.fullmatch(text)
    if text.endswith(".*") and match is None:
        return text if text[0] in "=!" else f"=={text}"
    if match is None:
        return "" if text == "*" else text
    sign, version = match["sign"], match["version"]
    if not sign:
        return f"=={version}"
    release = _RELEASE.match(version)
    if release is None:
        return ""
    numbers = [int(number) for number in release[1].split(".")]
    last = _caret(numbers) if sign == "^" else min(len(numbers) - 1, 1)
    upper = [*numbers[:last], numbers[last] + 1]
    return f">={version},<{'.'.join(map(str, upper))}"


def _caret(numbers: list[int]) -> int:
    """The first number that is not zero may not grow; the last one of those that are all zero."""
    return next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
