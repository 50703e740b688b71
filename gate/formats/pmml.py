"""PMML: a model of statistics or mining as XML. https://dmg.org/pmml/v4-4-1/GeneralStructure.html"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.port import Port
from gate.formats.xml_events import parse_xml

FIELDS = 100_000
"""Fields of one document; text models have some ten thousand words."""
TEXT = 400
_TYPES = {
    "boolean": "bool",
    "date": "datetime",
    "double": "float64",
    "float": "float32",
    "integer": "int64",
    "string": "str",
}
_PREDICTED = frozenset({"predicted", "target"})
_USED = frozenset({"active", ""})


@dataclass(frozen=True, slots=True)
class Pmml:
    """A document; "" is what it does not say. `kind` is the first model's element, `function` what that is for.

    `inputs` and `outputs` are the fields of the first model's schema: an ensemble repeats it for each of its members.
    """

    version: str
    kind: str
    function: str
    name: str
    model_version: str
    application: str
    application_version: str
    created: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def read_pmml(source: Source) -> Pmml:
    """A whole document; raises as parse_xml, and FormatError for other XML."""
    reader = _Reader()
    parse_xml(source, reader, "PMML")
    if not reader.version:
        raise FormatError("PMML: no version")
    return Pmml(
        reader.version,
        reader.kind,
        reader.function,
        reader.name,
        reader.model_version,
        reader.application,
        reader.application_version,
        reader.created,
        tuple(reader.port(name) for name in reader.inputs),
        tuple(reader.port(name) for name in reader.outputs),
    )


class _Reader:
    def __init__(self) -> None:
        self.version = self.kind = self.function = self.name = ""
        self.model_version = self.application = self.application_version = self.created = ""
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self._types: dict[str, str] = {}

    def start(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None:
        names = tuple(name.rpartition(":")[2] for name in path[:5])
        if len(path) == 1:
            if names != ("PMML",):
                raise FormatError("PMML: another document")
            self.version = _text(attributes, "version")
        elif names == ("PMML", "Header"):
            self.model_version = _text(attributes, "modelVersion")
        elif names == ("PMML", "Header", "Application"):
            self.application, self.application_version = _text(attributes, "name"), _text(attributes, "version")
        elif names == ("PMML", "DataDictionary", "DataField"):
            if len(self._types) >= FIELDS:
                raise _many()
            self._types[_text(attributes, "name")] = _text(attributes, "dataType")
        elif len(names) == 2 and "functionName" in attributes and not self.kind:
            self.kind, self.function = names[1][:TEXT], _text(attributes, "functionName")
            self.name = _text(attributes, "modelName")
        elif names[1:2] == (self.kind,) and names[2:] == ("MiningSchema", "MiningField"):
            self._field(_text(attributes, "name"), attributes.get("usageType", ""))

    def end(self, path: tuple[str, ...], text: str) -> None:
        if len(path) == 3 and path[-1].rpartition(":")[2] == "Timestamp":
            self.created = text.strip()[:TEXT]

    def _field(self, name: str, usage: str) -> None:
        fields = self.inputs if usage in _USED else self.outputs if usage in _PREDICTED else None
        if fields is not None:
            if len(fields) >= FIELDS:
                raise _many()
            fields.append(name)

    def port(self, name: str) -> Port:
        """A field with the type that the dictionary gives it."""
        kind = self._types.get(name, "")
        return Port(name, _TYPES.get(kind, kind or "?"), ())


def _text(attributes: Mapping[str, str], name: str) -> str:
    return attributes.get(name, "")[:TEXT]


def _many() -> NotExamined:
    return NotExamined(GapReason.TOO_MANY, f"PMML: more than {FIELDS} fields")
