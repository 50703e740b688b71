"""What model files are made of, in a form that two archives can be compared by: one table over all formats.

No tensor is read, only what headers and configurations say. A value of a configuration is shown where it is a number or
a single word; of any other text there is its digest, because anything may stand in it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeAlias

from gate.archive.source import Source, whole
from gate.core.report import Json
from gate.core.text import printable
from gate.facts.structure import ModelStructure, Parts
from gate.formats.bounded import BYTES, parse_json
from gate.formats.coreml import CoreMl, read_coreml
from gate.formats.gguf import Gguf
from gate.formats.gguf_digests import read_gguf_digests
from gate.formats.hdf5 import Hdf5, read_hdf5
from gate.formats.onnx import Onnx, read_onnx
from gate.formats.safetensors import Safetensors, read_safetensors
from gate.formats.saved_model import SavedModel, read_saved_model
from gate.formats.tflite import Tflite, read_tflite

FIELDS = 20_000
"""Fields of one configuration that are told one by one; of a larger one the outermost are, by their digests."""
PARTS = 200_000
"""Parts of a whole archive that are brought together; the largest models have some thousand tensors."""
LINES = 200
"""Lines of one structure that are published: a transformer has 30, whatever the number of its layers."""
STRUCTURES = 200
"""Structures that one result lists."""
_NAME, _VALUE = 160, 120
"""Characters."""
_ITEMS = 16
_CHUNK = 32
"""Parts in one row."""
_SHARD = re.compile(r"[-_.]?[0-9]{5}-of-[0-9]{5}")
_NUMBERS = re.compile(r"(?<![^./_\[])[0-9]+(?![^./_\]:])")
"""A number that is a whole part of a name."""
_WORD = re.compile(r"-?[A-Za-z][\w.+-]{0,63}")
_SECRET = re.compile(r"(?i)passw|secret|credential|api_?key|(?:auth|access|api|hf|hub|bearer)_?token")
"""Not every token: `bos_token` belongs to the tokenizer."""

Pair: TypeAlias = tuple[str, str, str]
"""What, name, value."""


def parts(path: str, form: str, read: Callable[[Callable[[Source], Any]], Any]) -> Iterator[Parts]:
    """The parts of one member; `read` applies a reader to its bytes and raises as the reader does."""
    if form not in _TABLE:
        return
    reader, told = _TABLE[form]
    for what, items in groupby(told(read(reader)), itemgetter(0)):
        while chunk := [text for _, *pair in islice(items, _CHUNK) for text in _fit(*pair)]:
            yield Parts(path, form, what, tuple(chunk))


def _fit(name: str, value: str) -> tuple[str, str]:
    return _short(name, _NAME), _short(value, _VALUE)


def _short(text: str, most: int) -> str:
    """A text fit to be shown; of a longer one the begin and a digest, so that no two become one."""
    if len(text) <= most and text.isprintable() and "##" not in text:
        return text
    return f"{printable(text[: most // 2], most)}…sha256:{_digest(text)[:16]}"


def structures(rows: Iterable[Parts]) -> Iterator[ModelStructure]:
    """What the parts make together, at most STRUCTURES of at most PARTS in all; `rows` are sorted by path.

    A structure is there as a whole or not at all.
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    count = 0
    for row in rows:
        key = stem(row.path), row.form, row.what
        count += len(row.pairs) // 2
        if count > PARTS:
            groups.pop(key, None)
            break
        if key not in groups and len(groups) >= STRUCTURES:
            break
        groups.setdefault(key, []).extend(row.pairs)
    for (path, form, what), texts in sorted(groups.items()):
        yield _structure(path, form, what, sorted(zip(texts[::2], texts[1::2], strict=True)))


