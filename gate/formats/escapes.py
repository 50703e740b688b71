r"""Escapes in text, undone: `anna\u0040example.org` of JSON, YAML, JavaScript and Python, `anna&#64;...` of HTML."""

from __future__ import annotations

import html
import re
from array import array
from collections.abc import Callable
from typing import TypeAlias

from gate.formats.content import Piece, Replaced

Undo: TypeAlias = Callable[[re.Match[str]], str]
_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    rf"\\(?:u([dD][89abAB]{_HEX}{{2}})\\u([dD][c-fC-F]{_HEX}{{2}})|u({_HEX}{{4}})|x({_HEX}{{2}})|([nrt\"/\\]))"
)
"""Those that all of these languages mean the same by; the others stand for nothing that a value is made of."""
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/", "\\": "\\"}
_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|"
    "small|span|strike|strong|sub|sup|tt|u|var|wbr"
)
_MARKUP = re.compile(
    rf"<!--|-->|</?(?:{_INLINE})\s*/?>|(</?[a-z][a-z0-9]{{0,30}}\s*/?>)"
    rf"|&(#[0-9]{{1,7}}|#x{_HEX}{{1,6}}|[a-z][a-z0-9]{{1,31}});",
    re.IGNORECASE,
)
"""Tags without attributes, marks of comments, and references to characters; attributes are text like any other.
https://html.spec.whatwg.org/multipage/text-level-semantics.html: inline tags end no word, all others do."""


_OFFICE = re.compile(
    r"</(?:\w+:)?(?:p|si|c|v|row|h|tc|table-cell|list-item)\s*>|<(?:\w+:)?(?:br|tab|cr|line-break)\b[^<>]{0,200}>"
    r"|(<(?![^<>]*(?:@|[0-9][0-9 .-]{10}))[^<>]{0,4000}>)"
    rf"|&(#[0-9]{{1,7}}|#x{_HEX}{{1,6}}|[a-z]{{2,4}});",
    re.IGNORECASE,
)
"""Ends of paragraphs, strings and cells; other tags, which only say how text looks, unless a value stands in them."""
_OLD_PICKLE = re.compile(rf"(?m)^[asteuldbR(0-2.]{{0,9}}[VS]['\"]?(?=.{{3}})|\\u({_HEX}{{4}})")
"""Opcodes of protocol 0 before a text, and its escapes."""


def unescaped(piece: Piece) -> Piece:
    """The piece without escapes of program text."""
    return replaced(piece, _ESCAPE, _unescape) if "\\" in piece.text else piece


def unmarked(piece: Piece) -> Piece:
    """The piece without tags and character references of HTML."""
    return replaced(piece, _MARKUP, _unmark)


def unstyled(piece: Piece) -> Piece:
    """The piece without the tags of an office document (ECMA-376, OpenDocument): a word may be split over many."""
    return replaced(piece, _OFFICE, _unstyle)


def unpickled(piece: Piece) -> Piece:
    """The piece without opcodes of a pickle that is text."""
    return replaced(piece, _OLD_PICKLE, lambda match: _character(int(match[1], 16)) if match[1] else "")


def replaced(piece: Piece, pattern: re.Pattern[str], undo: Undo) -> Piece:
    """The same piece with every match of `pattern` replaced; the piece itself where nothing matches.

    A character that stands for an escape on the edge of the own part belongs to where the escape begins.
    """
    cuts, shifts = array("Q"), array("q")
    parts: list[str] = []
    text, at, length = piece.text, 0, 0
    first, last = piece.first, piece.last
    for match in pattern.finditer(text):
        start, end = match.span()
        new = undo(match)
        parts += (text[at:start], new)
        length += start - at + len(new)
        at = end
        cuts.append(length)
        shifts.append(end - length)
        if start < piece.first:
            first = length + max(piece.first - end, 0)
        if start < piece.last:
            last = length + max(piece.last - end, 0)
    if not cuts:
        return piece
    parts.append(text[at:])
    origin = Replaced(piece.origin, cuts, shifts)
    return Piece("".join(parts), first, last, origin, piece.where, piece.name, piece.words)


def _unescape(match: re.Match[str]) -> str:
    high, low, unit, byte, simple = match.groups()
    if simple:
        return _SIMPLE[simple]
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF))
    return _character(int(unit or byte, 16))


def _unmark(match: re.Match[str]) -> str:
    block, reference = match.groups()
    if reference is None:
        return "\n" if block else ""
    text = html.unescape(match[0])
    return text if len(text) > 1 else _character(ord(text))


def _unstyle(match: re.Match[str]) -> str:
    tag, reference = match.groups()
    if reference is None:
        return "" if tag else "\n"
    text = html.unescape(match[0])
    return text if len(text) > 1 else _character(ord(text))


def _character(code: int) -> str:
    """Half of a pair stands for no character, and not every library takes it."""
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
