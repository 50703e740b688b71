"""Which model format a file is, by its first bytes: those that have a reader here, and those that are known by sight.

A name that is not in READ has no reader: such a file is a model, and nothing in it was examined.
"""

from __future__ import annotations

import re
from typing import Final

from gate.formats import coreml_words, safetensors
from gate.formats.hdf5_file import SIGNATURE

HEAD = 65_536
"""Bytes that are looked at."""
READ: Final = frozenset(
    {
        *("safetensors", "gguf", "npy", "hdf5", "onnx", "saved-model", "tflite", "coreml", "openvino"),
        *("keras-config", "xgboost", "lightgbm", "catboost", "pmml"),
    }
)
_PROLOG = rb"(?:\xef\xbb\xbf)?+\s*+(?:<\?xml[^>?]{0,200}+\?>\s*+)?+(?:<!--(?>[\s\S]{0,2000}?-->)\s*+)*+"
_FIRST = re.compile(
    rb"""
    (?P<gguf>GGUF)
    | (?P<npy>\x93NUMPY)
    | (?P<hdf5>\x89HDF\r\n\x1a\n)
    | (?P<catboost>CBM1)
    | (?P<xgboost>binf
        | \{[LiUIl][\s\S]{0,32}learner\{
        | \s*+\{\s*+"learner"\s*+:\s*+\{\s*+"(?:attributes|feature_names)"
        | \s*+\{\s*+"version"\s*+:\s*+\[[\s0-9,]{5,60}+\]\s*+,\s*+"learner")
    | (?P<lightgbm>tree\r?\nversion=v[0-9])
    | (?P<keras_config>\s*+\{(?=[\s\S]{0,2000}"class_name")
        (?=[\s\S]{0,4000}(?:"registered_name"|"keras_version"|"build_config"|"layers")))
    | (?P<openvino>%(prolog)s<net\s[^>]{0,2000}?version=)
    | (?P<torchscript>class\ \w+\(Module\):\n\ \ __parameters__\ =\ \[|op_version_set\ =\ [0-9])
    | (?P<pmml>%(prolog)s<(?:!DOCTYPE\s++)?+(?:\w{1,20}:)?PMML[\s>\[])
    | (?P<tensorrt>ptrt|ftrt)
    | (?P<rknn>RKNN)
    | (?P<hailo>\x01HEF)
    | (?P<ncnn>7767517\r?\n|\x4d\x5d\x76\x00)
    | (?P<llamafile>MZqFpD)
    | (?P<ggml>lmgg|fmgg|tjgg)
    | (?P<torch7>T7\x00\x00)
    | (?P<r_data>RDX[23]\n|[AXB]\n\x00\x00\x00[\x02\x03])
    """
    % {b"prolog": _PROLOG},
    re.VERBOSE,
)
"""Formats that begin with their name, or nearly."""
_FOURTH: Final = {b"TFL3": "tflite", b"ET12": "executorch", b"ET11": "executorch"}
"""Flatbuffers have their identifier behind the first offset."""
_VARINT = 10


def model_kind(head: bytes) -> str | None:
    """The name of the format; None for what no rule here knows."""
    if safetensors.begins(head):
        return "safetensors"
    match = _FIRST.match(head)
    if match is not None:
        return (match.lastgroup or "").replace("_", "-")
    if head[4:8] in _FOURTH:
        return _FOURTH[head[4:8]]
    for place in (512, 1024, 2048, 4096, 8192, 16384, 32768) if len(head) > 512 else ():  # HDF5 behind a user block
        if head.startswith(SIGNATURE, place):
            return "hdf5"
    return _message(head)


def _message(head: bytes) -> str | None:
    """A protocol buffer by the fields of its outermost message that begin within the head.

    ONNX has a graph (7) beside versions; Core ML a kind of model, from 200 on; SavedModel graphs (2) alone. Unknown
    fields count only behind a version (1), with which all of them begin where their own library wrote them.
    """
    found: dict[int, int] = {}
    at = count = 0
    while at < len(head):
        number, wire, at = _field(head, at)
        count += 1
        if not number or count > _FIELDS or (head[0] != 8 and _OUTERMOST.get(number) != wire):
            return None
        found.setdefault(number, wire)
    if found.get(1) != 0:
        return None
    if found.get(7) == 2 and found.get(2, 2) == found.get(3, 2) == 2:  # fingerprint.pb has numbers there
        return "onnx"
    if found.keys() & coreml_words.KINDS.keys():
        return "coreml"
    return "saved-model" if found.get(2) == 2 and len(found) == 2 else None


_FIELDS = 256
_LENGTHS = {*range(2, 5), *range(6, 9), 14, 20, 25, 26, *coreml_words.KINDS}
_OUTERMOST = {1: 0, 5: 0, 10: 0, **dict.fromkeys(_LENGTHS, 2)}
"""Wire types of the outermost fields of all three."""


def _field(head: bytes, at: int) -> tuple[int, int, int]:
    """Number, wire type and end of a field; number 0 for what is none."""
    tag, at = _varint(head, at)
    number, wire = tag >> 3, tag & 7
    if wire == 0:
        _, at = _varint(head, at)
    elif wire == 2:
        size, at = _varint(head, at)
        at += size
    elif wire in (1, 5):
        at += 8 if wire == 1 else 4
    else:
        return 0, wire, at
    return (number if number < 2**29 else 0), wire, at


def _varint(head: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(head[at : at + _VARINT]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    return 0, len(head)
