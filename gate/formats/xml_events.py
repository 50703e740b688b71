"""XML of strangers as events: without document types, entities and anything else that leads elsewhere.

A document type is refused before it is read, so that no entity can be declared, expanded or fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

BYTES = 32 * 2**20
"""Size of one document; the graph of a large language model in OpenVINO's form has 10 MB."""
DEPTH = 64
ELEMENTS = 2_000_000
TEXT = 4096
"""Characters of a text between tags that are kept."""


class Handler(Protocol):
    """Who hears of elements; `path` are the names from the root on, the element's own last."""

    def start(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None: ...
    def end(self, path: tuple[str, ...], text: str) -> None:
        """`text` is what stood directly in the element, up to its last child."""


def parse_xml(source: Source, handler: Handler, what: str) -> None:
    """A whole member, read forward, as UTF-8 whatever it says of itself, or as UTF-16 behind its mark.

    Raises FormatError for what is no XML or has a document type, NotExamined for what is too large or too deep.
    """
    parser = expat.ParserCreate("utf-8")
    events = _Events(handler, what)
    parser.buffer_text = True
    parser.StartElementHandler = events.start
    parser.EndElementHandler = events.end
    parser.CharacterDataHandler = events.data
    parser.StartDoctypeDeclHandler = events.doctype
    try:
        parser.Parse(whole(source, BYTES), True)  # in blocks, expat before 2.6 reads a long token again for each
    except expat.ExpatError as error:
        raise FormatError(f"{what}: XML: {error}") from None


class _Events:
    def __init__(self, handler: Handler, what: str) -> None:
        self._handler, self._what = handler, what
        self._path: tuple[str, ...] = ()
        self._elements = 0
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._path += (name,)
        if self._elements > ELEMENTS:
            raise NotExamined(GapReason.TOO_MANY, f"{self._what}: more than {ELEMENTS} elements")
        if len(self._path) > DEPTH:
            raise NotExamined(GapReason.TOO_DEEP, f"{self._what}: more than {DEPTH} levels")
        self._text = ""
        self._handler.start(self._path, attributes)

    def end(self, _name: str) -> None:
        self._handler.end(self._path, self._text)
        self._path = self._path[:-1]
        self._text = ""

    def data(self, text: str) -> None:
        if len(self._text) < TEXT:
            self._text += text[: TEXT - len(self._text)]

    def doctype(self, *_: object) -> None:
        raise FormatError(f"{self._what}: XML with a document type")
