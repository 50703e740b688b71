"""What kind of licence an expression names: permissive, copyleft, restricted in use, not for commerce, or unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import yaml

from gate.formats.licences import spdx
from gate.resources import data

ORDER: Final = ("permissive", "copyleft", "network-copyleft", "use-restricted", "non-commercial", "unknown")
"""What allows most first; of a choice the first that is offered counts."""
_TOKEN = re.compile(r"[()]|[^\s()]+")
_DEPTH = 32
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def categories(licences: Iterable[str]) -> tuple[str, ...]:
    """The categories of all that are declared, all of which hold at once, in ORDER."""
    found = {kind for licence in licences for kind in _of(licence)}
    return tuple(kind for kind in ORDER if kind in found)


def _of(licence: str) -> frozenset[str]:
    expression = spdx(licence)
    if not expression:
        return frozenset({_kind(licence.strip())})
    return _Terms(_TOKEN.findall(expression)).choice(0)


class _Terms:
    """A canonical SPDX expression: OR of AND of identifiers, which may have an exception, or of parts in brackets."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def choice(self, depth: int) -> frozenset[str]:
        """Whoever uses it may choose: the terms whose worst part is the mildest."""
        offers = [self._all(depth)]
        while self._next() == "OR":
            self._at += 1
            offers.append(self._all(depth))
        return min(offers, key=lambda kinds: sorted(map(ORDER.index, kinds), reverse=True))

    def _all(self, depth: int) -> frozenset[str]:
        kinds = self._one(depth)
        while self._next() == "AND":
            self._at += 1
            kinds |= self._one(depth)
        return kinds

    def _one(self, depth: int) -> frozenset[str]:
        token = self._next()
        self._at += 1
        if depth > _DEPTH:
            return frozenset({"unknown"})
        if token == "(":  # noqa: S105  # a bracket
            kinds = self.choice(depth + 1)
            self._at += 1
            return kinds
        if self._next() == "WITH":  # an exception only allows more
            self._at += 2
        return frozenset({_kind(token)})


def _kind(name: str) -> str:
    match = _table().fullmatch(name.lower().removesuffix("+"))
    return (match.lastgroup or "").replace("_", "-") if match else "unknown"


@cache
def _table() -> re.Pattern[str]:
    table: Any = yaml.load(data("metadata/licences.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    groups = []
    for kind, names in table["categories"].items():
        if kind not in ORDER:
            raise ValueError(f"metadata/licences.yaml: {kind}")
        words = "|".join(re.escape(name).replace(r"\*", ".*") for name in names.split())
        groups.append(f"(?P<{kind.replace('-', '_')}>{words})")
    return re.compile("|".join(groups), re.DOTALL)
