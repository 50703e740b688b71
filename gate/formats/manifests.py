"""The files that a manifest says a model has: TorchServe, MLflow, BentoML, KitOps, an index of shards.

Only keys that are known to hold paths are read; a key that is not here is somebody's note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import read_json, read_yaml
from gate.formats.file_claims import Elsewhere

# https://github.com/pytorch/serve/blob/master/model-archiver/README.md#mar-inf
_TORCHSERVE = ("serializedFile", "modelFile", "requirementsFile", "configFile", "config")

# https://mlflow.org/docs/latest/ml/model/#storage-format, and save_model() of each flavour
_MLFLOW = {
    "python_function": ("data", "model_path", "python_model", "code", "env"),
    "catboost": ("data", "code"),
    "h2o": ("data", "code"),
    "keras": ("data", "code"),
    "langchain": ("model_data", "code"),
    "lightgbm": ("data", "code"),
    "onnx": ("data", "code"),
    "paddle": ("pdmodel", "code"),
    "prophet": ("data", "code"),
    "pytorch": ("model_data", "code"),
    "sklearn": ("pickled_model", "code"),
    "spacy": ("data", "code"),
    "spark": ("model_data", "code"),
    "statsmodels": ("data", "code"),
    "tensorflow": ("saved_model_dir", "code"),
    "transformers": ("model_binary", "code"),
    "xgboost": ("data", "code"),
}
_TAG = re.compile(r"[\w.-]{1,100}:[\w.-]{1,100}", re.ASCII)
"""Name and version of a model in a store of BentoML."""
_EXAMPLE = ("artifact_path", "serving_input_path")


@dataclass(frozen=True, slots=True)
class Named:
    """A file that a manifest names: the key that does, and the path as written."""

    key: str
    name: str


def read_torchserve(source: Source) -> tuple[Named, ...]:
    """The files of MAR-INF/MANIFEST.json, relative to the root of the archive; FormatError or NotExamined."""
    manifest = read_json(source).value
    model = manifest.get("model") if isinstance(manifest, dict) else None
    if not isinstance(model, dict):
        raise FormatError("MANIFEST.json: no mapping `model`")
    return (*_texts(model, _TORCHSERVE), *_handler(model.get("handler")), *_extensions(model.get("extensions")))


def _handler(value: Json) -> Iterator[Named]:
    """`handler.py`, or `handler.py:function`; anything else is the name of a handler that TorchServe brings along."""
    if isinstance(value, str) and (name := value.split(":", 1)[0]).endswith(".py"):
        yield Named("handler", name)


def _extensions(value: Json) -> Iterator[Named]:
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return (Named("extensions", name.strip()) for name in names if isinstance(name, str) and name.strip())


def read_mlmodel(source: Source) -> tuple[Named, ...]:
    """The files and folders of an MLmodel, relative to its folder; FormatError or NotExamined."""
    model = read_yaml(source).value
    flavors = model.get("flavors") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(flavors, dict):
        raise FormatError("MLmodel: no mapping `flavors`")
    named = list(_texts(model.get("saved_input_example_info"), _EXAMPLE))
    for flavor, keys in _MLFLOW.items():
        values = flavors.get(flavor)
        named += _texts(values, keys)
        if flavor == "python_function" and isinstance(values, dict):
            named += _python_function(values)
    return tuple(dict.fromkeys(named))


def _python_function(values: dict[str, Json]) -> Iterator[Named]:
    """The keys below it: env is a path or a mapping of paths; an artifact has the path that it was copied to."""
    yield from _texts(values.get("env"), ("conda", "virtualenv"))
    artifacts = values.get("artifacts")
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        yield from _texts(artifact, ("path",))


@dataclass(frozen=True, slots=True)
class Index:
    """The shards of a model, each once, and the bytes of all their tensors together; -1 where it does not say."""

    shards: tuple[Named, ...]
    total: int


def read_index(source: Source) -> Index:
    """A *.index.json, whose names are relative to its folder; FormatError or NotExamined.

    https://huggingface.co/docs/transformers/big_models#shard-metadata
    """
    index = read_json(source).value
    shards = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(index, dict) or not isinstance(shards, dict) or not all(map(_is_text, shards.values())):
        raise FormatError("index: no mapping `weight_map` of names")
    metadata = index.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    stated = int(total) if isinstance(total, int | float) and not isinstance(total, bool) and 0 <= total < 2**53 else -1
    return Index(tuple(Named("weight_map", str(shard)) for shard in dict.fromkeys(shards.values())), stated)


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def read_kitfile(source: Source) -> tuple[Named, ...]:
    """The model, its parts and the code of a Kitfile; datasets and documents are often left in the registry.

    https://kitops.org/docs/kitfile/format/. FormatError or NotExamined.
    """
    kit = read_yaml(source).value
    if not isinstance(kit, dict) or "manifestVersion" not in kit:
        raise FormatError("Kitfile: no `manifestVersion`")
    model, code = kit.get("model"), kit.get("code")
    parts = model.get("parts") if isinstance(model, dict) else None
    items = [model, *(parts if isinstance(parts, list) else ()), *(code if isinstance(code, list) else ())]
    named = (item for item in items if isinstance(item, dict))
    return tuple(dict.fromkeys(found for item in named for found in _texts(item, ("path",)) if not _is_kit(found.name)))


def _is_kit(path: str) -> bool:
    """A reference to another kit in a registry: gate.formats.references tells of it."""
    return re.match(r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::[0-9]{1,5})?/", path) is not None and (
        ":" in path or "@" in path
    )


def read_bento_models(document: Json) -> Iterator[Elsewhere]:
    """The models of a bento.yaml that lie in a store of BentoML, and in the bento itself when it was exported."""
    models = document.get("models") if isinstance(document, dict) else None
    for model in models if isinstance(models, list) else ():
        tag = model.get("tag") if isinstance(model, dict) else None
        if isinstance(model, dict) and isinstance(tag, str) and model.get("registry", "bentoml") == "bentoml":
            name, _, version = tag.partition(":")
            if _TAG.fullmatch(tag):
                yield Elsewhere("bentoml", tag, name=f"models/{name}/{version}".encode())


def _texts(value: Json, keys: tuple[str, ...]) -> Iterator[Named]:
    """The values of these keys that are texts and say something."""
    if isinstance(value, dict):
        for key in keys:
            text = value.get(key)
            if isinstance(text, str) and text:
                yield Named(key, text)
