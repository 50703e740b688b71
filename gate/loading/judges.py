"""Which judge a member's first bytes ask for, and how it wants to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from gate.archive.member import Member, Need
from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.concern import Concern
from gate.formats.coreml import read_coreml
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.model_kinds import model_kind
from gate.formats.onnx import read_onnx
from gate.formats.openvino import read_openvino
from gate.formats.saved_model import SavedModel, read_fingerprint, read_graph, read_keras_metadata, read_saved_model
from gate.formats.text import is_text
from gate.formats.tflite import read_tflite
from gate.loading import configuration, gguf, keras, mobile, onnx, startup, tensorflow, torchscript
from gate.loading.names import table


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
_NUMBERS: Final = Judge(Need.HEAD, lambda _: ())
"""Formats that cannot name anything: safetensors, arrays, trees."""
BY_KIND: Final = {
    # Names of gate.formats.model_kinds.
    "onnx": Judge(Need.STREAM, lambda member: onnx.concerns(member.read(read_onnx))),
    "hdf5": Judge(Need.SEEK, lambda member: keras.file_concerns(member.read(read_hdf5))),
    "keras-config": _JSON,
    "saved-model": _GRAPH,
    "tflite": Judge(Need.SEEK, lambda member: tensorflow.lite_concerns(member.read(read_tflite))),
    "torchscript": Judge(Need.STREAM, lambda member: member.read(torchscript.concerns)),
    "gguf": Judge(Need.STREAM, lambda member: gguf.concerns(member.read(read_gguf))),
    "coreml": Judge(Need.STREAM, lambda member: mobile.coreml_concerns(member.read(read_coreml))),
    "openvino": Judge(Need.STREAM, lambda member: mobile.openvino_concerns(member.read(read_openvino))),
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
    ((".onnx",), False, BY_KIND["onnx"]),
    ((".jinja", ".jinja2", ".j2"), True, Judge(Need.STREAM, lambda member: member.read(configuration.template))),
    ((".pth",), True, Judge(Need.STREAM, lambda member: member.read(startup.concerns))),
    ((".json",), False, _JSON),
    ((".yaml", ".yml", "MLmodel"), True, Judge(Need.STREAM, lambda member: member.read(configuration.yaml_concerns))),
)
"""Ends of names, whether only a text counts, and who judges."""


@cache
def _unread() -> dict[str, Judge]:
    """Who says of a format that it is known by sight only."""

    def judge(kind: str, what: str) -> Judge:
        def concerns(_: Member) -> Iterator[Concern]:
            raise NotExamined(GapReason.UNSUPPORTED, f"not examined: {kind}: {what}")

        return Judge(Need.HEAD, concerns)

    return {kind: judge(kind, what) for kind, what in table("formats").items()}


def judges(member: Member) -> tuple[Judge, ...]:
    """Who judges a member: by its first bytes, and by its name where a loader goes by that."""
    kind = member.told(model_kind) or ""
    by_bytes = BY_KIND.get(kind) or _unread().get(kind) or (_NUMBERS if kind else None)
    found = (*_by_name(member), *((by_bytes,) if by_bytes else ()))
    return tuple(dict.fromkeys(found))


def _by_name(member: Member) -> Iterator[Judge]:
    """The judge of a member of this name."""
    for suffixes, text, judge in BY_NAME:
        if member.name.endswith(suffixes):
            if not text or is_text(member.head):
                yield judge
            return
