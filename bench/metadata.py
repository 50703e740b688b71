"""What reading what an archive says about its model costs: python bench/metadata.py

1. Bytes that are read of a large file beyond its header, and what its record costs: safetensors, GGUF, ONNX, HDF5.
2. 1,000 documents in an archive: processor time of the inspector beyond the walk, beside PyYAML's and the standard
   library's parsers on the same bytes.
3. The record of a set of shards of 10 GB (sparse), beyond hashing: from the walk's rows to the facts.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import yaml

from bench._measure import quiet
from bench.formats import gguf, onnx, safetensors
from fixtures.metadata import text_sources as made
from gate import pipeline, registry
from gate.archive.budget import Budget
from gate.archive.source import Source, Window
from gate.core.limits import Limits
from gate.formats.model_headers import header_of
from gate.inspectors import Inputs

ROUNDS = 7
NOW = "2026-11-21T10:00:00Z"
LIMITS = Limits()


class Counted:
    """A file that counts what is read of it."""

    def __init__(self, fd: int) -> None:
        self._inner = Window(fd, 0, os.fstat(fd).st_size, Budget(LIMITS))
        self.size, self.limits, self.bytes = self._inner.size, self._inner.limits, 0

    def read_at(self, offset: int, n: int) -> bytes:
        data = self._inner.read_at(offset, n)
        self.bytes += len(data)
        return data

    def window(self, offset: int, n: int) -> Source:
        return self._inner.window(offset, n)

    def hold(self, data: bytes) -> Source:
        return self._inner.hold(data)

    def tick(self) -> None:
        self._inner.tick()


def cpu(work: Callable[[], object]) -> float:
    """The least processor time of several runs, in seconds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def headers(folder: str) -> None:
    """Part 1."""
    files = {
        "safetensors": (safetensors(700, 2**24), 0),
        "gguf": (gguf(150_000, 300), 0),
        "onnx": (onnx(700, 2**21), 0),
    }
    for kind, (parts, _) in files.items():
        path = os.path.join(folder, kind)
        last = 0
        with open(path, "wb") as out:
            for at, data in parts:
                out.seek(at)
                out.write(data)
                last += len(data)
        fd = os.open(path, os.O_RDONLY)
        header = header_of(kind)
        assert header is not None
        source = Counted(fd)
        header.reader(source)
        took = cpu(lambda reader=header.reader, fd=fd: reader(Counted(fd)))  # type: ignore[misc]
        beyond = (source.bytes - last) / 1024
        print(f"{kind}: {source.size / 1e9:.1f} GB, read {source.bytes / 1024:.0f} KiB, {beyond:.0f} KiB beyond the "
              f"{last / 1024:.0f} KiB of its header; {took * 1000:.1f} ms")  # fmt: skip
        os.close(fd)
        os.unlink(path)


def documents(folder: str) -> None:
    """Part 2."""
    config = made.dump(
        {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 768, "torch_dtype": "float16"}
    )
    each = {
        "MLmodel": made.mlmodel(),
        "config.json": config,
        "README.md": made.card("license: mit", "library_name: transformers", "tags: [a, b]"),
        "gate-model.yaml": made.own(params={"lr": 0.1}, seeds={"torch": 7}),
    }
    path = os.path.join(folder, "many.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(250):
            for name, data in each.items():
                archive.writestr(f"model-{i:03}/{name}", data)
    team = registry.load(inputs=Inputs(effective_time=NOW))
    none = dataclasses.replace(team, inspectors={})
    alone = dataclasses.replace(team, inspectors={"metadata": team.inspectors["metadata"]})
    pipeline.scan(path, team, jobs=0)
    walk, with_it = cpu(lambda: pipeline.scan(path, none, jobs=0)), cpu(lambda: pipeline.scan(path, alone, jobs=0))
    whole = cpu(lambda: pipeline.scan(path, team, jobs=0))

    def peers() -> None:
        for _ in range(250):
            yaml.load(each["MLmodel"], yaml.CSafeLoader)  # a safe loader
            yaml.load(each["gate-model.yaml"], yaml.CSafeLoader)  # a safe loader
            yaml.load(each["README.md"].split(b"---\n")[1], yaml.CSafeLoader)  # a safe loader
            json.loads(each["config.json"])

    parsers = cpu(peers)
    print(f"1,000 documents: the walk {walk:.2f} s, the inspector adds {with_it - walk:.2f} s, all inspectors "
          f"{whole - walk:.2f} s; CSafeLoader and json on the same bytes {parsers:.2f} s "
          f"(x {(with_it - walk) / parsers:.1f})")  # fmt: skip


def shards(folder: str) -> None:
    """Part 3: 40 shards of 256 MB; hashing is what the same walk costs without an inspector."""
    root = os.path.join(folder, "shards")
    os.mkdir(root)
    for i in range(40):
        with open(os.path.join(root, f"model-{i + 1:05}-of-00040.safetensors"), "wb") as out:
            for at, data in safetensors(16, 2**24):
                out.seek(at)
                out.write(data)
    total = sum(entry.stat().st_size for entry in os.scandir(root))
    readers = header_of("safetensors")
    assert readers is not None

    def record() -> None:
        for entry in sorted(os.listdir(root)):
            fd = os.open(os.path.join(root, entry), os.O_RDONLY)
            readers.reader(Counted(fd))
            os.close(fd)

    print(f"{total / 1e9:.1f} GB in 40 shards: headers and claims {cpu(record) * 1000:.1f} ms")


def main() -> None:
    """All parts."""
    print(quiet())
    with tempfile.TemporaryDirectory() as folder:
        headers(folder)
        documents(folder)
        shards(folder)


if __name__ == "__main__":
    main()
