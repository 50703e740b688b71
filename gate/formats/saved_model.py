"""A TensorFlow SavedModel: signatures, operators, versions, and what Keras wrote beside them.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import saved_model_words as words
from gate.formats.port import Dim, Port
from gate.formats.protobuf import Field, Message, Wire, repeated

ITEMS = 20_000
"""Of each kind of thing: operators, functions, signatures, objects."""
METADATA = 2**20
"""Bytes of what Keras wrote about one layer."""
KEPT = 16 * 2**20
"""Bytes of what it wrote about all of them."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A way to call the model; ports are sorted by name."""

    name: str
    method: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class KerasNode:
    """A layer or model of Keras 2: its path and kind, and JSON about it, which is `whole` or was cut."""

    path: str
    identifier: str
    metadata: str
    whole: bool


@dataclass(frozen=True, slots=True)
class MetaGraph:
    """One graph. `operators`: name and number of nodes in the graph and in all functions; a name may be a function's.

    `listed` are operators that the file says it needs and that no node has.
    """

    tags: tuple[str, ...]
    version: str
    tensorflow_version: str
    tensorflow_git_version: str
    signatures: tuple[Signature, ...]
    operators: tuple[tuple[str, int], ...]
    listed: tuple[str, ...]
    functions: tuple[str, ...]
    collections: tuple[str, ...]
    assets: tuple[str, ...]
    keras: tuple[KerasNode, ...]
    repeated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedModel:
    """All graphs of a file."""

    schema: int
    graphs: tuple[MetaGraph, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What fingerprint.pb says: numbers by name, which are not computed here, and an id."""

    numbers: tuple[tuple[str, int], ...]
    uuid: str


def read_saved_model(source: Source) -> SavedModel:
    """A saved_model.pb, read forward; FormatError for what is none, NotExamined beyond the bounds."""
    schema, graphs = 0, []
    for key, value in Wire(source, "SavedModel").message().named(words.SAVED_MODEL):
        if key == "schema":
            schema = value.signed
        else:
            graphs.append(_Graph().read(value.message()))
        if len(graphs) > 1000:
            raise _many()
    if not graphs:
        raise FormatError("SavedModel: no graph")
    return SavedModel(schema, tuple(graphs))


def read_graph(source: Source) -> SavedModel:
    """A graph without the rest, which TensorFlow 1 called frozen; FormatError for what is none."""
    graph = _Graph()
    graph.graph(Wire(source, "GraphDef").message())
    if not graph.operators or "" in graph.operators:
        raise FormatError("GraphDef: no operator")
    return SavedModel(0, (graph.made(()),))


def read_fingerprint(source: Source) -> Fingerprint:
    """A fingerprint.pb; FormatError for what is none."""
    numbers: dict[str, int] = {}
    uuid = ""
    for key, value in Wire(source, "fingerprint").message().named(words.FINGERPRINT):
        if key == "uuid":
            uuid = value.text(128)
        else:
            numbers[key] = value.value
    if not numbers:
        raise FormatError("fingerprint: no number")
    return Fingerprint(tuple(sorted(numbers.items())), uuid)


def read_keras_metadata(source: Source) -> tuple[KerasNode, ...]:
    """A keras_metadata.pb, which TensorFlow 2.5 to 2.15 wrote beside the graph; raises as read_saved_model."""
    found: list[KerasNode] = []
    kept = 0
    for _, node in Wire(source, "Keras metadata").message().named(words.KERAS):
        flat = node.message().flat(words.KERAS_NODE)
        metadata = flat.text("metadata", METADATA)
        kept += len(metadata)
        whole = all(value.size <= METADATA for key, value in flat.fields if key == "metadata")
        found.append(KerasNode(flat.text("path"), flat.text("identifier"), metadata, whole))
        if len(found) > ITEMS or kept > KEPT:
            raise _many()
    if not found:
        raise FormatError("Keras metadata: no node")
    return tuple(found)


@dataclass(slots=True)
class _Graph:
    """Collects over one graph."""

    operators: Counter[str] = field(default_factory=Counter)
    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)
    keras: list[KerasNode] = field(default_factory=list)
    kept: int = 0

    def read(self, message: Message) -> MetaGraph:
        keys = []
        for key, value in message.named(words.META_GRAPH):
            keys.append(key)
            if key == "info":
                self._info(value.message())
            elif key == "graph":
                self.graph(value.message())
            elif key == "signature":
                self._signature(value)
            elif key == "objects":
                self._objects(value.message())
            else:
                self._add(key, value.message().flat(words.ASSET if key == "asset" else words.ENTRY).text(_NAME[key]))
        return self.made(repeated(iter(keys), frozenset({"info", "graph", "objects"})))

    def made(self, again: tuple[str, ...]) -> MetaGraph:
        """What was collected."""
        return MetaGraph(
            self._list("tag"),
            self.texts.get("version", ""),
            self.texts.get("tensorflow_version", ""),
            self.texts.get("tensorflow_git_version", ""),
            tuple(self.signatures[name] for name in sorted(self.signatures)),
            tuple(sorted(self.operators.items())),
            tuple(sorted(set(self._list("op")) - self.operators.keys())),
            self._list("function"),
            tuple(sorted(set(self._list("collection")))),
            self._list("asset"),
            tuple(self.keras),
            again,
        )

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(self.lists.get(name, ()))

    def _add(self, name: str, text: str) -> None:
        items = self.lists.setdefault(name, [])
        items.append(text)
        if len(items) > ITEMS:
            raise _many()

    def _info(self, message: Message) -> None:
        for key, value in message.named(words.INFO):
            if key == "op_list":
                for _, op in value.message().named(words.OPS):
                    self._add("op", op.message().flat(words.NAMED).text("name"))
            elif key == "tag":
                self._add("tag", value.text())
            else:
                self.texts[key] = value.text()

    def graph(self, message: Message) -> None:
        """A GraphDef: its nodes, and those of its functions."""
        for key, value in message.named(words.GRAPH):
            if key == "node":
                self._node(value)
                continue
            for _, function in value.message().named(words.LIBRARY):
                for part, inner in function.message().named(words.FUNCTION):
                    if part == "node":
                        self._node(inner)
                    else:
                        self._add("function", inner.message().flat(words.NAMED).text("name"))

    def _node(self, value: Field) -> None:
        self.operators[value.message().flat(words.NODE).text("op")] += 1
        if len(self.operators) > ITEMS:
            raise _many()

    def _signature(self, value: Field) -> None:
        name, method = "", ""
        ports: dict[str, dict[str, Port]] = {"input": {}, "output": {}}
        for key, part in value.message().named(words.ENTRY):
            if key == "key":
                name = part.text()
                continue
            for side, inner in part.message().named(words.SIGNATURE):
                if side == "method":
                    method = inner.text()
                else:
                    port = _port(inner)
                    ports[side][port.name] = port
        inputs, outputs = (tuple(side[key] for key in sorted(side)) for side in ports.values())
        self.signatures[name] = Signature(name, method, inputs, outputs)
        if len(self.signatures) > ITEMS:
            raise _many()

    def _objects(self, message: Message) -> None:
        for _, node in message.named(words.OBJECTS):
            for _, user in node.message().named(words.OBJECT):
                flat = user.message().flat(words.USER)
                metadata = flat.text("metadata", METADATA)
                if metadata:  # before version 2.5 of TensorFlow
                    self.kept += len(metadata)
                    whole = all(value.size <= METADATA for key, value in flat.fields if key == "metadata")
                    self.keras.append(KerasNode("", flat.text("identifier"), metadata, whole))
                if len(self.keras) > ITEMS or self.kept > KEPT:
                    raise _many()


_NAME = {"asset": "file", "collection": "key"}


def _port(value: Field) -> Port:
    """An entry of a map of tensors."""
    name, dtype, shape = "", 0, None
    for key, part in value.message().named(words.ENTRY):
        if key == "key":
            name = part.text()
            continue
        for kind, inner in part.message().named(words.TENSOR):
            if kind == "dtype":
                dtype = inner.value
            else:
                shape = _shape(inner.message())
    return Port(name, words.DTYPES.get(dtype, str(dtype)), shape)


def _shape(message: Message) -> tuple[Dim, ...] | None:
    dims: list[Dim] = []
    for key, value in message.named(words.SHAPE):
        if key == "unknown_rank":
            if value.value:
                return None
        else:
            size = value.message().flat(words.DIM).integer("size")
            dims.append(size if size >= 0 else None)
    return tuple(dims)


def _many() -> NotExamined:
    return NotExamined(GapReason.TOO_MANY, "SavedModel: more of one kind than a model has")
