"""The header of a GGUF file: what it says about the model, its chat templates, and where its tensors lie.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; versions 1 to 3, in both byte orders.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from struct import Struct, unpack
from typing import Final

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.gguf_types import BLOCKS, NUMBERS, STRING, TYPES
from gate.formats.pages import LARGEST, Pages

MAGIC: Final = b"GGUF"
HEADER = 64 * 2**20
"""Bytes before the tensors; 256,000 tokens with their merges take 20 MB."""
KEYS = 65_536
"""Keys; the reference implementation has the same bound."""
TENSORS = 100_000
"""Tensors; the largest models have some thousand."""
TEXT = 4096
"""Bytes of a text that is kept."""
TEMPLATE = 2**20
"""Bytes of a chat template that is kept; the longest seen have 30 kB."""
KEPT = 16 * 2**20
"""Bytes of all texts that are kept."""
ITEMS = 64
"""Items of an array that are kept; of a longer one only the length."""
_DIMENSIONS = 4
"""GGML_MAX_DIMS."""
_PROBLEMS = 20
_ALIGNMENT = 32
_NAME = 65_535


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value: numbers as JSON writes them; `items` of an array of at most ITEMS.

    `length` is that of the array, or the bytes of the text, of which TEXT are kept.
    """

    key: str
    kind: str
    text: str
    items: tuple[str, ...]
    length: int


@dataclass(frozen=True, slots=True)
class Template:
    """A text that Jinja may render: its key is named like one, it has Jinja's brackets, or it is too long to tell.

    `whole` is false where it has more than TEMPLATE bytes.
    """

    key: str
    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; `offset` counts from the start of the data."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Gguf:
    """What the header says. `dtypes`: type, elements and bytes (0 for a type that is not known here).

    `problems` are the ways in which the file breaks its specification, in words (at most 20); of a key that stands
    twice both values are listed.
    """

    version: int
    order: str
    entries: tuple[Entry, ...]
    templates: tuple[Template, ...]
    tensors: tuple[Tensor, ...]
    dtypes: tuple[tuple[str, int, int], ...]
    parameters: int
    alignment: int
    header_bytes: int
    problems: tuple[str, ...]

    def value(self, key: str) -> str:
        """The text of the last entry of that name, "" without any."""
        return next((entry.text for entry in reversed(self.entries) if entry.key == key), "")


def read_gguf(source: Source) -> Gguf:
    """Everything before the tensors, read forward.

    Raises FormatError for what is no GGUF file, NotExamined for more of anything than a model has.
    """
    return _Header(Pages(source, "GGUF")).read()


