"""What in a model file runs, or leads out of it, when it is loaded: for a judge, who knows what is allowed.

No reach means that the format was read whole and that nothing in it can name code, files or classes.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gate.archive.source import Source
from gate.formats.catboost import read_catboost
from gate.formats.coreml import read_coreml
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.keras_config import KerasConfig, KerasFunction, read_keras_config
from gate.formats.keras_h5 import keras_h5
from gate.formats.lightgbm import read_lightgbm
from gate.formats.onnx import read_onnx
from gate.formats.openvino import read_openvino
from gate.formats.safetensors import read_safetensors
from gate.formats.saved_model import read_saved_model
from gate.formats.tflite import read_tflite
from gate.formats.xgboost import read_xgboost


class Kind(Enum):
    """CODE runs as it is; FUNCTION, CLASS, OPERATOR and NATIVE are looked up by name; TEMPLATE is rendered.

    FILE lies below the model's folder, OUTSIDE may not. BROKEN breaks the format, UNREAD was not understood.
    """

    CODE = "code"
    FUNCTION = "function"
    CLASS = "class"
    OPERATOR = "operator"
    NATIVE = "native"
    TEMPLATE = "template"
    FILE = "file"
    OUTSIDE = "outside"
    BROKEN = "broken"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """One of them: its name, path or place in the file's own words, which are a stranger's."""

    kind: str
    what: str


ONNX_DOMAINS: Final = frozenset(
    {"ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "ai.onnx.preview", "com.microsoft"}
)
"""Of operators that the runtimes have themselves (onnxruntime/core/graph/constants.h)."""
ONNX_OPERATORS: Final = frozenset({("com.microsoft", "PythonOp"), ("com.microsoft", "PythonOpGrad")})
"""Of these domains, those that call Python (orttraining)."""
TENSORFLOW_OPERATORS: Final = frozenset(
    {
        *("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "GeneratorDataset"),
        *("Save", "SaveSlices", "ShardedFilename", "PrintV2", "ImmutableConst", "WholeFileReader", "WholeFileReaderV2"),
        *("TextLineReader", "TextLineReaderV2", "TextLineDataset", "FixedLengthRecordReader", "TFRecordReader"),
        *("FixedLengthRecordReaderV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "TFRecordReaderV2"),
        *("TFRecordDataset", "TFRecordDatasetV2", "LMDBReader", "LMDBDataset", "SqlDataset", "LoadDataset"),
        *("SaveDataset", "SaveDatasetV2", "SnapshotDataset", "SnapshotDatasetV2", "CacheDataset", "CacheDatasetV2"),
        *("RpcClient", "RpcCall", "RpcServer", "RpcServerStart", "RemoteCall", "DataServiceDataset"),
        *("DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "DebugNanCount", "DebugNumericSummary"),
        *("CreateSummaryFileWriter", "CreateSummaryDbWriter", "WriteSummary", "WriteRawProtoSummary"),
        *("AssetsDir", "LookupTableExport", "XlaCustomCall", "XlaCustomCallV2", "TPUCompile"),
    }
) - {"ShardedFilename", "LookupTableExport"}
"""Operators that open files or connections, or call Python (tensorflow/core/ops/*.cc of version 2.21).

What every SavedModel has to restore its own variables (SaveV2, RestoreV2, MergeV2Checkpoints, ShardedFilename) is none.
"""
_KERAS = re.compile(r"(?:keras|keras\.src|tf_keras|tf_keras\.src|tensorflow\.keras|tensorflow\.python\.keras)(?:\.|\Z)")
_KERAS_FUNCTIONS = re.compile(
    r"keras(?:\.src)?\.(?:activations|losses|metrics|initializers|constraints|regularizers)(?:\.|\Z)"
)
_VALUES = frozenset({"builtins", ""})
_OPSET = re.compile(r"opset[0-9]{1,2}|experimental|")
_DRIVE = re.compile(r"[A-Za-z]:|~|[A-Za-z][A-Za-z0-9+.-]*://")
_PLUGIN = 256
"""H5Z_FILTER_RESERVED: filters from here on are shared libraries that are looked for in folders."""
_PACKAGE = "@model_path/"


def reaches(kind: str, source: Source) -> tuple[Reach, ...]:
    """Sorted and each once; `kind` as model_kinds names it.

    Raises FormatError and NotExamined as the readers do; KeyError for a format that none of them reads.
    """
    return tuple(sorted({Reach(found.value, what) for found, what in _READERS[kind](source)}))


_Found = Iterator[tuple[Kind, str]]


def _gguf(source: Source) -> _Found:
    model = read_gguf(source)
    yield from ((Kind.TEMPLATE, item.key) for item in model.templates)
    yield from ((Kind.BROKEN, text) for text in model.problems)


def _onnx(source: Source) -> _Found:
    model = read_onnx(source)
    own = {domain or "ai.onnx" for domain, _ in model.functions}
    for operator in model.operators:
        known = operator.domain in ONNX_DOMAINS | own
        if not known or (operator.domain, operator.name) in ONNX_OPERATORS:
            yield Kind.OPERATOR, f"{operator.domain}::{operator.name}"
    yield from (_file(item.location) for item in model.external)
    yield from ((Kind.BROKEN, f"{name} stands more than once") for name in model.repeated)
    yield from ((Kind.BROKEN, text) for text in model.problems)


def _tflite(source: Source) -> _Found:
    yield from ((Kind.OPERATOR, item.custom) for item in read_tflite(source).operators if item.custom)


def _saved_model(source: Source) -> _Found:
    for graph in read_saved_model(source).graphs:
        names = {name for name, _ in graph.operators} | set(graph.listed)
        yield from ((Kind.OPERATOR, name) for name in names & TENSORFLOW_OPERATORS)
        yield from (_file(name) for name in graph.assets)
        yield from ((Kind.BROKEN, f"{name} stands more than once") for name in graph.repeated)
        yield from ((Kind.CLASS, item.identifier) for item in graph.keras if '"Lambda"' in item.metadata)


def _hdf5(source: Source) -> _Found:
    file = read_hdf5(source)
    yield from ((Kind.OUTSIDE, link.file or link.path) for link in file.links if link.kind != "soft")
    for dataset in file.datasets:
        yield from ((Kind.OUTSIDE, name) for name in dataset.external)
        yield from ((Kind.NATIVE, f"filter {number}") for number in dataset.filters if number >= _PLUGIN)
    yield from ((Kind.UNREAD, f"{path}: {what}") for path, what in file.unread)
    model = keras_h5(file)
    if model is not None:
        yield from ((Kind.BROKEN, f"{name} has two values") for name in model.conflicts)
        if model.config is not None:
            yield from _config(model.config)


def _keras(source: Source) -> _Found:
    yield from _config(read_keras_config(source))


def _config(config: KerasConfig) -> _Found:
    for function in config.functions:
        if function.form == "code":
            yield Kind.CODE, function.where
        elif not _own(function):
            yield Kind.FUNCTION, f"{function.module}.{function.name}".strip(".")
    for item in config.objects:
        plain = item.module in _VALUES or _KERAS.match(item.module)
        function_or_code = item.class_name in ("function", "__lambda__") and item.typed
        if (not plain and not function_or_code) or not item.typed or item.class_name.rpartition(">")[2] == "Lambda":
            yield Kind.CLASS, f"{item.module}.{item.class_name}".strip(".")
    yield from (_file(text) for _, text in config.files)


def _own(function: KerasFunction) -> bool:
    """Whether this can only be a function of Keras, which writes its own as of `builtins`, where others are too."""
    if function.module in _VALUES:
        return function.name.isidentifier() and not hasattr(builtins, function.name)
    return _KERAS_FUNCTIONS.match(function.module) is not None and function.name.isidentifier()


def _openvino(source: Source) -> _Found:
    layers = read_openvino(source).layers
    yield from ((Kind.OPERATOR, f"{row.opset}::{row.type}") for row in layers if not _OPSET.fullmatch(row.opset))


def _coreml(source: Source) -> _Found:
    model = read_coreml(source)
    yield from ((Kind.NATIVE, name) for name in model.custom)
    yield from (_file(name.removeprefix(_PACKAGE)) for name in model.files)
    yield from ((Kind.BROKEN, f"{name} stands more than once") for name in model.repeated)


def _safetensors(source: Source) -> _Found:
    yield from ((Kind.BROKEN, text) for text in read_safetensors(source).problems)


def _nothing(reader: Callable[[Source], object]) -> Callable[[Source], _Found]:
    """Formats of numbers alone: reading them shows that they are what they claim to be."""

    def read(source: Source) -> _Found:
        reader(source)
        return iter(())

    return read


def _file(name: str) -> tuple[Kind, str]:
    """Whether a name stays below the folder of the model, for every system that may read it."""
    parts = name.replace("\\", "/").split("/")
    leaves = not name or "\0" in name or ".." in parts or parts[0] == "" or _DRIVE.match(name) is not None
    return (Kind.OUTSIDE if leaves else Kind.FILE), name


_READERS: Final[Mapping[str, Callable[[Source], _Found]]] = {
    "gguf": _gguf,
    "onnx": _onnx,
    "tflite": _tflite,
    "saved-model": _saved_model,
    "hdf5": _hdf5,
    "keras-config": _keras,
    "openvino": _openvino,
    "coreml": _coreml,
    "safetensors": _safetensors,
    "xgboost": _nothing(read_xgboost),
    "lightgbm": _nothing(read_lightgbm),
    "catboost": _nothing(read_catboost),
}
