"""The configuration of a Keras model: which classes and functions loading it would look up, and which code it carries.

The same tree stands in config.json of a .keras file, in the attribute model_config of an HDF5 file, and in what
model.to_json() wrote. https://keras.io/api/models/model_saving_apis/ ; keras/src/saving/serialization_lib.py (3.15).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import BYTES, parse_json
from gate.formats.port import Dim, Port

DISTINCT = 10_000
"""Different classes, and functions; a configuration has dozens."""
TEXT = 1024
"""Characters of a name or path that are kept."""
_STEP = 80
"""Characters of one key in a place."""
_CALLABLES = ("function", "output_shape", "mask")
"""What a Lambda layer is configured with and may be code (keras/src/layers/core/lambda_layer.py)."""
_FILES = frozenset({"vocabulary", "vocabulary_file", "idf_weights", "proto", "file_path", "filepath", "path", "origin"})
"""Keys whose text a layer opens or fetches."""


@dataclass(frozen=True, slots=True)
class KerasObject:
    """A class that is looked up: names as they stand, "" where there is none; `where` the first of `count` is.

    `typed` is false where one of the names is no text.
    """

    module: str
    class_name: str
    registered_name: str
    where: str
    count: int
    typed: bool = True


@dataclass(frozen=True, slots=True)
class KerasFunction:
    """A function: `named` in a module, `code` that is carried as bytecode, or a `text` that only its layer knows."""

    form: str
    module: str
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class KerasConfig:
    """A configuration. `files`: place and text of values that a layer opens; `inputs`: of the outermost model."""

    class_name: str
    name: str
    objects: tuple[KerasObject, ...]
    functions: tuple[KerasFunction, ...]
    files: tuple[tuple[str, str], ...]
    inputs: tuple[Port, ...]

    @property
    def layers(self) -> int:
        """Objects that are no tuple, type or other value of Keras's own."""
        return sum(item.count for item in self.objects if not item.class_name.startswith("__"))


def read_keras_config(source: Source) -> KerasConfig:
    """A whole member; raises as keras_config."""
    return keras_config(whole(source, BYTES))


def keras_config(data: bytes) -> KerasConfig:
    """A configuration in JSON.

    Raises FormatError for other JSON, and for keys that stand twice, because readers take different ones; NotExamined
    for what is too large or too deep.
    """
    document = parse_json(data)
    if document.repeated:
        raise FormatError(f"Keras: {document.repeated[0][:_STEP]} stands twice in the configuration")
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str) or "config" not in value:
        raise FormatError("Keras: no configuration of a model")
    tree = _Tree()
    tree.walk(value)
    config = value["config"]
    name = config.get("name") if isinstance(config, dict) else None
    return KerasConfig(
        _text(value["class_name"]),
        _text(name),
        tuple(KerasObject(*key, where, count, typed) for key, (where, count, typed) in sorted(tree.objects.items())),
        tuple(sorted(tree.functions, key=lambda found: (found.where, found.form, found.name))),
        tuple(sorted(tree.files)),
        tuple(_inputs(config)),
    )


@dataclass(slots=True)
class _Tree:
    objects: dict[tuple[str, str, str], tuple[str, int, bool]] = field(default_factory=dict)
    functions: set[KerasFunction] = field(default_factory=set)
    files: set[tuple[str, str]] = field(default_factory=set)

    def walk(self, root: Json) -> None:
        todo: list[tuple[str, Json]] = [("", root)]
        while todo:
            where, value = todo.pop()
            if isinstance(value, list):
                todo += [(f"{where}/{i}", item) for i, item in enumerate(value)]
            elif isinstance(value, dict):
                if "class_name" in value:
                    self._object(where, value)
                for key, item in value.items():
                    at = f"{where}/{key[:_STEP]}"
                    if key in _FILES and isinstance(item, str) and item:
                        self.files.add((at, item[:TEXT]))
                    todo.append((at, item))
            if max(len(self.objects), len(self.functions), len(self.files)) > DISTINCT:
                raise NotExamined(GapReason.TOO_MANY, f"Keras: more than {DISTINCT} classes, functions or files")

    def _object(self, where: str, value: dict[str, Json]) -> None:
        names = [value.get(key) for key in ("module", "class_name", "registered_name")]
        typed = all(name is None or isinstance(name, str) for name in names)
        module, class_name, registered = (_text(name) for name in names)
        key = (module, class_name, registered)
        first, count, was_typed = self.objects.get(key, (where, 0, True))
        self.objects[key] = (min(first, where), count + 1, typed and was_typed)
        config = value.get("config")
        if class_name == "__lambda__":
            self.functions.add(KerasFunction("code", module, "", where))
        elif class_name == "function":
            self.functions.add(KerasFunction("named", module, _text(config), where))
        elif class_name.rpartition(">")[2] == "Lambda" and isinstance(config, dict):
            self._lambda(f"{where}/config", config)

    def _lambda(self, where: str, config: dict[str, Json]) -> None:
        """The forms of Keras 2: bytecode in a list, or the name of a function in a module."""
        for key in _CALLABLES:
            value, kind = config.get(key), config.get(f"{key}_type")
            form = "code" if kind == "lambda" else "named" if kind == "function" else "text"
            if isinstance(value, list) and key == "function":
                self.functions.add(KerasFunction("code", "", "", f"{where}/{key}"))
            elif isinstance(value, str) or (isinstance(value, list) and kind == "lambda"):
                module = _text(config.get("module" if key == "function" else f"{key}_module"))
                self.functions.add(KerasFunction(form, module, _text(value), f"{where}/{key}"))


def _text(value: Json) -> str:
    """A text, cut; what is something else counts as its kind, so that it is equal to no name."""
    if value is None:
        return ""
    return value[:TEXT] if isinstance(value, str) else f"<{type(value).__name__}>"


def _inputs(config: Json) -> Iterator[Port]:
    """Input layers of a model, and what the first layer of an old sequential one is built for."""
    layers = config.get("layers") if isinstance(config, dict) else config
    for i, layer in enumerate(layers if isinstance(layers, list) else ()):
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            continue
        inner: Json = layer["config"]
        assert isinstance(inner, dict)
        shape = inner.get("batch_shape") or inner.get("batch_input_shape")
        if isinstance(shape, list) and (layer.get("class_name") == "InputLayer" or i == 0):
            yield Port(_text(inner.get("name")), _dtype(inner.get("dtype")), tuple(_dim(size) for size in shape))


def _dim(size: Json) -> Dim:
    return size if type(size) is int and size >= 0 else None


def _dtype(value: Json) -> str:
    """A name, or a policy with one."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        config: Json = value["config"]
        assert isinstance(config, dict)
        return _text(config.get("name"))
    return _text(value) or "float32"
