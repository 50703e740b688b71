"""The graph of an OpenVINO model: layers, operator sets, what goes in and out, and what tools noted.

https://docs.openvino.ai/2026/documentation/openvino-ir-format.html (version 10 and 11)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.port import Dim, Port
from gate.formats.xml_events import parse_xml

ITEMS = 20_000
"""Of each kind of thing."""
TEXT = 4096
_LAYER = ("net", "layers", "layer")
_NUMBER = re.compile(r"[0-9]{1,18}")
_DTYPES = {
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "bf16": "bfloat16",
    "boolean": "bool",
    **{
        f"{short}{bits}": f"{name}{bits}"
        for short, name in (("i", "int"), ("u", "uint"))
        for bits in (4, 8, 16, 32, 64)
    },
    **{name.upper(): word for name, word in (("fp16", "float16"), ("fp32", "float32"), ("fp64", "float64"))},
    **{f"I{bits}": f"int{bits}" for bits in (4, 8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (4, 8, 16, 32, 64)},
    "BF16": "bfloat16",
    "BOOL": "bool",
}


@dataclass(frozen=True, slots=True)
class LayerType:
    """A type of layer in an operator set (its `version` attribute), and how many layers have it, in all bodies."""

    opset: str
    type: str
    layers: int


@dataclass(frozen=True, slots=True)
class OpenVino:
    """A model. `info`: path below rt_info and value. `weights` is the end of the last constant in the .bin file.

    `dtypes`: type, elements and bytes of the constants.
    """

    name: str
    version: int
    layers: tuple[LayerType, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    info: tuple[tuple[str, str], ...]
    dtypes: tuple[tuple[str, int, int], ...]
    weights: int


def read_openvino(source: Source) -> OpenVino:
    """An .xml file, read forward; raises as parse_xml, and FormatError for other XML."""
    graph = _Graph()
    parse_xml(source, graph, "OpenVINO")
    if not graph.version:
        raise FormatError("OpenVINO: no net with a version")
    return OpenVino(
        graph.name,
        graph.version,
        tuple(LayerType(*key, count) for key, count in sorted(graph.types.items())),
        tuple(graph.inputs),
        tuple(graph.outputs),
        tuple(graph.info),
        tuple((kind, n, graph.sizes[kind]) for kind, n in sorted(graph.elements.items())),
        graph.weights,
    )


class _Graph:
    def __init__(self) -> None:
        self.name, self.version, self.weights = "", 0, 0
        self.types: Counter[tuple[str, str]] = Counter()
        self.elements: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.info: list[tuple[str, str]] = []
        self._type = self._layer = ""
        self._dtype = "dynamic"
        self._shape: list[Dim] = []

    def start(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None:
        if path == ("net",):
            self.name, self.version = attributes.get("name", "")[:TEXT], _integer(attributes.get("version"))
        elif not self.version:
            raise FormatError("OpenVINO: no net with a version")
        elif path[-2:] == ("layers", "layer"):
            self._start_layer(path, attributes)
        elif path[-3:] == ("layers", "layer", "data"):
            self._data(path, attributes)
        elif path[:2] == ("net", "rt_info") and "value" in attributes:
            place = path[2:] if len(path) > 2 else ("",)
            named = attributes.get("name") if path[-1] == "info" else None  # the form of the runtime's own notes
            self._keep(self.info, ("/".join((*place, *([named] if named else [])))[:TEXT], attributes["value"][:TEXT]))
        elif path[:3] == _LAYER and path[-1] == "port" and self._type in ("Parameter", "Result"):
            self._dtype, self._shape = attributes.get("precision", ""), []

    def end(self, path: tuple[str, ...], text: str) -> None:
        if path[:3] == _LAYER and path[-2:] == ("port", "dim"):
            size = _integer(text.strip(), -1)
            self._shape.append(size if size >= 0 else None)
        elif path == _LAYER:
            if self._type in ("Parameter", "Result"):
                ports = self.inputs if self._type == "Parameter" else self.outputs
                dtype = _DTYPES.get(self._dtype, self._dtype)
                self._keep(ports, Port(self._layer, dtype, tuple(self._shape)))
            self._type = ""

    def _start_layer(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None:
        kind, opset = attributes.get("type", "")[:TEXT], attributes.get("version", "")[:TEXT]
        self.types[opset, kind] += 1
        if len(self.types) > ITEMS:
            raise _many()
        if path == _LAYER:
            self._type, self._layer = kind, attributes.get("name", "")[:TEXT]
            self._dtype, self._shape = "dynamic", []

    def _data(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None:
        """What a layer is made with: of a constant, the place of its value."""
        if "offset" not in attributes or "size" not in attributes:
            return
        offset, size = _integer(attributes["offset"]), _integer(attributes["size"])
        kind = attributes.get("element_type", "")
        name = _DTYPES.get(kind, kind[:TEXT])
        count = 1
        for part in attributes.get("shape", "").split(",")[:64]:
            count *= _integer(part.strip(), 1)
        if len(self.elements) > ITEMS:
            raise _many()
        self.elements[name] += count if count < 2**63 else 0
        self.sizes[name] += size
        self.weights = max(self.weights, offset + size)

    def _keep(self, items: list[Port] | list[tuple[str, str]], item: Port | tuple[str, str]) -> None:
        if len(items) >= ITEMS:
            raise _many()
        items.append(item)  # type: ignore[arg-type]  # each list gets its own kind, above


def _integer(text: str | None, default: int = 0) -> int:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else default


def _many() -> NotExamined:
    return NotExamined(GapReason.TOO_MANY, f"OpenVINO: more than {ITEMS} things of one kind")