def stem(path: str) -> str:
    """A member's path without the numbers of a shard."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{_SHARD.sub('', name)}"


def _structure(path: str, form: str, what: str, pairs: list[tuple[str, str]]) -> ModelStructure:
    lines = _collapsed(pairs) if what == "tensors" else [f"{name}: {value}" for name, value in pairs]
    shapes = [(name, value[value.find("[") :] if what == "tensors" else value) for name, value in pairs]
    return ModelStructure(
        path, form, what, len(pairs), _digest(pairs), _digest(sorted(shapes)), len(lines), tuple(lines[:LINES])
    )


def _collapsed(pairs: list[tuple[str, str]]) -> list[str]:
    counted = Counter((_NUMBERS.sub("*", name), value) for name, value in pairs)
    return [f"{name}: {value}" + (f" x{n}" if n > 1 else "") for (name, value), n in sorted(counted.items())]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# -- formats ----------------------------------------------------------------------------------------------------------


def _safetensors(model: Safetensors) -> Iterator[Pair]:
    for tensor in model.tensors:
        yield "tensors", tensor.name, f"{tensor.dtype}[{', '.join(map(str, tensor.shape))}]"


def _gguf(model: Gguf) -> Iterator[Pair]:
    for tensor in model.tensors:
        yield "tensors", tensor.name, f"{tensor.dtype}[{', '.join(map(str, tensor.shape))}]"
    for entry in model.entries:
        array = entry.kind.startswith("array")
        if entry.length != len(entry.items) if array else entry.items:  # only its digest is there
            yield "fields", entry.key, f"{entry.kind}[{entry.length}] {''.join(entry.items)}"
        else:
            yield "fields", entry.key, _shown(entry.key, list(entry.items) if array else entry.text)


def _onnx(model: Onnx) -> Iterator[Pair]:
    for operator in model.operators:
        yield "operators", f"{operator.domain}.{operator.name}", str(operator.nodes)
    for domain, version in model.opsets:
        yield "fields", f"opset.{domain}", str(version)
    for domain, name in model.functions:
        yield "operators", f"function {domain}.{name}", "1"
    for dtype, elements, _ in model.dtypes:
        yield "fields", f"elements.{dtype}", str(elements)
    yield "fields", "parameters", str(model.parameters)


def _saved_model(model: SavedModel) -> Iterator[Pair]:
    for i, graph in enumerate(model.graphs):
        for name, nodes in graph.operators:
            yield "operators", f"graph {i}: {name}", str(nodes)


def _tflite(model: Tflite) -> Iterator[Pair]:
    for operator in model.operators:
        yield (
            "operators",
            operator.custom or f"operator {operator.code}",
            f"{operator.nodes}, version {operator.version}",
        )
    yield "fields", "parameters", str(model.parameters)


def _coreml(model: CoreMl) -> Iterator[Pair]:
    for name, nodes in model.operations:
        yield "operators", name, str(nodes)
    for kind in model.kinds:
        yield "fields", f"kind.{kind}", "1"


def _hdf5(file: Hdf5) -> Iterator[Pair]:
    for item in file.datasets:
        yield "tensors", item.path, f"{item.dtype}[{', '.join(map(str, item.shape))}]"
    texts = ["".join(row.values) for row in file.attributes if row.path == "" and row.name == "model_config"]
    for text in texts[:1]:
        yield from _fields(parse_json(text.encode()).value)


def read_fields(source: Source) -> tuple[Pair, ...]:
    """The fields of a configuration in JSON; raises as parse_json."""
    return tuple(_fields(parse_json(whole(source, BYTES), words=True).value))


def _fields(value: Json) -> Iterator[Pair]:
    if not isinstance(value, Mapping):
        return
    told = list(islice(_leaves(value, ""), FIELDS + 1))
    if len(told) > FIELDS:
        told = [(key, f"sha256:{_digest(item)[:16]}") for key, item in islice(value.items(), FIELDS)]
    for name, text in told:
        yield "fields", name, text


def _leaves(value: Json, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and not _is_plain(value):
        for i, item in enumerate(value):
            yield from _leaves(item, f"{name}[{i}]")
    else:
        yield name, _shown(name, value)


def _is_plain(value: list[Json]) -> bool:
    """Whether a list is a shape, a choice or the like, and stands on one line."""
    return len(value) <= _ITEMS and not any(isinstance(item, list | Mapping) for item in value)


def _shown(name: str, value: Json) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(name, item) for item in value)}]"
    if not isinstance(value, str):
        return str(value) if type(value) is int else json.dumps(value)
    if _SECRET.search(name, name.rfind(".") + 1):
        return "…"
    if _WORD.fullmatch(value) or _is_number(value):
        return value
    return f"text sha256:{_digest(value)[:16]}" if value else '""'


def _is_number(text: str) -> bool:
    return len(text) <= 40 and re.fullmatch(r"[+-]?[0-9][0-9.eE+-]*", text) is not None


def _nothing(value: tuple[Pair, ...]) -> Iterator[Pair]:
    return iter(value)


_TABLE: Mapping[str, tuple[Callable[[Source], Any], Callable[[Any], Iterator[Pair]]]] = {
    "safetensors": (read_safetensors, _safetensors),
    "gguf": (read_gguf_digests, _gguf),
    "onnx": (read_onnx, _onnx),
    "saved-model": (read_saved_model, _saved_model),
    "tflite": (read_tflite, _tflite),
    "coreml": (read_coreml, _coreml),
    "hdf5": (read_hdf5, _hdf5),
    "keras-config": (read_fields, _nothing),
    "huggingface": (read_fields, _nothing),
}
"""Name of a source of claims -> its reader, and what of that counts; readers are shared with other inspectors."""
CONFIGURATIONS = frozenset({"huggingface", "keras-config"})
"""Formats of which every field is read."""
STRUCTURED = frozenset(_TABLE) - CONFIGURATIONS
"""Formats of models whose tensors or operators are read."""