class _Header:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._at = 0
        self._order = "little"
        self._count = 8
        self._kept = 0
        self._templates: list[Template] = []
        self._problems: list[str] = []

    def read(self) -> Gguf:
        if self._take(4) != MAGIC:
            raise FormatError("GGUF: another magic")
        version = self._number(4)
        if not version & 0xFFFF:  # written in the other order
            self._order, version = "big", int.from_bytes(version.to_bytes(4, "little"), "big")
        if version not in (1, 2, 3):
            raise FormatError(f"GGUF: version {version}")
        self._count = 4 if version == 1 else 8
        tensors, keys = self._number(self._count), self._number(self._count)
        if tensors > TENSORS or keys > KEYS:
            raise NotExamined(GapReason.TOO_MANY, f"GGUF: {tensors} tensors and {keys} keys")
        entries = tuple(self._entry() for _ in range(keys))
        names = Counter(entry.key for entry in entries)
        self._problems += [f"{key} stands {n} times" for key, n in names.items() if n > 1]
        found = tuple(self._tensor() for _ in range(tensors))
        alignment = self._alignment(entries)
        header = self._at
        self._problems += self._layout(found, -(-header // alignment) * alignment, alignment)
        return Gguf(
            version,
            self._order,
            entries,
            tuple(self._templates),
            tuple(tensor for tensor, _ in found),
            _dtypes(found),
            sum(prod(tensor.shape) for tensor, _ in found),
            alignment,
            header,
            tuple(self._problems[:_PROBLEMS]),
        )

    # -- values -------------------------------------------------------------------------------------------------------

    def _take(self, n: int) -> bytes:
        data = self._pages.take(self._at, n)
        self._skip(n)
        return data

    def _skip(self, n: int) -> None:
        self._at += n
        if self._at > self._pages.size:
            raise FormatError(f"GGUF: ends before byte {self._at}")
        if self._at > HEADER:
            raise NotExamined(GapReason.TOO_LARGE, f"GGUF: a header of more than {HEADER} bytes")

    def _number(self, n: int) -> int:
        return int.from_bytes(self._take(n), "big" if self._order == "big" else "little")

    def _string(self, most: int) -> tuple[str, int]:
        """A text, cut to `most` bytes, and how many it has."""
        n = self._number(self._count)
        kept = min(n, most)
        self._kept += kept
        if self._kept > KEPT:
            raise NotExamined(GapReason.BUDGET, f"GGUF: texts of more than {KEPT} bytes")
        text = self._take(kept).decode("utf-8", "replace")
        self._skip(n - kept)
        return text, n

    def _name(self) -> str:
        name, n = self._string(_NAME)
        if n > _NAME:
            raise FormatError(f"GGUF: a name of {n} bytes")
        return name

    def _entry(self) -> Entry:
        key, kind = self._name(), self._number(4)
        if kind == STRING:
            return self._text(key)
        if kind in NUMBERS:
            return Entry(key, NUMBERS[kind][0], self._scalar(kind), (), 1)
        if kind != 9:
            raise FormatError(f"GGUF: {key[:80]} has type {kind}")
        of, length = self._number(4), self._number(self._count)
        items = self._items(of, length)
        name = "string" if of == STRING else NUMBERS[of][0]
        return Entry(key, f"array of {name}", "", items, length)

    def _text(self, key: str) -> Entry:
        text, n = self._string(TEMPLATE)
        if "chat_template" in key or "{{" in text or "{%" in text or n > TEMPLATE:
            self._templates.append(Template(key, text, n <= TEMPLATE))
        else:
            self._kept -= max(0, min(n, TEMPLATE) - TEXT)
        return Entry(key, "string", text[:TEXT], (), n)

    def _scalar(self, kind: int) -> str:
        _, code, size = NUMBERS[kind]
        return _spelled(code, self._take(size), self._order)

    def _items(self, kind: int, length: int) -> tuple[str, ...]:
        if kind == STRING:
            if length > ITEMS:
                self._skip_strings(length)
                return ()
            return tuple(self._string(TEXT)[0] for _ in range(length))
        if kind not in NUMBERS:  # the reference implementation refuses arrays of arrays as well
            raise NotExamined(GapReason.UNSUPPORTED, f"GGUF: an array of type {kind}")
        if length > ITEMS:
            self._skip(length * NUMBERS[kind][2])
            return ()
        return tuple(self._scalar(kind) for _ in range(length))

    def _skip_strings(self, count: int) -> None:
        length = Struct((">" if self._order == "big" else "<") + ("I" if self._count == 4 else "Q"))
        if count * length.size > self._pages.size - self._at:
            raise FormatError(f"GGUF: {count} texts in the rest of the file")
        while count:
            chunk = self._pages.upto(self._at, LARGEST)
            at, end = 0, len(chunk) - length.size
            while count and at <= end:
                at += length.size + length.unpack_from(chunk, at)[0]
                count -= 1
            if not at:
                raise FormatError("GGUF: ends within an array")
            self._skip(at)

    # -- tensors ------------------------------------------------------------------------------------------------------

    def _tensor(self) -> tuple[Tensor, int]:
        """A tensor, and its bytes: -1 where they are not known."""
        name, rank = self._name(), self._number(4)
        if rank > 64:
            raise FormatError(f"GGUF: {name[:80]} has {rank} dimensions")
        shape = tuple(self._number(self._count) for _ in range(rank))
        kind, offset = self._number(4), self._number(8)
        tensor = Tensor(name, TYPES.get(kind, str(kind)), shape, offset)
        if rank > _DIMENSIONS:
            self._problem(f"{name} has {rank} dimensions")
        if prod(shape) >= 2**63:
            self._problem(f"{name} has more elements than can be")
            return Tensor(name, tensor.dtype, (), offset), -1
        if kind not in BLOCKS:
            return tensor, -1
        elements, size = BLOCKS[kind]
        if shape and shape[0] % elements:
            self._problem(f"{name} has rows of {shape[0]} elements, which {tensor.dtype} does not divide")
        return tensor, -(-prod(shape) // elements) * size

    def _layout(self, found: tuple[tuple[Tensor, int], ...], start: int, alignment: int) -> Iterator[str]:
        """Where the tensors do not follow each other, each aligned, up to the end of the file."""
        expected = end = 0
        for tensor, size in found:
            if tensor.offset != expected:
                yield f"{tensor.name} begins at byte {tensor.offset} of the data, the one before ends at {expected}"
            if size < 0:
                yield f"{tensor.name} has a type whose size is not known: {tensor.dtype}"
                return
            end = tensor.offset + size
            expected = -(-end // alignment) * alignment
        if found and start + end > self._pages.size:
            yield f"the tensors end at byte {start + end} of a file of {self._pages.size}"
        elif self._pages.size > start + expected:
            yield f"{self._pages.size - start - expected} bytes behind the last tensor"

    def _alignment(self, entries: tuple[Entry, ...]) -> int:
        value = next((entry for entry in reversed(entries) if entry.key == "general.alignment"), None)
        if value is None:
            return _ALIGNMENT
        number = int(value.text) if value.kind == "uint32" else 0
        if number and not number & (number - 1):
            return number
        self._problem("general.alignment is no power of two")
        return _ALIGNMENT

    def _problem(self, text: str) -> None:
        if len(self._problems) < _PROBLEMS:
            self._problems.append(text)


def _spelled(code: str, data: bytes, order: str) -> str:
    value = unpack((">" if order == "big" else "<") + code, data)[0]
    return json.dumps(value) if isinstance(value, bool | int) else repr(value)


def _dtypes(found: tuple[tuple[Tensor, int], ...]) -> tuple[tuple[str, int, int], ...]:
    elements: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for tensor, size in found:
        elements[tensor.dtype] += prod(tensor.shape)
        sizes[tensor.dtype] += max(0, size)
    return tuple((dtype, n, sizes[dtype]) for dtype, n in sorted(elements.items()))
