"""Bills of materials that are no JSON: CycloneDX as XML, SPDX 2 as tags and values. What they claim, unverified."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.claims import Claims
from gate.formats.model_statements import cyclonedx, spdx
from gate.formats.xml_events import parse_xml

BYTES = 16 * 2**20
"""Size of a document of tags; one of a system image with 20,000 files has 12 MB."""
NODES = 10_000
"""Elements of descriptions of models that are kept; a model card with all its fields has some 200."""
PACKAGES = 100_000
_MODEL = "machine-learning-model"
_LISTS = frozenset({"licenses", "performanceMetrics", "useCases"})
"""Elements whose children are the items of a list in the form as JSON."""
_TAG = re.compile(r"([A-Za-z]{1,40}):[ \t]*(<text>)?([^\n]*)")


# -- CycloneDX --------------------------------------------------------------------------------------------------------


def read_cyclonedx_xml(source: Source) -> Claims:
    """The one model that it describes, as the form in JSON. https://cyclonedx.org/docs/1.7/xml/

    Raises as parse_xml; other XML says nothing.
    """
    models = _Models()
    parse_xml(source, models, "CycloneDX")
    if not models.bom:
        return Claims()
    components: list[Json] = list(models.components)
    return Claims.of(cyclonedx({"metadata": {"component": models.about}, "components": components}))


class _Models:
    """Collects the components that are models, each as a tree of what stands in it."""

    def __init__(self) -> None:
        self.bom = False
        self.about: dict[str, Json] = {}
        self.components: list[dict[str, Json]] = []
        self._open: list[dict[str, Json]] = []
        self._depth = self._nodes = 0

    def start(self, path: tuple[str, ...], attributes: Mapping[str, str]) -> None:
        names = tuple(_local(name) for name in path[:3])
        if len(path) == 1:
            self.bom = names == ("bom",)
        elif self._open:
            self._nodes += 1
            if self._nodes > NODES:
                raise NotExamined(GapReason.TOO_MANY, f"CycloneDX: more than {NODES} elements about models")
            self._open.append({})
        elif len(path) == 3 and names[0] == "bom" and names[2] == "component" and attributes.get("type") == _MODEL:
            self._open, self._depth = [{"type": _MODEL}], len(path)
            if names[1] == "metadata":
                self.about = self._open[0]
            elif names[1] == "components":
                self.components.append(self._open[0])

    def end(self, path: tuple[str, ...], text: str) -> None:
        if not self._open:
            return
        node = self._open.pop()
        if self._open:
            value: Json = node if node else text.strip()
            _put(self._open[-1], _local(path[-1]), value, listed=_local(path[-2]) in _LISTS)


def _put(parent: dict[str, Json], name: str, value: Json, *, listed: bool) -> None:
    """A child under its name; where several may stand, an item of the list that JSON has there."""
    if listed:
        items = parent.setdefault("", [])
        if isinstance(items, list):
            items.append({name: value} if name in ("license", "expression") else value)
    elif isinstance(value, dict) and set(value) == {""}:
        parent[name] = value[""]
    else:
        parent.setdefault(name, value)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


# -- SPDX -------------------------------------------------------------------------------------------------------------


def read_spdx_tags(source: Source) -> Claims:
    """The package that the document describes. https://spdx.github.io/spdx-spec/v2.3/conformance/

    Raises FormatError for what is not UTF-8, NotExamined for what is too large.
    """
    try:
        text = whole(source, BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    packages: list[Json] = []
    described: list[Json] = []
    package: dict[str, Json] = {}
    for tag, value in _tags(text):
        if tag == "PackageName":
            package = {"name": value}
            packages.append(package)
            if len(packages) > PACKAGES:
                raise NotExamined(GapReason.TOO_MANY, f"SPDX: more than {PACKAGES} packages")
        elif tag == "FileName":
            package = {}
        elif tag in _PACKAGE:
            package.setdefault(_PACKAGE[tag], value)
        elif tag == "Relationship" and (match := _DESCRIBES.fullmatch(value)):
            described.append(match["what"])
    return Claims.of(spdx({"documentDescribes": described, "packages": packages}))


_PACKAGE = {"PackageLicenseDeclared": "licenseDeclared", "PackageVersion": "versionInfo", "SPDXID": "SPDXID"}
_DESCRIBES = re.compile(r"SPDXRef-DOCUMENT\s+DESCRIBES\s+(?P<what>\S+)")


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """Tags and values; those of several lines stand between <text> and </text>."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        match = _TAG.match(text, at)
        if match is None:
            at = end + 1
            continue
        value = match[3]
        if match[2]:
            close = text.find("</text>", match.end(2))
            close = len(text) if close < 0 else close
            value, end = text[match.end(2) : close], text.find("\n", close)
            end = len(text) if end < 0 else end
        yield match[1], value.strip()
        at = end + 1
