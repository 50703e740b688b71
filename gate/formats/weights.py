"""How many weights a file holds, of what types and how many bytes, by the document of its header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from gate.core.report import Json
from gate.formats.npy import has_objects, literal

MOST = 2**53 - 1
"""Where numbers end that every reader of JSON keeps; a header may claim more."""
_TYPES = re.compile(
    r"(?i)(?P<letters>bfloat|bf|float|fp|f|int|i|s|uint|u|complex|c|bool|b)(?P<bits>[0-9]{0,3})(?P<rest>.*)"
)
_WORDS = {
    "b": "bool",
    "bf": "bfloat",
    "c": "complex",
    "f": "float",
    "fp": "float",
    "i": "int",
    "s": "int",
    "u": "uint",
}
_BITS = re.compile(r"(?:bfloat|float|int|uint|complex)([0-9]{1,3})(?![0-9])")
_NPY = re.compile(r"[<>|=]?([fiucb])([0-9]{1,2})")
_NPY_WORDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Elements and bytes of all tensors, -1 where nobody can tell, and their types."""

    parameters: int = -1
    tensors: int = -1
    dtypes: tuple[str, ...] = ()


def measured(document: Mapping[str, Json]) -> Measured:
    """What the document of a header (gate.formats.model_document) says; bytes where each type has a size."""
    counts, sizes = _integers(document.get("dtypes")), _integers(document.get("bytes"))
    if not counts:
        return Measured()
    total = 0
    for name, count in counts.items():
        bits = _bits(dtype(name))
        if name in sizes:
            total += sizes[name]
        elif bits:
            total += (count * bits + 7) // 8
        elif count and name != "string":
            total = -1
            break
    said = document.get("parameters")
    parameters = said if isinstance(said, int) else sum(counts.values())
    return Measured(min(parameters, MOST), min(total, MOST), _listed(counts))


def measured_npy(head: bytes) -> Measured:
    """One array, by the first 64 KiB of its file; raises FormatError as npy.literal does."""
    header, _ = literal(head)
    shape, descr = header.get("shape"), header["descr"]
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape) or len(shape) > 64:
        return Measured()
    match = _NPY.fullmatch(descr) if isinstance(descr, str) and not has_objects(descr) else None
    if match is None:
        return Measured()
    count, item = prod(shape), int(match[2])
    name = "bool" if match[1] == "b" else f"{_NPY_WORDS[match[1]]}{8 * item}"
    return Measured(min(count, MOST), min(count * item, MOST), (name,))


def dtype(name: str) -> str:
    """The name that numpy has for a type, where it has one: F32, f32 and FP32 are float32; q4_k stays."""
    match = _TYPES.fullmatch(name)
    if match is None or not (match["bits"] or match["letters"].lower() in ("bool", "b")):
        return name.lower()
    letters = match["letters"].lower()
    return f"{_WORDS.get(letters, letters)}{match['bits']}{match['rest'].lower()}"


def _bits(name: str) -> int:
    if name == "bool":
        return 8
    match = _BITS.match(name)
    return int(match[1]) if match else 0


def _integers(value: Json) -> dict[str, int]:
    items = value.items() if isinstance(value, Mapping) else ()
    return {key: max(0, number) for key, number in items if type(number) is int}


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({dtype(name)[:40] for name in names}))[:16]
