"""What reading the headers of large model files costs: python bench/formats.py

Prints for each file the bytes that were read of it and the least processor time of five runs. The files are sparse:
tensors are holes, so that nothing is measured but the readers.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import quiet
from fixtures.metadata import (
    binary_gguf,
    binary_hdf5,
    binary_openvino,
    binary_protobuf,
    binary_saved_model,
    binary_trees,
)
from gate.archive.budget import Budget
from gate.archive.source import Source, Window
from gate.core.limits import Limits
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.lightgbm import read_lightgbm
from gate.formats.onnx import read_onnx
from gate.formats.openvino import read_openvino
from gate.formats.safetensors import read_safetensors
from gate.formats.saved_model import read_saved_model
from gate.formats.xgboost import read_xgboost

Part = tuple[int, bytes]


def safetensors(tensors: int, size: int) -> Iterator[Part]:
    """Many tensors of one size."""
    rows = {
        f"model.layers.{i}.weight": {"dtype": "BF16", "shape": [size // 2], "data_offsets": [i * size, (i + 1) * size]}
        for i in range(tensors)
    }
    header = json.dumps(rows).encode()
    yield 0, len(header).to_bytes(8, "little") + header
    yield 8 + len(header) + tensors * size - 1, b"\0"


def gguf(tokens: int, tensors: int) -> Iterator[Part]:
    """A vocabulary with merges, and quantized tensors."""
    names = [f"token{i:06}" for i in range(tokens)]
    keys: list[tuple[str, binary_gguf.Value]] = [
        ("tokenizer.ggml.tokens", names),
        ("tokenizer.ggml.merges", [f"{name} x" for name in names]),
        ("tokenizer.ggml.token_type", [1] * tokens),
    ]
    rows = [(f"blk.{i}.weight", (4096, 7168), 8, 4096 * 7168 // 32 * 34) for i in range(tensors)]
    head = binary_gguf.Writer().file(keys, rows, data=b"")
    yield 0, head
    yield len(head) + sum(size for *_, size in rows) - 1, b"\0"


def onnx(tensors: int, size: int) -> Iterator[Part]:
    """Tensors that lie in the file, and a node for each."""
    wire = binary_protobuf
    node = wire.block(1, wire.block(1, "x"), wire.block(2, "y"), wire.block(4, "MatMul")) * tensors
    heads = []
    for i in range(tensors):
        inner = (
            wire.packed(1, size // 4) + wire.integer(2, 1) + wire.block(8, f"w{i}") + wire.tag(9, 2) + wire.varint(size)
        )
        heads.append(wire.tag(5, 2) + wire.varint(len(inner) + size) + inner)
    total = len(node) + sum(map(len, heads)) + tensors * size
    start = wire.integer(1, 10) + wire.tag(7, 2) + wire.varint(total) + node
    yield 0, start
    at = len(start)
    for head in heads:
        yield at, head
        at += len(head) + size
    yield at - 1, b"\0"


def hdf5(layers: int) -> Iterator[Part]:
    """Layers with two arrays each; the arrays are at the end."""
    dense = binary_hdf5.Group({"kernel": binary_hdf5.Data((4096, 4096), data=b""), "bias": binary_hdf5.Data((4096,))})
    root = binary_hdf5.Group({f"dense_{i}": dense for i in range(layers)}, {"model_config": binary_hdf5.KERAS})
    yield 0, binary_hdf5.file(root)
    yield 10**10, b"\0"


def _write(name: str, parts: Iterator[Part]) -> str:
    path = os.path.join(tempfile.gettempdir(), name)
    with open(path, "wb") as out:
        for at, data in parts:
            out.seek(at)
            out.write(data)
    return path


def _once(data: bytes) -> Iterator[Part]:
    yield 0, data


def _measure(name: str, parts: Iterator[Part], reader: Callable[[Source], object]) -> None:
    path = _write(f"gate-bench-{os.getpid()}", parts)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size, best, read = os.fstat(descriptor).st_size, float("inf"), 0
        for _ in range(5):
            budget = Budget(Limits())
            budget.admit(size)
            begun = time.process_time()
            reader(Window(descriptor, 0, size, budget))
            best, read = min(best, time.process_time() - begun), budget.bytes
        print(f"{name:40} {size / 2**20:10.1f} MiB  {read / 1024:9.0f} KiB read  {best * 1000:8.1f} ms")
    finally:
        os.close(descriptor)
        os.unlink(path)


def main() -> None:
    """One line a file."""
    print(quiet())
    _measure("safetensors, 700 tensors", safetensors(700, 15 * 10**6), read_safetensors)
    _measure("GGUF, 150,000 tokens and merges", gguf(150_000, 291), read_gguf)
    _measure("ONNX, 700 tensors inside", onnx(700, 2_500_000), read_onnx)
    _measure("ONNX, 50,000 nodes and tensors", onnx(50_000, 64), read_onnx)
    _measure("HDF5, 300 layers", hdf5(300), read_hdf5)
    graph = binary_saved_model.meta_graph(ops=[f"Op{i % 90}" for i in range(20_000)])
    _measure("SavedModel, 20,000 nodes", _once(binary_saved_model.saved_model(graph)), read_saved_model)
    layers = (binary_openvino.constant(f"w{i}", "64,64", i * 16384, 16384) for i in range(5000))
    _measure("OpenVINO, 5,000 layers", _once(binary_openvino.net(*layers)), read_openvino)
    trees = binary_trees.learner()
    tree = {"left_children": [1.0] * 127, "split_conditions": [0.5] * 127, "id": 0}
    trees["learner"]["gradient_booster"]["model"]["trees"] = [tree] * 2000
    _measure("XGBoost UBJ, 2,000 trees", _once(binary_trees.ubj(trees)), read_xgboost)
    _measure("LightGBM, 20,000 trees", _once(binary_trees.lightgbm(trees=20_000, features=500)), read_lightgbm)


if __name__ == "__main__":
    main()
