"""Many patterns looked for in one pass over a text: Hyperscan, else RE2, else the patterns one by one.

What is reported is where to look, not what was found: `Patterns.scan` answers with ranges of characters of which every
match of an expression holds at least one. Whoever asks runs the exact expression around them. This is what the three
backends have in common: Hyperscan tells where matches end, RE2 tells matches that do not overlap.

https://intel.github.io/hyperscan/dev-reference/  https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import codecs
import hashlib
import platform
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import regex

from gate.core.errors import NotExamined
from gate.core.gap import GapReason

if TYPE_CHECKING:
    from gate.adapters.private_files import PrivateFiles

DIGIT, LETTER, SPACE, OTHER, FOLDED = 0xB2, 0xE9, 0xA0, 0xA1, 0xB5
r"""What characters outside of ASCII are in the eyes of an expression: `\d`, other `\w`, `\s`, neither of them, and
those that are an ASCII letter when the case does not matter (U+0130, U+0131, U+017F, U+212A)."""
_LIKE_ASCII = (0x130, 0x131, 0x17F, 0x212A)
BACKENDS = ("hyperscan", "re2", "plain")
_JOINED = 16
"""Characters between two hits of one expression that become one: bounds what a text full of hits costs in memory."""
_SHORT = 2**14
"""Characters of a text for which a table of all characters does not pay."""
_SECONDS = 10.0
"""For one expression over one text, where the backend may backtrack."""
_FORMAT = "1"
"""Of the kept data base, and of what stands for a character outside of ASCII."""


@dataclass(frozen=True, slots=True)
class Expression:
    r"""A regular expression over bytes in the syntax that Hyperscan, RE2 and `regex` share; `.` matches a line end.

    A text is seen with one byte a character (see one_byte), so that `\w`, `\d`, `\s` and `\b` know ASCII only, and what
    lies beyond is written as `[\x80-\xff]` or by one of the five classes above. `literal` takes the pattern as it is.
    No look-around, no back-reference, and it must not match the empty string.
    """

    pattern: str
    caseless: bool = False
    literal: bool = False


class Match(NamedTuple):
    """A range of characters; `id` is the index of the expression."""

    id: int
    start: int
    end: int


class Patterns(Protocol):
    """A compiled set of expressions; not for use by two threads at a time."""

    backend: str

    def scan(self, text: str | bytes) -> Iterator[Match]:
        """Ranges in order of the expressions' index, then of position, disjoint for each.

        Every match of an expression has a character in one of its ranges. A range may be there without a match:
        Hyperscan approximates expressions that are too large for it. Indices are those of characters of the text.
        Raises NotExamined `timed-out`, by the plain backend only.
        """
        ...


def compile_patterns(
    expressions: Sequence[Expression], kept: PrivateFiles | None = None, backend: str = ""
) -> Patterns:
    """The expressions in the fastest backend that is installed, or in the one named.

    Several families of rules share one pass by joining their expressions: the index says whose a match is. `kept` is
    where what Hyperscan compiled is read from and left for the next process. Raises ValueError for an expression that
    no backend takes; ImportError when a named backend is not installed.
    """
    made: dict[str, type[_Hyperscan | _Each]] = {"hyperscan": _Hyperscan, "re2": _Re2, "plain": _Plain}
    for name in (backend,) if backend else BACKENDS:
        try:
            made[name].imported()
        except ImportError:
            if backend:
                raise
            continue
        return made[name](tuple(expressions), kept)
    raise AssertionError("plain needs nothing")


def one_byte(text: str) -> bytes:
    """The text with one byte for each character; ASCII stays, the rest becomes one of the five classes."""
    if text.isascii():
        return text.encode()
    if len(text) < _SHORT:
        return codecs.charmap_encode(text, "strict", _CLASSES)[0]
    import numpy

    codes = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), numpy.uint32)
    return numpy.frombuffer(_table(), numpy.uint8)[codes].tobytes()


class _Classes(dict[int, int]):
    def __missing__(self, code: int) -> int:
        found = OTHER
        for kind, expression in ((DIGIT, r"\d"), (LETTER, r"\w"), (SPACE, r"\s")):
            if regex.match(expression, chr(code)):
                found = kind
                break
        self[code] = found
        return found


_CLASSES = _Classes({**dict(zip(range(128), range(128), strict=True)), **dict.fromkeys(_LIKE_ASCII, FOLDED)})


@cache
def _table() -> bytes:
    """The byte of each code point."""
    table = bytearray(bytes((OTHER,)) * (sys.maxunicode + 1))
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    for kind, expression in ((LETTER, r"\w+"), (DIGIT, r"\d+"), (SPACE, r"\s+")):
        for run in regex.finditer(expression, every):
            table[run.start() : run.end()] = bytes((kind,)) * (run.end() - run.start())
    for code in range(128):
        table[code] = code
    for code in _LIKE_ASCII:
        table[code] = FOLDED
    return bytes(table)


def _bytes(text: str | bytes) -> bytes:
    return one_byte(text) if isinstance(text, str) else text


def _escaped(expression: Expression) -> bytes:
    """The pattern with what `literal` takes as it is written so that every backend reads it so."""
    if not expression.literal:
        return expression.pattern.encode("latin-1")
    raw = one_byte(expression.pattern)
    return b"".join(bytes((c,)) if chr(c).isalnum() and c < 128 else b"\\x%02x" % c for c in raw)


class _Hyperscan:
    backend = "hyperscan"

    def __init__(self, expressions: tuple[Expression, ...], kept: PrivateFiles | None) -> None:
        import hyperscan

        self._count = len(expressions)
        name = _name(expressions, f"hyperscan {version('hyperscan')}")
        database: Any = None
        stored = kept.read(name) if kept else None
        if stored is not None:
            try:
                database = hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
                database.scratch = hyperscan.Scratch(database)
            except hyperscan.error:
                database = None  # made for another processor: it is made anew, and replaced
        if database is None and expressions:
            database = self._compiled(hyperscan, expressions)
            if kept:
                kept.write(name, bytes(hyperscan.dumpb(database)))
        self._database = database

    @staticmethod
    def imported() -> None:
        import hyperscan  # noqa: F401

    @staticmethod
    def _compiled(hyperscan: Any, expressions: tuple[Expression, ...]) -> Any:
        base = hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_PREFILTER
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            database.compile(
                expressions=[_escaped(one) for one in expressions],
                ids=list(range(len(expressions))),
                flags=[base | (hyperscan.HS_FLAG_CASELESS if one.caseless else 0) for one in expressions],
            )
        except hyperscan.error as error:
            raise ValueError(f"hyperscan: {error}") from None
        return database

    def scan(self, text: str | bytes) -> Iterator[Match]:
        if self._database is None:
            return iter(())
        spans: list[array[int]] = [array("q") for _ in range(self._count)]

        def hit(expression: int, start: int, end: int, flags: int, context: object) -> None:  # noqa: ARG001
            span = spans[expression]
            if span and end - span[-1] <= _JOINED:
                span[-1] = end
            else:
                span.append(end - 1)
                span.append(end)

        self._database.scan(_bytes(text), match_event_handler=hit)
        return _matches(spans)


def _matches(spans: list[array[int]]) -> Iterator[Match]:
    for expression, span in enumerate(spans):
        for i in range(0, len(span), 2):
            yield Match(expression, span[i], span[i + 1])


class _Finder(Protocol):
    def __call__(self, data: bytes) -> Iterator[tuple[int, int]]: ...


class _Each:
    """One expression after the other; matches that do not overlap, so that any other shares a character with one."""

    backend = ""

    def __init__(self, expressions: tuple[Expression, ...], kept: PrivateFiles | None) -> None:
        self._finders = [self._finder(one) for one in expressions]

    @staticmethod
    def imported() -> None:
        """ImportError where the library is missing."""

    def _finder(self, expression: Expression) -> _Finder:
        raise NotImplementedError

    def scan(self, text: str | bytes) -> Iterator[Match]:
        data = _bytes(text)
        for expression, find in enumerate(self._finders):
            first = last = -1
            for start, end in find(data):
                if first >= 0 and start - last <= _JOINED:
                    last = end
                    continue
                if first >= 0:
                    yield Match(expression, first, last)
                first, last = start, end
            if first >= 0:
                yield Match(expression, first, last)


class _Plain(_Each):
    backend = "plain"

    def _finder(self, expression: Expression) -> _Finder:
        return _slow(expression)


def _slow(expression: Expression) -> _Finder:
    flags = regex.DOTALL | (regex.IGNORECASE if expression.caseless else 0)
    try:
        compiled = regex.compile(_escaped(expression).replace(rb"\z", rb"\Z"), flags)
    except regex.error as error:
        raise ValueError(f"regex: {error}") from None
    if compiled.match(b""):
        raise ValueError("the expression matches the empty string")

    def find(data: bytes) -> Iterator[tuple[int, int]]:
        try:
            for match in compiled.finditer(data, timeout=_SECONDS):
                yield match.span()
        except TimeoutError:
            raise NotExamined(GapReason.TIMED_OUT, "a pattern took too long") from None

    return find


class _Re2(_Each):
    """Not its Set, which says "nothing" when its memory does not suffice."""

    backend = "re2"

    def __init__(self, expressions: tuple[Expression, ...], kept: PrivateFiles | None) -> None:
        import re2

        self._re2: Any = re2
        super().__init__(expressions, kept)

    @staticmethod
    def imported() -> None:
        import re2  # noqa: F401

    def _options(self, caseless: bool) -> Any:
        options = self._re2.Options()
        options.encoding = self._re2.Options.Encoding.LATIN1
        options.dot_nl, options.never_nl, options.log_errors = True, False, False
        options.case_sensitive = not caseless
        options.max_mem = 2**28
        return options

    def _finder(self, expression: Expression) -> _Finder:
        try:
            compiled = self._re2.compile(_escaped(expression), self._options(expression.caseless))
        except self._re2.error:
            return _slow(expression)  # RE2 counts repeats to 1000 only
        if compiled.match(b""):
            raise ValueError("the expression matches the empty string")

        def find(data: bytes) -> Iterator[tuple[int, int]]:
            for match in compiled.finditer(data):
                yield match.span()

        return find


def _name(expressions: tuple[Expression, ...], made_by: str) -> str:
    """Everything that the compiled form depends on, besides the processor's features, which Hyperscan compares."""
    digest = hashlib.sha256()
    for part in (_FORMAT, made_by, sys.platform, platform.machine()):
        digest.update(part.encode() + b"\0")
    for one in expressions:
        digest.update(_escaped(one) + (b"\1" if one.caseless else b"\0") + b"\0")
    return digest.hexdigest()
