"""A Core ML model: description, operators, and what of it is native code or lies in other files.

https://github.com/apple/coremltools/tree/main/mlmodel/format (coremltools 9)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats import coreml_words as words
from gate.formats.bounded import read_json
from gate.formats.port import Port
from gate.formats.protobuf import Field, Message, Wire, repeated

ITEMS = 20_000
"""Of each kind of thing."""


@dataclass(frozen=True, slots=True)
class CoreMl:
    """A model. `kinds`: the kind of it and of the models in its pipelines, outermost first.

    `custom`: native classes that the application must have. `files`: weights and models elsewhere, as spelled.
    `operations`: types of an ML program with their number.
    """

    version: int
    kinds: tuple[str, ...]
    description: str
    model_version: str
    author: str
    license: str
    user: tuple[tuple[str, str], ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    custom: tuple[str, ...]
    files: tuple[str, ...]
    operations: tuple[tuple[str, int], ...]
    repeated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageItem:
    """An entry of a package: path below Data/, name, author."""

    path: str
    name: str
    author: str


@dataclass(frozen=True, slots=True)
class Package:
    """The Manifest.json of an .mlpackage; `root` is the path of its model, "" where none is named."""

    version: str
    root: str
    items: tuple[PackageItem, ...]


def read_coreml(source: Source) -> CoreMl:
    """An .mlmodel, read forward; FormatError for what is none, NotExamined beyond the bounds."""
    found = _Found()
    found.model(Wire(source, "Core ML").message(), top=True)
    if not found.version or not found.kinds:
        raise FormatError("Core ML: no version or no model")
    metadata = found.metadata
    return CoreMl(
        found.version,
        tuple(found.kinds),
        metadata.get("description", ""),
        metadata.get("version", ""),
        metadata.get("author", ""),
        metadata.get("license", ""),
        tuple(found.user),
        tuple(found.ports["input"]),
        tuple(found.ports["output"]),
        tuple(found.custom),
        tuple(sorted(found.files)),
        tuple(sorted(found.operations.items())),
        found.repeated,
    )


def read_package(source: Source) -> Package:
    """The manifest of a package; FormatError for what is none."""
    value = read_json(source).value
    entries = value.get("itemInfoEntries") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(entries, dict):
        raise FormatError("Core ML: no manifest of a package")
    rows = {key: item for key, item in entries.items() if isinstance(item, dict)}
    root = rows.get(_text(value.get("rootModelIdentifier")), {})
    items = (PackageItem(*(_text(rows[key].get(name)) for name in ("path", "name", "author"))) for key in sorted(rows))
    return Package(_text(value.get("fileFormatVersion")), _text(root.get("path")), tuple(items))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


@dataclass(slots=True)
class _Found:
    version: int = 0
    kinds: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    user: list[tuple[str, str]] = field(default_factory=list)
    ports: dict[str, list[Port]] = field(default_factory=lambda: {"input": [], "output": []})
    custom: dict[str, None] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)
    repeated: tuple[str, ...] = ()

    def _check(self) -> None:
        lists = len(self.kinds) + len(self.user) + sum(len(ports) for ports in self.ports.values())
        if max(lists, len(self.custom), len(self.files), len(self.operations)) > ITEMS:
            raise NotExamined(GapReason.TOO_MANY, f"Core ML: more than {ITEMS} things of one kind")

    def model(self, message: Message, *, top: bool) -> None:
        keys = []
        for key, value in message.named(words.MODEL):
            keys.append("model" if key not in ("version", "description") else key)
            if key == "version":
                self.version = value.signed if top else self.version
            elif key == "description":
                if top:
                    self._description(value.message())
            else:
                self.kinds.append(key)
                self._kind(key, value.message())
            self._check()
        if top:
            self.repeated = repeated(iter(keys), frozenset(keys))

    def _description(self, message: Message) -> None:
        for key, value in message.named(words.DESCRIPTION):
            if key != "metadata":
                self.ports[key].append(_port(value))
                continue
            for name, part in value.message().named(words.METADATA):
                if name == "user":
                    pair = part.message().flat(words.ENTRY)
                    self.user.append((pair.text("key"), pair.text("value")))
                else:
                    self.metadata[name] = part.text()
            self._check()

    def _kind(self, kind: str, message: Message) -> None:
        if kind in ("pipeline", "pipelineClassifier", "pipelineRegressor"):
            for _, inner in message.named(words.PIPELINE):
                if kind == "pipeline":
                    self.model(inner.message(), top=False)
                else:
                    self._kind("pipeline", inner.message())
        elif kind.startswith("neuralNetwork"):
            layers = (layer.message() for _, layer in message.named(words.NETWORK))
            for layer in layers:
                for _, custom in layer.named(words.LAYER):
                    self._class(custom.message())
        elif kind == "mlProgram":
            for block in _blocks(message):
                self._block(block)
        elif kind == "customModel":
            self._class(message)
        elif kind == "linkedModel":
            self.files.update(_linked(message))

    def _class(self, message: Message) -> None:
        self.custom[message.flat(words.CLASS).text("class")] = None
        self._check()

    def _block(self, message: Message) -> None:
        for _, operation in message.named(words.BLOCK):
            for key, value in operation.message().named(words.OPERATION):
                if key == "type":
                    self.operations[value.text()] += 1
                elif key == "block":
                    self._block(value.message())
                else:
                    self.files.update(_blobs(value.message()))
            self._check()


def _blocks(message: Message) -> Iterator[Message]:
    """The blocks of all functions of a program, in all their forms."""
    for _, entry in message.named(words.PROGRAM):
        for key, function in entry.message().named(words.ENTRY):
            if key == "value":
                for _, special in function.message().named(words.FUNCTION):
                    yield from (
                        block.message() for name, block in special.message().named(words.ENTRY) if name == "value"
                    )


def _blobs(message: Message) -> Iterator[str]:
    """Files in which the value of an attribute lies."""
    for key, value in message.named(words.ENTRY):
        if key == "value":
            for _, blob in value.message().named(words.VALUE):
                yield blob.message().flat(words.BLOB).text("file")


def _linked(message: Message) -> Iterator[str]:
    """Name and search path of a compiled model that lies elsewhere."""
    for _, linked in message.named(words.LINKED):
        for _, place in linked.message().named(words.PLACES):
            yield place.message().flat(words.DEFAULT).text("value")


def _port(value: Field) -> Port:
    name, dtype, shape, optional = "", "unknown", None, False
    for key, part in value.message().named(words.FEATURE):
        if key == "name":
            name = part.text()
            continue
        for kind, inner in part.message().named(words.TYPE):
            if kind == "optional":
                optional = bool(inner.value)
            elif kind == "array":
                dtype, shape = _array(inner.message())
            else:
                dtype, shape = kind, None
    return Port(name, dtype, shape, optional)


def _array(message: Message) -> tuple[str, tuple[int, ...]]:
    dtype, shape = 0, list[int]()
    for key, value in message.named(words.ARRAY):
        if key == "dtype":
            dtype = value.value
        else:
            shape += value.integers()
    return words.DTYPES.get(dtype, "array"), tuple(shape)
