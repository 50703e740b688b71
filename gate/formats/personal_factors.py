r"""What every match of a regular expression must hold, as a simpler expression that many can be looked for at once.

A factor is read from the parse tree of the standard library: ends that may be absent are cut off, a condition that
looks around stays where it is one character of a class, everything else becomes what it can at most be. Texts are seen
with one byte a character, see gate.adapters.patterns.one_byte. A pattern that the standard library does not read, or
reads otherwise than the `regex` module, has no factor: it is tried everywhere.

https://docs.python.org/3/library/re.html  https://pypi.org/project/regex/
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]  # the parse tree has no public form
from re import _parser  # type: ignore[attr-defined]
from typing import Any

UNBOUNDED = 2**30
_DIGIT, _LETTER, _SPACE, _OTHER, _FOLDED = 0xB2, 0xE9, 0xA0, 0xA1, 0xB5
_BEYOND = frozenset((_DIGIT, _LETTER, _SPACE, _OTHER, _FOLDED))
ALL = frozenset(range(128)) | _BEYOND
"""Every byte that a text can have."""
_DIGITS = frozenset(b"0123456789") | {_DIGIT}
_WORD = frozenset(c for c in range(128) if chr(c).isalnum() or c == ord("_")) | {_DIGIT, _LETTER, _FOLDED}
_SPACES = frozenset(b" \t\n\r\v\f") | {_SPACE}
_CATEGORIES = {
    op.CATEGORY_DIGIT: _DIGITS,
    op.CATEGORY_NOT_DIGIT: ALL - _DIGITS,
    op.CATEGORY_WORD: _WORD,
    op.CATEGORY_NOT_WORD: ALL - _WORD | {_FOLDED},
    op.CATEGORY_SPACE: _SPACES,
    op.CATEGORY_NOT_SPACE: ALL - _SPACES,
}
_LIKE_ASCII = {0x130: b"iI", 0x131: b"iI", 0x17F: b"sS", 0x212A: b"kK"}
_FOLDING = frozenset(b"iIsSkK")
_ONE = frozenset((op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN))
_REPEAT = frozenset((op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT))
_LOOK = frozenset((op.AT, op.ASSERT, op.ASSERT_NOT))
_KNOWN = int(re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.UNICODE)
"""Flags that mean the same to both modules."""
_LARGE = 2000
"""Characters of an expression that is cut down to its most telling part."""
_SHORT = 24
"""Characters of what may be absent that are kept, so that the condition beside it can be."""
_FUZZY = re.compile(r"\{[0-9<=+]*[a-z]")
"""`regex` reads {e<=1} as "about", the standard library as it is written."""

Node = tuple[Any, Any]
Nodes = Sequence[Node]


@dataclass(frozen=True, slots=True)
class Factor:
    """What is known of a pattern's matches.

    Every match, together with one character on each side, holds a match of `expression`. A match has at most `longest`
    characters, all of them in `alphabet`, and depends on at most `looks` characters beyond it (UNBOUNDED: any number).
    """

    expression: str
    longest: int
    looks: int
    alphabet: frozenset[int]


def factor(pattern: str, flags: int) -> Factor | None:
    """The factor of a pattern of the `regex` module with the flags of `re`; None where it must be tried everywhere."""
    if _FUZZY.search(pattern) or flags & ~_KNOWN:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a set that the two modules read differently
            tree = _parser.parse(pattern, flags)
            used = tree.state.flags | _inline(tree)
            return None if used & re.ASCII else _Tree(list(tree), bool(used & re.IGNORECASE)).factor()
    except (re.error, FutureWarning, DeprecationWarning, OverflowError, RecursionError, _Unknown):
        return None


class _Unknown(Exception):
    """A node that this module does not know."""


class _Tree:
    def __init__(self, nodes: list[Node], caseless: bool) -> None:
        self._nodes, self._caseless = nodes, caseless
        self._groups: dict[int, list[Node]] = {}
        self._back = _refers(nodes)

    def factor(self) -> Factor | None:
        shortest, longest = self._width(self._nodes)
        looks = self._looks(self._nodes)
        alphabet = ALL if self._back else self._alphabet(self._nodes)
        if shortest == 0 or looks >= UNBOUNDED:
            return None
        core = self._trimmed(self._nodes)
        if not self._back and len(self._written(core)) > _LARGE:
            core = self._trimmed(self._telling(core))
        if self._width(core)[0] == 0:
            return None
        return Factor(self._edged(core), min(longest, UNBOUNDED), looks, alphabet)

    # -- one character ------------------------------------------------------------------------------------------------

    def _set(self, kind: Any, value: Any) -> frozenset[int]:
        """The bytes that one character of this node may be, at most."""
        if kind is op.ANY:
            return ALL
        negated = kind is op.NOT_LITERAL
        items = [(op.LITERAL, value)] if kind in (op.LITERAL, op.NOT_LITERAL) else list(value)
        if items and items[0][0] is op.NEGATE:
            negated, items = True, items[1:]
        found: set[int] = set()
        for what, arg in items:
            found |= self._item(what, arg, negated)
        if self._caseless and not negated:
            found |= {ord(chr(c).swapcase()) for c in found if c < 128}
        if negated:
            return frozenset(ALL - found | {_FOLDED})
        return frozenset(found | {_FOLDED} if found & _FOLDING else found)

    def _item(self, kind: Any, value: Any, negated: bool) -> frozenset[int]:
        """Of a set; of a negated one what it is sure to hold."""
        if kind is op.CATEGORY:
            return _CATEGORIES[value] - ({_FOLDED} if negated else set())
        if kind is op.LITERAL:
            low = high = value
        elif kind is op.RANGE:
            low, high = value
        else:
            raise _Unknown
        found = set(range(low, min(high, 127) + 1))
        if high > 127 and not negated:
            found |= _BEYOND
            for code, letters in _LIKE_ASCII.items():
                if low <= code <= high:
                    found |= set(letters)
        return frozenset(found)

    # -- measures -----------------------------------------------------------------------------------------------------

    def _width(self, nodes: Nodes) -> tuple[int, int]:
        least = most = 0
        for kind, value in nodes:
            if kind in _ONE:
                a = b = 1
            elif kind in _LOOK:
                a = b = 0
            elif kind is op.SUBPATTERN:
                a, b = self._width(value[3])
                if value[0]:
                    self._groups[value[0]] = list(value[3])
            elif kind is op.BRANCH:
                widths = [self._width(branch) for branch in value[1]]
                a, b = min(w[0] for w in widths), max(w[1] for w in widths)
            elif kind in _REPEAT:
                x, y = self._width(value[2])
                a, b = value[0] * x, UNBOUNDED if value[1] is op.MAXREPEAT and y else int(value[1]) * y
            elif kind is op.ATOMIC_GROUP:
                a, b = self._width(value)
            elif kind is op.GROUPREF:
                a, b = 0, self._width(self._groups[value])[1] if value in self._groups else UNBOUNDED
            else:
                raise _Unknown
            least, most = min(least + a, UNBOUNDED), min(most + b, UNBOUNDED)
        return least, most

    def _looks(self, nodes: Nodes) -> int:
        most = 0
        for kind, value in nodes:
            if kind is op.AT:
                most = max(most, 1)
            elif kind in (op.ASSERT, op.ASSERT_NOT):
                inside = self._width(value[1])[1] + self._looks(value[1])
                most = max(most, min(inside + 1, UNBOUNDED))
            for inner in _inner(kind, value):
                most = max(most, self._looks(inner))
        return most

    def _alphabet(self, nodes: Nodes) -> frozenset[int]:
        found: frozenset[int] = frozenset()
        for kind, value in nodes:
            if kind in _ONE:
                found |= self._set(kind, value)
            for inner in _inner(kind, value):
                found |= self._alphabet(inner)
        return found

    # -- the necessary part -------------------------------------------------------------------------------------------

    def _trimmed(self, nodes: Nodes) -> list[Node]:
        """Without what may be absent at the ends: still in every match."""
        left = self._cut(list(nodes), 0)
        return self._cut(left, -1)

    def _cut(self, nodes: list[Node], end: int) -> list[Node]:
        while nodes:
            kind, value = nodes[end]
            if kind in _REPEAT and value[0] != value[1]:
                least, _, inner = value
                del nodes[end]
                if least == 0:
                    continue
                if least == 1 and not self._back:
                    _put(nodes, end, list(inner))
                    continue
                _put(nodes, end, [(op.MAX_REPEAT, (least, least, inner))])
                return nodes
            if kind is op.SUBPATTERN and not self._back:
                del nodes[end]
                _put(nodes, end, list(value[3]))
            elif kind in _LOOK and self._next_may_vary(nodes, end):
                del nodes[end]
            else:
                return nodes
        return nodes

    def _next_may_vary(self, nodes: list[Node], end: int) -> bool:
        """Whether what stands beside a condition may be absent, and is too long to be written out for its sake."""
        beside = nodes[end + 1 : end + 2] if end == 0 else nodes[end - 1 : end]
        varies = bool(beside) and beside[0][0] in _REPEAT and beside[0][1][0] != beside[0][1][1]
        return varies and self._width(beside)[1] > _SHORT

    def _telling(self, nodes: Nodes) -> list[Node]:
        """The node that is longest when written, and one before it."""
        flat = list(_flat(nodes))
        at = max(range(len(flat)), key=lambda i: len(self._written(flat[i : i + 1])))
        return flat[max(at - 1, 0) : at + 1]

    def _first(self, nodes: Nodes, *, last: bool = False) -> frozenset[int]:
        """The bytes that a match of these can begin (end) with, at most."""
        found: frozenset[int] = frozenset()
        for kind, value in reversed(nodes) if last else nodes:
            if kind in _ONE:
                return found | self._set(kind, value)
            if kind in _LOOK:
                continue
            inner = list(_inner(kind, value))
            if not inner:
                return ALL
            for one in inner:
                found |= self._first(list(one), last=last)
            if self._width([(kind, value)])[0]:
                return found
        return ALL

    # -- as an expression ---------------------------------------------------------------------------------------------

    def _edged(self, core: list[Node]) -> str:
        """The core, with the conditions at its ends as one character where they can be."""
        before = after = ""
        while core and core[0][0] in _LOOK:
            kind, value = core.pop(0)
            before = before or self._edge(kind, value, self._first(core), -1)
        while core and core[-1][0] in _LOOK:
            kind, value = core.pop()
            after = after or self._edge(kind, value, self._first(core, last=True), 1)
        return (rf"(?:\A|{before})" if before else "") + self._written(core) + (rf"(?:{after}|\z)" if after else "")

    def _edge(self, kind: Any, value: Any, beside: frozenset[int], side: int) -> str:
        if kind is op.AT and value is op.AT_BOUNDARY and beside <= _WORD:
            return _class(ALL - _WORD | {_FOLDED})
        if kind is not op.ASSERT_NOT or value[0] != side or len(value[1]) != 1:
            return ""
        what, arg = value[1][0]
        refused = [one[0] for one in (arg[1] if what is op.BRANCH else [value[1]]) if len(one) == 1]
        sure: frozenset[int] = frozenset().union(*(self._sure(*one) for one in refused if one[0] in _ONE))
        return _class(ALL - sure | {_FOLDED}) if sure else ""

    def _sure(self, kind: Any, value: Any) -> frozenset[int]:
        """The bytes that a node is sure to match: those whose complement cannot be negated away."""
        if kind is op.ANY:
            return ALL - {ord("\n")}
        if kind is op.NOT_LITERAL or (value and kind is op.IN and value[0][0] is op.NEGATE):
            return frozenset()
        items = [(kind, value)] if kind is op.LITERAL else list(value)
        found: frozenset[int] = frozenset()
        for what, arg in items:
            found |= self._item(what, arg, negated=True)
        return found - _BEYOND if any(what is not op.CATEGORY for what, _ in items) else found

    def _written(self, nodes: Nodes) -> str:
        return "".join(self._node(kind, value) for kind, value in nodes)

    def _node(self, kind: Any, value: Any) -> str:
        if kind in _ONE:
            return _class(self._set(kind, value))
        if kind in _LOOK:
            return ""
        if kind is op.SUBPATTERN:
            return f"(?:{self._written(value[3])})"
        if kind is op.ATOMIC_GROUP:
            return f"(?:{self._written(value)})"
        if kind is op.BRANCH:
            return f"(?:{'|'.join(self._written(branch) for branch in value[1])})"
        if kind is op.GROUPREF:
            return f"(?:{self._written(self._groups[value])})" if value in self._groups else "(?:)"
        if kind in _REPEAT:
            inner = self._written(value[2])
            most = "" if value[1] is op.MAXREPEAT else str(value[1])
            return f"(?:{inner}){{{value[0]},{most}}}" if inner else ""
        raise _Unknown


def _inline(nodes: Nodes) -> int:
    """Flags that are set for a part of the pattern."""
    found = 0
    for kind, value in nodes:
        if kind is op.SUBPATTERN:
            found |= int(value[1])
        for inner in _inner(kind, value):
            found |= _inline(inner)
    return found


def _put(nodes: list[Node], end: int, inner: list[Node]) -> None:
    if end == 0:
        nodes[0:0] = inner
    else:
        nodes.extend(inner)


def _inner(kind: Any, value: Any) -> Iterable[Nodes]:
    """The sequences below a node, besides what looks around."""
    if kind is op.SUBPATTERN:
        return (value[3],)
    if kind is op.BRANCH:
        return tuple(value[1])
    if kind in _REPEAT:
        return (value[2],)
    return (value,) if kind is op.ATOMIC_GROUP else ()


def _flat(nodes: Nodes) -> Iterable[Node]:
    for kind, value in nodes:
        if kind is op.SUBPATTERN:
            yield from _flat(value[3])
        else:
            yield kind, value


def _refers(nodes: Nodes) -> bool:
    """Whether something depends on what a group matched."""
    return any(kind is op.GROUPREF or any(_refers(inner) for inner in _inner(kind, value)) for kind, value in nodes)


def _class(found: frozenset[int]) -> str:
    """A set of bytes as one character of an expression."""
    if found >= ALL:
        return r"[\x00-\xff]"
    codes = sorted(found)
    if len(codes) == 1:
        return _byte(codes[0])
    parts, at = [], 0
    while at < len(codes):
        end = at
        while end + 1 < len(codes) and codes[end + 1] == codes[end] + 1:
            end += 1
        parts.append(_byte(codes[at]) if end == at else f"{_byte(codes[at])}-{_byte(codes[end])}")
        at = end + 1
    return f"[{''.join(parts)}]"


def _byte(code: int) -> str:
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\x{code:02x}"
