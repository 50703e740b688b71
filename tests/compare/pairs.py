"""Two archives in a few words: a small model, and what is different in the next one."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from gate import pipeline, registry
from gate.cli.compare import INSPECTORS
from gate.compare.snapshot import Snapshot, of_report
from gate.core.limits import Limits
from gate.core.report import Report
from gate.registry import Registry
from tests.conftest import zipped

RULES = registry.load().rules


@cache
def looking() -> Registry:
    whole = registry.load()
    return replace(whole, inspectors={name: one for name, one in whole.inspectors.items() if name in INSPECTORS})


def scanned(files: Mapping[str, bytes], path: Path, limits: Limits = Limits()) -> Report:
    """The report of a folder, or of a zip where the path has a suffix."""
    if path.suffix:
        path.write_bytes(zipped(files))
    else:
        shutil.rmtree(path, ignore_errors=True)
        for name, data in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    return pipeline.scan(str(path), looking(), limits, 0)


def snapshot(files: Mapping[str, bytes], path: Path, limits: Limits = Limits()) -> Snapshot:
    return of_report(scanned(files, path, limits))


# -- parts of a model --------------------------------------------------------------------------------------------------


def tensors(*, fill: int = 0, dtype: str = "F32", **shapes: tuple[int, ...]) -> bytes:
    """A safetensors file; names with `__` for a dot."""
    size, header, at = {"F32": 4, "F16": 2, "BF16": 2}[dtype], {}, 0
    for name, shape in sorted(shapes.items()):
        length = size
        for dim in shape:
            length *= dim
        header[name.replace("__", ".")] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + length]}
        at += length
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes([fill]) * at


def layers(count: int = 2, **more: object) -> bytes:
    return tensors(**{f"h__{i}__w": (2, 2) for i in range(count)}, **more)  # type: ignore[arg-type]


def config(**fields: object) -> bytes:
    base = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "torch_dtype": "float32",
        "transformers_version": "4.31.0",
        "id2label": {"0": "no", "1": "yes"},
        "_name_or_path": "/home/someone/run-7",
    }
    return json.dumps({name: value for name, value in {**base, **fields}.items() if value is not None}).encode()


def own(version: str = "1.2.0", name: str = "recsys", **fields: object) -> bytes:
    rows = {"name": name, "version": version, **fields}
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in rows.items() if value).encode()


def mlmodel(
    inputs: str = '[{"name": "age", "type": "long"}]', outputs: str = '[{"type": "double"}]', **more: str
) -> bytes:
    rows = {"inputs": inputs, "outputs": outputs, **more}
    signature = "".join(f"  {side}: {json.dumps(text)}\n" for side, text in rows.items() if text)
    return f"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nsignature:\n{signature}".encode()


def keras(units: int = 4, seed: int = 1, name: str = "model") -> bytes:
    layer = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": units, "kernel_initializer": {"class_name": "Glorot", "config": {"seed": seed}}},
        "registered_name": None,
    }
    whole = {"class_name": "Sequential", "module": "keras", "config": {"name": name, "layers": [layer]}}
    return json.dumps({**whole, "registered_name": None}).encode()


def base() -> dict[str, bytes]:
    return {
        "LICENSE": b"Apache License",
        "MLmodel": mlmodel(),
        "README.md": b"---\nlicense: apache-2.0\n---\n# recsys\n",
        "config.json": config(),
        "gate-model.yaml": own(),
        "model.safetensors": layers(),
        "requirements.txt": b"torch==2.1.0\n",
        "tokenizer.json": b'{"model": {"vocab": {"a": 0}}}',
    }
