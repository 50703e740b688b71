"""A TensorFlow Lite model: its operators, custom ones above all, what goes in and out, and its metadata.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs (version 3)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Final

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.flatbuffer import Flatbuffer, Table
from gate.formats.port import Port

MAGIC: Final = b"TFL3"
DTYPES: Final = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64"),
    *("complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16", "int2", "uint4"),
)
_CUSTOM = 32
"""BuiltinOperator.CUSTOM."""
_PLACEHOLDER = 127
"""What the byte of an operator holds when its number does not fit."""
_RANK = 64
_PORTS = 10_000


@dataclass(frozen=True, slots=True)
class LiteOperator:
    """An operator: `code` of a built-in one, or the name of a `custom` one, and how many nodes use it."""

    code: int
    custom: str
    version: int
    nodes: int


@dataclass(frozen=True, slots=True)
class LiteSignature:
    """A way to call the model."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Tflite:
    """A model. `metadata`: names of its buffers; `dtypes`: type and elements of the tensors that the file holds.

    `inputs` and `outputs` are those of the first subgraph.
    """

    version: int
    description: str
    metadata: tuple[str, ...]
    min_runtime_version: str
    operators: tuple[LiteOperator, ...]
    subgraphs: tuple[str, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    signatures: tuple[LiteSignature, ...]
    dtypes: tuple[tuple[str, int], ...]
    parameters: int


def read_tflite(source: Source) -> Tflite:
    """A model; needs to jump. Raises FormatError for what is none, NotExamined beyond the bounds."""
    buffer = Flatbuffer(source, "TFLite")
    if buffer.pages.take(4, 4) != MAGIC:
        raise FormatError("TFLite: another magic")
    return _Model(buffer.root()).read()


class _Model:
    def __init__(self, root: Table) -> None:
        self._root = root
        self._buffers = tuple(root.tables(4))
        self._graphs = tuple(root.tables(2))
        self._tensors = tuple(tuple(graph.tables(0)) for graph in self._graphs)

    def read(self) -> Tflite:
        root = self._root
        if not self._graphs:
            raise FormatError("TFLite: no graph")
        metadata = [(item.text(0), item.number(1, 4)) for item in root.tables(6)]
        runtime = next((self._data(at) for name, at in metadata if name == "min_runtime_version"), b"")
        first = self._graphs[0]
        dtypes = self._weights()
        return Tflite(
            root.number(0, 4),
            root.text(3),
            tuple(name for name, _ in metadata),
            runtime.partition(b"\0")[0].decode("utf-8", "replace"),
            self._operators(),
            tuple(graph.text(4) for graph in self._graphs),
            tuple(self._port(0, i) for i in first.integers(1, _PORTS)),
            tuple(self._port(0, i) for i in first.integers(2, _PORTS)),
            tuple(self._signature(item) for item in root.tables(7)),
            tuple(sorted(dtypes.items())),
            sum(dtypes.values()),
        )

    def _data(self, i: int) -> bytes:
        """The first bytes of a buffer."""
        return self._buffers[i].bytes(0, 64) if i < len(self._buffers) else b""

    def _operators(self) -> tuple[LiteOperator, ...]:
        nodes = Counter(node.number(0, 4) for graph in self._graphs for node in graph.tables(3))
        found = []
        for i, item in enumerate(self._root.tables(1)):
            byte, wide = item.number(0, 1), item.number(3, 4)
            code = max(byte, wide) if byte <= _PLACEHOLDER else wide
            custom = item.text(1)
            found.append(LiteOperator(code, custom, item.number(2, 4, default=1), nodes.pop(i, 0)))
            if code == _CUSTOM and not custom:
                raise FormatError("TFLite: a custom operator without a name")
        if nodes:
            raise FormatError("TFLite: a node of no operator")
        return tuple(found)

    def _weights(self) -> Counter[str]:
        """Elements of the tensors whose buffer has data."""
        sizes: dict[int, bool] = {}
        found: Counter[str] = Counter()
        for tensors in self._tensors:
            for tensor in tensors:
                at = tensor.number(2, 4)
                if at >= len(self._buffers):
                    raise FormatError("TFLite: a tensor of no buffer")
                if at not in sizes:
                    table = self._buffers[at]  # beyond 2 GiB the data lie behind the tables
                    sizes[at] = table.vector(0, 1)[1] > 0 or table.number(2, 8) > 1
                elements = prod(tensor.integers(0, _RANK))
                if sizes[at] and 0 <= elements < 2**63:
                    found[_dtype(tensor)] += elements
        return found

    def _port(self, graph: int, i: int, name: str | None = None) -> Port:
        tensors = self._tensors[graph] if graph < len(self._tensors) else ()
        if not 0 <= i < len(tensors):
            raise FormatError("TFLite: an input or output that is no tensor")
        tensor = tensors[i]
        shape = tensor.integers(7, _RANK) or tensor.integers(0, _RANK)  # the first has -1 for any size
        dims = tuple(size if size >= 0 else None for size in shape)
        return Port(tensor.text(3) if name is None else name, _dtype(tensor), dims)

    def _signature(self, item: Table) -> LiteSignature:
        graph = item.number(4, 4)
        sides = [
            tuple(self._port(graph, port.number(1, 4), port.text(0)) for port in _few(item, side)) for side in (0, 1)
        ]
        return LiteSignature(item.text(2), *sides)


def _few(item: Table, i: int) -> tuple[Table, ...]:
    if item.vector(i, 4)[1] > _PORTS:
        raise NotExamined(GapReason.TOO_MANY, f"TFLite: more than {_PORTS} inputs or outputs")
    return tuple(item.tables(i))


def _dtype(tensor: Table) -> str:
    number = tensor.number(1, 1)
    return DTYPES[number] if number < len(DTYPES) else str(number)
