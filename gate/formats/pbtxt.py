"""The text format of protocol buffers, as Triton's config.pbtxt is written.

https://protobuf.dev/reference/protobuf/textformat-spec/
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

from __future__ import annotations

import re
from typing import TypeAlias

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

BYTES = 4 * 2**20
DEPTH = 32
"""Levels of messages; a model configuration has 5."""
TOKENS = 200_000
_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<text>"(?:\\.|[^"\\\n])*+"|'(?:\\.|[^'\\\n])*+')
    |(?P<word>[A-Za-z_][\w./]*+|\[[A-Za-z][\w./-]*+\])
    |(?P<number>-?(?:[0-9.][\w.+]*(?:(?<=[eE])-[0-9]+)?|inf|nan))
    |(?P<sign>[{}<>\[\]:,;])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}

Message: TypeAlias = dict[str, list["Value"]]
"""The values of each field in order: every field may be repeated."""
Value: TypeAlias = str | Message


def read_pbtxt(source: Source) -> Message:
    """A whole member; raises as parse_pbtxt, and NotExamined when it has more than BYTES."""
    data = whole(source, BYTES)
    try:
        return parse_pbtxt(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None


def parse_pbtxt(text: str) -> Message:
    """One message; scalars stay the text that they are. FormatError, or NotExamined for too much or too deep."""
    parser = _Parser(text)
    return parser.message("", 0)


class _Parser:
    """Recursive over messages only, whose depth is bounded."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._words = text, 0, 0
        self._kind, self._word = "", ""
        self._next()

    def message(self, end: str, depth: int) -> Message:
        if depth > DEPTH:
            raise NotExamined(GapReason.TOO_DEEP, f"text format of more than {DEPTH} levels")
        fields: Message = {}
        while self._word != end or self._kind not in ("sign", "end"):
            if self._kind != "word":
                raise self._wrong("the name of a field")
            values = fields.setdefault(self._word, [])
            self._next()
            self._values(values, depth)
            if self._word in (",", ";") and self._kind == "sign":
                self._next()
        self._next()
        return fields

    def _values(self, values: list[Value], depth: int) -> None:
        colon = self._is(":")
        if colon:
            self._next()
        if not self._is("["):
            values.append(self._value(depth, scalar=colon))
            return
        self._next()
        while not self._is("]"):
            values.append(self._value(depth, scalar=True))
            if self._is(","):
                self._next()
            elif not self._is("]"):
                raise self._wrong("a comma or ]")
        self._next()

    def _value(self, depth: int, *, scalar: bool) -> Value:
        if self._is("{") or self._is("<"):
            end = "}" if self._word == "{" else ">"
            self._next()
            return self.message(end, depth + 1)
        if not scalar or self._kind not in ("text", "word", "number"):
            raise self._wrong("a value")
        if self._kind != "text":
            token = self._word
            self._next()
            return token
        parts = []
        while self._kind == "text":  # neighbours are one string, as in C
            parts.append(_ESCAPE.sub(_unescaped, self._word[1:-1]))
            self._next()
        return "".join(parts)

    def _is(self, sign: str) -> bool:
        return self._kind == "sign" and self._word == sign

    def _next(self) -> None:
        while True:
            if self._at >= len(self._text):
                self._kind, self._word = ("end", "") if self._kind != "end" else ("over", "")
                return
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise self._wrong("a token")
            self._at = match.end()
            self._words += 1
            if self._words > TOKENS:
                raise NotExamined(GapReason.TOO_LARGE, f"text format of more than {TOKENS} tokens")
            if match.lastgroup != "space":
                self._kind, self._word = match.lastgroup or "", match[0]
                return

    def _wrong(self, wanted: str) -> FormatError:
        return FormatError(f"text format: {wanted} expected before character {self._at}")


def _unescaped(match: re.Match[str]) -> str:
    if match[1] or match[2]:
        return chr(int(match[1], 8) if match[1] else int(match[2], 16))
    return _LETTERS.get(match[3], match[3])
