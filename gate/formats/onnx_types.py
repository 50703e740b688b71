"""Names and field numbers of ONNX (onnx/onnx.proto of version 1.23, IR version 13).

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from typing import Final

from gate.formats.port import Dim, Port
from gate.formats.protobuf import Field, Kind, Message, Schema

DTYPES: Final = dict(
    enumerate(
        (
            *("undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"),
            *("float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8_e4m3fn"),
            *("float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "uint4", "int4", "float4_e2m1", "float8_e8m0"),
            *("uint2", "int2"),
        )
    )
)
BITS: Final = {
    "bool": 8,
    "bfloat16": 16,
    "complex64": 64,
    "complex128": 128,
    "float4_e2m1": 4,
    **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in (2, 4, 8, 16, 32, 64)},
    **{f"float{bits}": bits for bits in (16, 32, 64)},
    **dict.fromkeys((name for name in DTYPES.values() if name.startswith("float8")), 8),
}
"""Bits of one element; a string has none."""

MODEL: Final[Schema] = {
    1: ("ir_version", Kind.VARINT),
    2: ("producer_name", Kind.BYTES),
    3: ("producer_version", Kind.BYTES),
    4: ("domain", Kind.BYTES),
    5: ("model_version", Kind.VARINT),
    6: ("doc_string", Kind.BYTES),
    7: ("graph", Kind.BYTES),
    8: ("opset_import", Kind.BYTES),
    14: ("metadata_props", Kind.BYTES),
    20: ("training_info", Kind.BYTES),
    25: ("functions", Kind.BYTES),
}
ONCE: Final = frozenset({"ir_version", "producer_name", "producer_version", "domain", "model_version", "graph"})
"""Fields of a model that are not repeated: parsers take the last number and text, and merge the graphs."""
OPSET: Final[Schema] = {1: ("domain", Kind.BYTES), 2: ("version", Kind.VARINT)}
PAIR: Final[Schema] = {1: ("key", Kind.BYTES), 2: ("value", Kind.BYTES)}
GRAPH: Final[Schema] = {
    1: ("node", Kind.BYTES),
    2: ("name", Kind.BYTES),
    5: ("initializer", Kind.BYTES),
    11: ("input", Kind.BYTES),
    12: ("output", Kind.BYTES),
    15: ("sparse_initializer", Kind.BYTES),
}
NODE: Final[Schema] = {4: ("op_type", Kind.BYTES), 5: ("attribute", Kind.BYTES), 7: ("domain", Kind.BYTES)}
ATTRIBUTE: Final[Schema] = {
    1: ("name", Kind.BYTES),
    5: ("t", Kind.BYTES),
    6: ("g", Kind.BYTES),
    10: ("tensors", Kind.BYTES),
    11: ("graphs", Kind.BYTES),
    22: ("sparse_tensor", Kind.BYTES),
    23: ("sparse_tensors", Kind.BYTES),
}
FUNCTION: Final[Schema] = {
    1: ("name", Kind.BYTES),
    7: ("node", Kind.BYTES),
    9: ("opset_import", Kind.BYTES),
    10: ("domain", Kind.BYTES),
    11: ("attribute_proto", Kind.BYTES),
}
TENSOR: Final[Schema] = {
    1: ("dims", Kind.VARINTS),
    2: ("data_type", Kind.VARINT),
    8: ("name", Kind.BYTES),
    13: ("external_data", Kind.BYTES),
    14: ("data_location", Kind.VARINT),
}
SPARSE: Final[Schema] = {1: ("values", Kind.BYTES), 2: ("indices", Kind.BYTES)}
TRAINING: Final[Schema] = {1: ("initialization", Kind.BYTES), 2: ("algorithm", Kind.BYTES)}
VALUE_INFO: Final[Schema] = {1: ("name", Kind.BYTES), 2: ("type", Kind.BYTES)}
TYPE: Final[Schema] = {
    1: ("tensor", Kind.BYTES),
    4: ("sequence", Kind.BYTES),
    5: ("map", Kind.BYTES),
    7: ("opaque", Kind.BYTES),
    8: ("tensor", Kind.BYTES),  # sparse
    9: ("optional", Kind.BYTES),
}
_TENSOR_TYPE: Final[Schema] = {1: ("elem_type", Kind.VARINT), 2: ("shape", Kind.BYTES)}
_SHAPE: Final[Schema] = {1: ("dim", Kind.BYTES)}
_DIM: Final[Schema] = {1: ("value", Kind.VARINT), 2: ("param", Kind.BYTES)}
_ELEMENT: Final[Schema] = {1: ("elem_type", Kind.BYTES)}
_MAP: Final[Schema] = {1: ("key_type", Kind.VARINT), 2: ("value_type", Kind.BYTES)}


def dtype(number: int) -> str:
    """The name of an element type; its number where it has none here."""
    return DTYPES.get(number, str(number))


def port(field: Field) -> Port:
    """A ValueInfoProto."""
    name, kind, shape = "", "undefined", None
    for key, value in field.message().named(VALUE_INFO):
        if key == "name":
            name = value.text()
        else:
            kind, shape = _type(value.message())
    return Port(name, kind, shape, kind.startswith("optional<"))


def _type(message: Message) -> tuple[str, tuple[Dim, ...] | None]:
    """A TypeProto: containers in angle brackets, and a shape only of tensors."""
    kind, shape = "undefined", None
    for key, field in message.named(TYPE):
        if key == "tensor":
            kind, shape = _tensor(field.message())
        elif key == "opaque":
            kind, shape = "opaque", None
        elif key == "map":
            flat = field.message().flat(_MAP)
            of = [_type(inner.message())[0] for name, inner in flat.fields if name == "value_type"]
            kind, shape = f"map<{dtype(flat.integer('key_type'))},{of[-1] if of else 'undefined'}>", None
        else:
            of = [_type(inner.message())[0] for _, inner in field.message().named(_ELEMENT)]
            kind, shape = f"{key}<{of[-1] if of else 'undefined'}>", None
    return kind, shape


def _tensor(message: Message) -> tuple[str, tuple[Dim, ...] | None]:
    kind, shape = 0, None
    for key, field in message.named(_TENSOR_TYPE):
        if key == "elem_type":
            kind = field.value
        else:
            shape = tuple(_dim(dim.message()) for _, dim in field.message().named(_SHAPE))
    return dtype(kind), shape


def _dim(message: Message) -> Dim:
    found: Dim = None
    for key, field in message.named(_DIM):
        size = field.signed if field.signed >= 0 else None  # tools write -1 for any
        found = size if key == "value" else field.text() or None
    return found
