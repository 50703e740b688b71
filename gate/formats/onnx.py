"""What an ONNX model says about itself, and which operators and outside files it needs.

No byte of a tensor is read. Format: https://github.com/onnx/onnx/blob/main/docs/IR.md
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TypeVar

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import onnx_types as words
from gate.formats.port import Port
from gate.formats.protobuf import Field, Message, Wire, repeated

ITEMS = 10_000
"""Of each kind of thing that a model can have many of: operators, functions, outside files, properties."""
_EXTERNAL = 1
_T = TypeVar("_T")
_RANK = 64
"""Dimensions of a tensor; bounds the product."""


@dataclass(frozen=True, slots=True)
class Operator:
    """How many nodes, in all graphs and functions, call an operator; `seeded` of them have an attribute `seed`."""

    domain: str
    name: str
    nodes: int
    seeded: int


@dataclass(frozen=True, slots=True)
class External:
    """A tensor whose data lie in another file: all values as the model spells them, "" where it says nothing.

    `used` is whether the tensor says that its data lie there; most loaders ignore the rest otherwise.
    """

    tensor: str
    location: str
    offset: str
    length: str
    checksum: str
    used: bool


@dataclass(frozen=True, slots=True)
class Onnx:
    """A model. `opsets`: domain and version, "" written as ai.onnx; `properties`: metadata_props, as they stand.

    `inputs` are those that no initializer has a value for. `dtypes`: type, elements and bytes (0 where a type has no
    size) of all tensors of graphs and attributes. `inline` and `outside`: how many tensors hold their data, how many do
    not. `functions`: domain and name. `repeated`: fields of the model that stand more than once, which parsers merge.
    `problems` in words.
    """

    ir_version: int
    producer_name: str
    producer_version: str
    domain: str
    model_version: int
    graph: str
    opsets: tuple[tuple[str, int], ...]
    properties: tuple[tuple[str, str], ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: tuple[Operator, ...]
    functions: tuple[tuple[str, str], ...]
    external: tuple[External, ...]
    inline: int
    outside: int
    sparse: int
    training: int
    subgraphs: int
    dtypes: tuple[tuple[str, int, int], ...]
    parameters: int
    repeated: tuple[str, ...]
    problems: tuple[str, ...]


def read_onnx(source: Source) -> Onnx:
    """A model, read forward.

    Raises FormatError for what is no model, NotExamined for one that is deeper or larger than any.
    """
    return _Walk().model(Wire(source, "ONNX").message())


class _Walk:
    """Collects over all graphs of one model."""

    def __init__(self) -> None:
        self._nodes: Counter[tuple[str, str]] = Counter()
        self._seeded: Counter[tuple[str, str]] = Counter()
        self._external: list[External] = []
        self._dtypes: Counter[str] = Counter()
        self._tensors: Counter[str] = Counter()
        self._problems: dict[str, None] = {}
        self._names: dict[str, None] = {}
        self._inputs: list[Port] = []
        self._outputs: list[Port] = []
        self._opsets: dict[tuple[str, int], None] = {}
        self._properties: list[tuple[str, str]] = []
        self._functions: list[tuple[str, str]] = []

    def model(self, message: Message) -> Onnx:
        texts: dict[str, str] = {}
        numbers: dict[str, int] = {}
        keys: list[str] = []
        for key, field in message.named(words.MODEL):
            keys += [key] if key in words.ONCE else []
            if key in ("ir_version", "model_version"):
                numbers[key] = field.signed
            elif key == "graph":
                self._top(field.message(), texts)
            elif key == "training_info":
                self._tensors["training"] += 1
                for _, graph in field.message().named(words.TRAINING):
                    self._graph(graph.message())
            elif key == "functions":
                self._function(field.message())
            elif key == "opset_import":
                self._opset(field)
            elif key == "metadata_props":
                pair = field.message().flat(words.PAIR)
                self._properties = _kept(self._properties, (pair.text("key"), pair.text("value")))
            else:
                texts[key] = field.text()
        if "graph" not in keys or "ir_version" not in numbers:
            raise FormatError("ONNX: no graph or no version")
        return self._made(texts, numbers, repeated(iter(keys), words.ONCE))

    def _made(self, texts: dict[str, str], numbers: dict[str, int], again: tuple[str, ...]) -> Onnx:
        return Onnx(
            ir_version=numbers["ir_version"],
            producer_name=texts.get("producer_name", ""),
            producer_version=texts.get("producer_version", ""),
            domain=texts.get("domain", ""),
            model_version=numbers.get("model_version", 0),
            graph=texts.get("graph name", ""),
            opsets=tuple(self._opsets),
            properties=tuple(self._properties),
            inputs=tuple(port for port in self._inputs if port.name not in self._names),
            outputs=tuple(self._outputs),
            operators=tuple(Operator(*key, n, self._seeded[key]) for key, n in sorted(self._nodes.items())),
            functions=tuple(self._functions),
            external=tuple(self._external),
            inline=self._tensors["inline"],
            outside=self._tensors["outside"],
            sparse=self._tensors["sparse"],
            training=self._tensors["training"],
            subgraphs=self._tensors["graph"],
            dtypes=tuple((kind, n, (n * words.BITS.get(kind, 0) + 7) // 8) for kind, n in sorted(self._dtypes.items())),
            parameters=self._tensors["parameters"],
            repeated=again,
            problems=tuple(self._problems),
        )

    def _top(self, message: Message, texts: dict[str, str]) -> None:
        for key, field in message.named(words.GRAPH):
            if key == "name":
                texts["graph name"] = field.text()
            elif key == "input":  # before version 4 of the IR the initializers stand here as well
                self._inputs = _kept(self._inputs, words.port(field))
            elif key == "output":
                self._outputs = _kept(self._outputs, words.port(field))
            else:
                self._part(key, field)

    def _graph(self, message: Message) -> None:
        self._tensors["graph"] += 1
        for key, field in message.named(words.GRAPH):
            self._part(key, field)

    def _part(self, key: str, field: Field) -> None:
        if key == "node":
            self._node(field.message())
        elif key == "initializer":
            self._names[self._tensor(field.message(), weight=True)] = None
        elif key == "sparse_initializer":
            self._sparse(field.message())

    def _node(self, message: Message) -> None:
        domain, name, seeded = "", "", False
        for key, field in message.named(words.NODE):
            if key == "op_type":
                name = field.text()
            elif key == "domain":
                domain = field.text()
            else:
                seeded |= self._attribute(field.message()) == "seed"
        operator = (domain or "ai.onnx", name)
        if operator not in self._nodes and len(self._nodes) >= ITEMS:
            raise _many()
        self._nodes[operator] += 1
        self._seeded[operator] += seeded

    def _attribute(self, message: Message) -> str:
        """Walks what an attribute holds; its name."""
        name = ""
        for key, field in message.named(words.ATTRIBUTE):
            if key == "name":
                name = field.text()
            elif key in ("g", "graphs"):
                self._graph(field.message())
            elif key in ("t", "tensors"):
                self._tensor(field.message(), weight=False)
            else:
                self._sparse(field.message())
        return name

    def _function(self, message: Message) -> None:
        domain, name = "", ""
        for key, field in message.named(words.FUNCTION):
            if key == "name":
                name = field.text()
            elif key == "domain":
                domain = field.text()
            elif key == "node":
                self._node(field.message())
            elif key == "opset_import":
                self._opset(field)
            else:
                self._attribute(field.message())
        self._functions = _kept(self._functions, (domain, name))

    def _opset(self, field: Field) -> None:
        flat = field.message().flat(words.OPSET)
        opset = (flat.text("domain") or "ai.onnx", flat.integer("version"))
        self._opsets[opset] = None  # functions import what their model does
        if len(self._opsets) > ITEMS:
            raise _many()

    def _sparse(self, message: Message) -> None:
        self._tensors["sparse"] += 1
        for key, field in message.named(words.SPARSE):
            name = self._tensor(field.message(), weight=key == "values")
            if key == "values":
                self._names[name] = None

    def _tensor(self, message: Message, *, weight: bool) -> str:
        """Counts a tensor and keeps where its data lie; its name."""
        name, kind, outside = "", 0, False
        dims: tuple[int, ...] = ()
        pairs: list[tuple[str, str]] = []
        for key, field in message.named(words.TENSOR):
            if key == "dims":
                dims += field.integers()
            elif key == "data_type":
                kind = field.value
            elif key == "name":
                name = field.text()
            elif key == "data_location":
                outside = field.value == _EXTERNAL
            else:
                pair = field.message().flat(words.PAIR)
                pairs = _kept(pairs, (pair.text("key"), pair.text("value")))
            if len(dims) > _RANK:
                raise FormatError(f"ONNX: a tensor of more than {_RANK} dimensions")
        self._count(name, dims, words.dtype(kind), weight)
        self._tensors["outside" if outside else "inline"] += 1
        if outside or pairs:
            self._elsewhere(name, pairs, outside)
        return name

    def _count(self, name: str, dims: tuple[int, ...], kind: str, weight: bool) -> None:
        elements = prod(dims)
        if any(dim < 0 for dim in dims) or elements >= 2**63:
            self._problem(f"{name} has no possible size")
            return
        self._dtypes[kind] += elements
        self._tensors["parameters"] += elements if weight else 0

    def _elsewhere(self, name: str, pairs: list[tuple[str, str]], used: bool) -> None:
        values = dict(pairs)
        if len(values) != len(pairs):
            self._problem(f"{name} says twice where its data lie")
        where = [value for key, value in pairs if key == "location"] or [""]
        offset, length, checksum = (values.get(key, "") for key in ("offset", "length", "checksum"))
        for location in where:
            if len(self._external) >= ITEMS * 10:
                raise _many()
            self._external.append(External(name, location, offset, length, checksum, used))

    def _problem(self, text: str) -> None:
        if len(self._problems) < 20:
            self._problems[text] = None


def _kept(items: list[_T], item: _T) -> list[_T]:
    if len(items) >= ITEMS:
        raise _many()
    items.append(item)
    return items


def _many() -> NotExamined:
    return NotExamined(GapReason.TOO_MANY, f"ONNX: more than {ITEMS} things of one kind")
