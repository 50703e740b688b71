"""Which judge a member's first bytes ask for, and how it wants to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gate.archive.member import Member, Need
from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.concern import Concern
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.onnx import read_onnx
from gate.formats.saved_model import SavedModel, read_fingerprint, read_graph, read_keras_metadata, read_saved_model
from gate.formats.text import is_text
from gate.formats.tflite import read_tflite
from gate.loading import configuration, gguf, keras, onnx, tensorflow, torchscript


@dataclass(frozen=True, slots=True)
class Judge:
    """How it reads a member, and what it thinks of it; raises NotExamined for what it cannot read."""

    need: Need
    concerns: Callable[[Member], Iterable[Concern]]


def _graph(source: Source) -> SavedModel:
    """A file called .pb: a SavedModel, or a graph alone."""
    try:
        return read_saved_model(source)
    except FormatError:
        return read_graph(source)


def _fingerprint(source: Source) -> tuple[Concern, ...]:
    """Numbers, which nobody acts upon."""
    read_fingerprint(source)
    return ()


def _text_graph(member: Member) -> Iterator[Concern]:
    """A graph as text: Triton's configuration is one, too, and brings no operator."""
    if member.name != "config.pbtxt":
        raise NotExamined(GapReason.UNSUPPORTED, "a graph of TensorFlow as text")
    return iter(())


_JSON: Final = Judge(Need.STREAM, lambda member: member.read(configuration.json_concerns))
_GRAPH: Final = Judge(Need.SEEK, lambda member: tensorflow.graph_concerns(member.read(_graph)))
BY_FORMAT: Final = {
    # Names in rules/data/serialization/formats.yaml, which says how each begins.
    "onnx": Judge(Need.STREAM, lambda member: onnx.concerns(member.read(read_onnx))),
    "hdf5": Judge(Need.SEEK, lambda member: keras.file_concerns(member.read(read_hdf5))),
    "json": _JSON,
    "saved-model": _GRAPH,
    "tflite": Judge(Need.SEEK, lambda member: tensorflow.lite_concerns(member.read(read_tflite))),
    "torchscript": Judge(Need.STREAM, lambda member: member.read(torchscript.concerns)),
    "gguf": Judge(Need.STREAM, lambda member: gguf.concerns(member.read(read_gguf))),
}
BY_NAME: Final = (
    # Formats without a magic number: a loader takes these by their names; the first that fits.
    (("fingerprint.pb",), False, Judge(Need.STREAM, lambda member: member.read(_fingerprint))),
    (
        ("keras_metadata.pb",),
        False,
        Judge(Need.STREAM, lambda member: tensorflow.keras_concerns(member.read(read_keras_metadata))),
    ),
    ((".pb",), False, _GRAPH),
    ((".pbtxt",), True, Judge(Need.HEAD, _text_graph)),
    ((".onnx",), False, BY_FORMAT["onnx"]),
    ((".jinja", ".jinja2", ".j2"), True, Judge(Need.STREAM, lambda member: member.read(configuration.template))),
    ((".json",), True, _JSON),
    ((".yaml", ".yml", "MLmodel"), True, Judge(Need.STREAM, lambda member: member.read(configuration.yaml_concerns))),
)
"""Ends of names, whether only a text counts, and who judges."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = tuple(512 << i for i in range(7))
"""Where the library looks when a file does not begin as HDF5 (HDF5 File Format Specification, II.A)."""


def by_offset(member: Member) -> Iterator[Judge]:
    """The judge of a file that is HDF5 behind a user block, which may begin like anything else."""
    if any(member.head.startswith(_HDF5, at) for at in _USER_BLOCKS):
        yield BY_FORMAT["hdf5"]


def by_name(member: Member) -> Iterator[Judge]:
    """The judge of a member of this name."""
    for suffixes, text, judge in BY_NAME:
        if member.name.endswith(suffixes):
            if not text or is_text(member.head):
                yield judge
            return
