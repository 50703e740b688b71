"""What a binary model file says about itself, as one plain document of the same keys for all formats.

Keys, each absent where the file says nothing: format, format_version, name, version, build_id, created, author,
licence, description, architecture, objective, base_model, tags, inputs, outputs, frameworks {library: version},
params, seeds and properties {key: text}, parameters (a number), dtypes and bytes {type: number}. Texts are a
stranger's, as they stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Final

from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.report import Json
from gate.formats.bounded import Document, parse_json
from gate.formats.catboost import read_catboost
from gate.formats.coreml import read_coreml
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.keras_config import read_keras_config
from gate.formats.keras_h5 import keras_h5
from gate.formats.lightgbm import read_lightgbm
from gate.formats.onnx import read_onnx
from gate.formats.openvino import read_openvino
from gate.formats.pmml import read_pmml
from gate.formats.port import Port
from gate.formats.safetensors import read_safetensors
from gate.formats.saved_model import read_saved_model
from gate.formats.tflite import read_tflite
from gate.formats.xgboost import read_xgboost

_VERSION = re.compile(r"v?[0-9][\w.+-]{0,40}")
PAIRS = 1000
"""Properties that are kept."""
_Said = dict[str, Json]


def model_document(kind: str, source: Source) -> Document:
    """The document of a file; `kind` as model_kinds names it, `repeated` are keys that stand twice in the file.

    Raises FormatError and NotExamined as the readers do; KeyError for a format that none of them reads.
    """
    said, repeated = _READERS[kind](source)
    return Document(
        {"format": kind} | {key: value for key, value in said.items() if value not in ("", [], {}, 0)}, repeated
    )


def shown_port(port: Port) -> str:
    """A port in one line: `name: dtype[shape]`, ? behind the name of one that may be left out, -1 for any size."""
    shape = "" if port.shape is None else f"[{', '.join('-1' if size is None else str(size) for size in port.shape)}]"
    return f"{port.name}{'?' if port.optional else ''}: {port.dtype}{shape}"


def _ports(ports: Iterable[Port]) -> Json:
    return [shown_port(port) for port in ports]


def _pairs(rows: Iterable[tuple[str, str]]) -> _Said:
    found: _Said = {}
    for key, value in rows:
        if key in found or len(found) < PAIRS:
            found[key] = value
    return found


def _twice(rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(key for key, count in Counter(key for key, _ in rows).items() if count > 1))


def _types(rows: Iterable[tuple[str, int, int]]) -> _Said:
    rows = tuple(rows)
    sizes: _Said = {dtype: size for dtype, _, size in rows if size}
    return {"dtypes": {dtype: count for dtype, count, _ in rows}, "bytes": sizes}


def _renamed(values: Mapping[str, Json], names: Mapping[str, str]) -> _Said:
    return {key: values[name] for key, name in names.items() if name in values}


_Read = tuple[_Said, tuple[str, ...]]
_GENERAL = {
    **{key: f"general.{key}" for key in ("name", "version", "author", "description", "architecture")},
    "licence": "general.license",
}
_MODELSPEC = {
    **{key: f"modelspec.{key}" for key in ("author", "description", "architecture")},
    "name": "modelspec.title",
    "licence": "modelspec.license",
    "created": "modelspec.date",
}


def _gguf(source: Source) -> _Read:
    model = read_gguf(source)
    rows = [(entry.key, entry.text) for entry in model.entries if not entry.kind.startswith("array")]
    plain = _pairs(row for row in rows if not any(row[0] == item.key for item in model.templates))
    bases = [
        value for key, value in plain.items() if key.startswith("general.base_model.") and key.endswith("repo_url")
    ]
    tags: list[Json] = [item for entry in model.entries if entry.key == "general.tags" for item in entry.items]
    said = _renamed(plain, _GENERAL) | _types(model.dtypes)
    said |= {"format_version": str(model.version), "parameters": model.parameters, "properties": plain}
    return said | {"base_model": bases, "tags": tags}, _twice(rows)


def _onnx(source: Source) -> _Read:
    model = read_onnx(source)
    said: _Said = {
        "format_version": str(model.ir_version),
        "version": str(model.model_version or ""),
        "inputs": _ports(model.inputs),
        "outputs": _ports(model.outputs),
        "parameters": model.parameters,
        "properties": _pairs(model.properties),
        "frameworks": {model.producer_name: model.producer_version} if model.producer_name else {},
    }
    return said | _types(model.dtypes), (*model.repeated, *_twice(model.properties))


def _hdf5(source: Source) -> _Read:
    file = read_hdf5(source)
    model = keras_h5(file)
    dtypes: _Said = dict(file.dtypes)
    if model is None:
        return {"dtypes": dtypes}, ()
    said: _Said = {"frameworks": {"keras": model.keras_version}, "parameters": model.parameters, "dtypes": dtypes}
    if model.config is not None:
        said |= {"name": model.config.name, "architecture": model.config.class_name}
        said["inputs"] = _ports(model.config.inputs)
    return said, model.conflicts


def _keras(source: Source) -> _Read:
    config = read_keras_config(source)
    return {"name": config.name, "architecture": config.class_name, "inputs": _ports(config.inputs)}, ()


def _saved_model(source: Source) -> _Read:
    model = read_saved_model(source)
    graph = model.graphs[0]
    served = [signature for signature in graph.signatures if not signature.name.startswith("__")]
    first = next((one for one in served if one.name == "serving_default"), served[0] if served else None)
    said: _Said = {
        "format_version": str(model.schema),
        "frameworks": {"tensorflow": graph.tensorflow_version} if graph.tensorflow_version else {},
        "tags": list(chain.from_iterable(one.tags for one in model.graphs)),
        "inputs": _ports(first.inputs) if first else [],
        "outputs": _ports(first.outputs) if first else [],
    }
    return said, graph.repeated


def _tflite(source: Source) -> _Read:
    model = read_tflite(source)
    said: _Said = {
        "format_version": str(model.version),
        "description": model.description,
        "inputs": _ports(model.inputs),
        "outputs": _ports(model.outputs),
        "parameters": model.parameters,
        "dtypes": dict(model.dtypes),
        "properties": {"min_runtime_version": model.min_runtime_version},
    }
    return said, ()


def _coreml(source: Source) -> _Read:
    model = read_coreml(source)
    said: _Said = {
        "format_version": str(model.version),
        "version": model.model_version,
        "author": model.author,
        "licence": model.license,
        "description": model.description,
        "architecture": model.kinds[0],
        "inputs": _ports(model.inputs),
        "outputs": _ports(model.outputs),
        "properties": _pairs(model.user),
    }
    return said, (*model.repeated, *_twice(model.user))


def _openvino(source: Source) -> _Read:
    model = read_openvino(source)
    info = _pairs(model.info)
    said: _Said = {
        "format_version": str(model.version),
        "name": model.name,
        "inputs": _ports(model.inputs),
        "outputs": _ports(model.outputs),
        "frameworks": _renamed(info, {"openvino": "info/OpenVINO Runtime"}),
        "properties": info,
    }
    return said | _renamed(info, {"version": "model_info/version"}) | _types(model.dtypes), _twice(model.info)


def _xgboost(source: Source) -> _Read:
    model = read_xgboost(source)
    said: _Said = {
        "objective": model.objective,
        "architecture": model.booster,
        "frameworks": {"xgboost": ".".join(map(str, model.version))},
        "inputs": [f"{name}: {kind}" for name, kind in _features(model.feature_names, model.feature_types)],
        "params": _pairs(model.parameters),
        "properties": _pairs(model.attributes),
    }
    return said, model.repeated


def _features(names: tuple[str, ...], kinds: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    return zip(names, kinds if len(kinds) == len(names) else ["float"] * len(names), strict=True)


def _lightgbm(source: Source) -> _Read:
    model = read_lightgbm(source)
    params = _pairs(model.parameters)
    said: _Said = {
        "format_version": model.version,
        "objective": model.objective,
        "inputs": [f"{name}: float" for name in model.feature_names],
        "params": params,
        "seeds": {key: value for key, value in params.items() if key == "seed" or key.endswith("_seed")},
    }
    return said, _twice(model.parameters)


def _catboost(source: Source) -> _Read:
    model = read_catboost(source)
    said: _Said = {"build_id": model.value("model_guid"), "created": model.value("train_finish_time")}
    flat = _flat(model.value("params"))
    said["params"] = {key: value for key, value in flat.items() if not isinstance(value, list | dict)}
    said["seeds"] = {key: value for key, value in flat.items() if key == "random_seed"}
    said["properties"] = _pairs((key, text[:4096]) for key, text in model.info if key not in ("params", "training"))
    return said, _twice(model.info)


def _flat(params: str) -> _Said:
    """The parameters as the user gave them; none where they are no JSON, for they are no part of the format."""
    try:
        value = parse_json(params.encode()).value if params else None
    except NotExamined:
        return {}
    inner = value.get("flat_params", value) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _safetensors(source: Source) -> _Read:
    file = read_safetensors(source)
    properties = _pairs(file.metadata)
    said = _renamed(properties, _MODELSPEC) | _types(file.dtypes)
    said |= {"parameters": file.parameters, "properties": properties}
    return said | {"seeds": _renamed(properties, {"ss_seed": "ss_seed"})}, ()


def _pmml(source: Source) -> _Read:
    model = read_pmml(source)
    version = (
        model.application_version if _VERSION.fullmatch(model.application_version) else ""
    )  # CatBoost: its git log
    said: _Said = {
        "format_version": model.version,
        "name": model.name,
        "version": model.model_version,
        "created": model.created,
        "architecture": model.kind,
        "objective": model.function,
        "inputs": _ports(model.inputs),
        "outputs": _ports(model.outputs),
        "frameworks": {model.application: version} if model.application and version else {},
    }
    return said, ()


_READERS: Final[Mapping[str, Callable[[Source], _Read]]] = {
    "gguf": _gguf,
    "onnx": _onnx,
    "hdf5": _hdf5,
    "keras-config": _keras,
    "saved-model": _saved_model,
    "tflite": _tflite,
    "coreml": _coreml,
    "openvino": _openvino,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "safetensors": _safetensors,
    "pmml": _pmml,
}
