"""Names and field numbers of TensorFlow's protocol buffers (tensorflow/core/protobuf, core/framework; 2.21)."""

from __future__ import annotations

from typing import Final

from gate.formats.protobuf import Kind, Schema

DTYPES: Final = dict(
    enumerate(
        (
            *("invalid", "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64", "int64"),
            *("bool", "qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16", "complex128", "float16"),
            *("resource", "variant", "uint32", "uint64", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz"),
            *("float8_e4m3b11fnuz", "float8_e5m2fnuz", "int4", "uint4", "int2", "uint2", "float4_e2m1fn"),
        )
    )
)
SAVED_MODEL: Final[Schema] = {1: ("schema", Kind.VARINT), 2: ("meta_graph", Kind.BYTES)}
META_GRAPH: Final[Schema] = {
    1: ("info", Kind.BYTES),
    2: ("graph", Kind.BYTES),
    4: ("collection", Kind.BYTES),
    5: ("signature", Kind.BYTES),
    6: ("asset", Kind.BYTES),
    7: ("objects", Kind.BYTES),
}
INFO: Final[Schema] = {
    1: ("version", Kind.BYTES),
    2: ("op_list", Kind.BYTES),
    4: ("tag", Kind.BYTES),
    5: ("tensorflow_version", Kind.BYTES),
    6: ("tensorflow_git_version", Kind.BYTES),
}
OPS: Final[Schema] = {1: ("op", Kind.BYTES)}
NAMED: Final[Schema] = {1: ("name", Kind.BYTES)}
GRAPH: Final[Schema] = {1: ("node", Kind.BYTES), 2: ("library", Kind.BYTES)}
NODE: Final[Schema] = {2: ("op", Kind.BYTES)}
LIBRARY: Final[Schema] = {1: ("function", Kind.BYTES)}
FUNCTION: Final[Schema] = {1: ("signature", Kind.BYTES), 3: ("node", Kind.BYTES)}
ENTRY: Final[Schema] = {1: ("key", Kind.BYTES), 2: ("value", Kind.BYTES)}
"""An entry of a map."""
SIGNATURE: Final[Schema] = {1: ("input", Kind.BYTES), 2: ("output", Kind.BYTES), 3: ("method", Kind.BYTES)}
TENSOR: Final[Schema] = {2: ("dtype", Kind.VARINT), 3: ("shape", Kind.BYTES)}
SHAPE: Final[Schema] = {2: ("dim", Kind.BYTES), 3: ("unknown_rank", Kind.VARINT)}
DIM: Final[Schema] = {1: ("size", Kind.VARINT)}
ASSET: Final[Schema] = {2: ("file", Kind.BYTES)}
OBJECTS: Final[Schema] = {1: ("node", Kind.BYTES)}
OBJECT: Final[Schema] = {4: ("user", Kind.BYTES)}
USER: Final[Schema] = {1: ("identifier", Kind.BYTES), 3: ("metadata", Kind.BYTES)}
FINGERPRINT: Final[Schema] = {
    1: ("saved_model_checksum", Kind.VARINT),
    2: ("graph_def_program_hash", Kind.VARINT),
    3: ("signature_def_hash", Kind.VARINT),
    4: ("saved_object_graph_hash", Kind.VARINT),
    5: ("checkpoint_hash", Kind.VARINT),
    7: ("uuid", Kind.BYTES),
}
KERAS: Final[Schema] = {1: ("node", Kind.BYTES)}
KERAS_NODE: Final[Schema] = {3: ("path", Kind.BYTES), 4: ("identifier", Kind.BYTES), 5: ("metadata", Kind.BYTES)}
