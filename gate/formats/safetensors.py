"""The header of a safetensors file, and whether its tensors fill the file exactly.

Layout: u64 little-endian length n, n bytes of JSON, then the data that the offsets of the header divide up.
https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import cast

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import BYTES, parse_json

HEADER_BYTES = 100_000_000
"""MAX_HEADER_SIZE of the reference implementation."""
_BEGINS = re.compile(rb'\{\s*["}]')
_METADATA = "__metadata__"
_DIMENSIONS = 64
"""More than any framework has; bounds the product of a shape."""
_PROBLEMS = 20
BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    **dict.fromkeys(("U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
"""Bits of one element by dtype, as of safetensors 0.8."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: bytes [start, end) of the data, counted from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Safetensors:
    """What the header says; `header_bytes` without the length before it.

    `problems` are the ways in which the layout breaks its specification, in words (at most 20); `unknown` are dtypes
    whose size is not known here.
    """

    header_bytes: int
    metadata: tuple[tuple[str, str], ...]
    tensors: tuple[Tensor, ...]
    problems: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def dtypes(self) -> tuple[tuple[str, int, int], ...]:
        """Type, elements and bytes of the tensors, by type; a shape that cannot be counts by its bytes alone."""
        elements: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for tensor in self.tensors:
            count = prod(tensor.shape)
            elements[tensor.dtype] += count if count < 2**63 else 0
            sizes[tensor.dtype] += max(0, tensor.end - tensor.start)
        return tuple((dtype, n, sizes[dtype]) for dtype, n in sorted(elements.items()))

    @property
    def parameters(self) -> int:
        """Elements of all tensors."""
        return sum(n for _, n, _ in self.dtypes)


def begins(head: bytes) -> bool:
    """Whether the first bytes are a header length and the begin of a JSON object."""
    size = int.from_bytes(head[:8], "little")
    return len(head) > 9 and 2 <= size <= HEADER_BYTES and _BEGINS.match(head, 8) is not None


def read_safetensors(source: Source) -> Safetensors:
    """Header and layout, read forward from the start.

    Raises FormatError for a header that cannot be read, NotExamined for one that is too large.
    """
    if source.size < 8:
        raise FormatError(f"safetensors: {source.size} bytes, too few for a header length")
    size = int.from_bytes(source.read_at(0, 8), "little")
    if size > min(HEADER_BYTES, source.size - 8):
        raise FormatError(f"safetensors: header of {size} bytes in a file of {source.size}")
    if size > BYTES:
        raise NotExamined(GapReason.TOO_LARGE, f"safetensors header of {size} bytes")
    document = parse_json(source.read_at(8, size))
    if not isinstance(document.value, dict):
        raise FormatError("safetensors: the header is no JSON object")
    problems = [f"{key} stands twice in the header" for key in document.repeated]
    tensors: list[Tensor] = []
    for name, value in document.value.items():
        if name != _METADATA:
            tensor = _tensor(name, value)
            if tensor is None:
                problems.append(f"{name} is no description of a tensor")
            else:
                tensors.append(tensor)
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end, tensor.name))
    metadata = document.value.get(_METADATA)
    if not _is_metadata(metadata):
        problems.append("__metadata__ holds more than texts")
    problems += _layout(tensors, source.size - 8 - size)
    texts = metadata if isinstance(metadata, dict) else {}
    return Safetensors(
        size,
        tuple(sorted((key, text) for key, text in texts.items() if isinstance(text, str))),
        tuple(tensors),
        tuple(problems[:_PROBLEMS]),
        tuple(sorted({tensor.dtype for tensor in tensors} - BITS.keys())),
    )


def _is_metadata(value: Json) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(text, str) for text in value.values()))


def _tensor(name: str, value: Json) -> Tensor | None:
    if not isinstance(value, dict):
        return None
    dtype, shape, offsets = value.get("dtype"), value.get("shape"), value.get("data_offsets")
    if not isinstance(dtype, str) or not _sizes(shape) or not _sizes(offsets):
        return None
    dims, spots = tuple(cast(list[int], shape)), cast(list[int], offsets)
    if len(spots) != 2 or len(dims) > _DIMENSIONS:
        return None
    return Tensor(name, dtype, dims, spots[0], spots[1])


def _sizes(value: Json) -> bool:
    """Whether this is a list of sizes; `true` is none, although Python counts it as 1."""
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _layout(tensors: list[Tensor], data: int) -> Iterator[str]:
    """Where the tensors do not tile `data` bytes from the first to the last, in their order."""
    at = 0
    for tensor in tensors:
        if tensor.start != at:
            yield f"{tensor.name} begins at byte {tensor.start} of the data, the one before ends at {at}"
        if tensor.end < tensor.start:
            yield f"{tensor.name} ends before it begins"
        bits = BITS.get(tensor.dtype)
        if bits is not None and prod(tensor.shape) * bits != (tensor.end - tensor.start) * 8:
            yield f"{tensor.name} has {tensor.end - tensor.start} bytes, its shape and dtype need another size"
        at = tensor.end
    if at != data:
        yield f"the tensors end at byte {at} of {data} bytes of data"
