"""What a bento is built from. https://docs.bentoml.com/en/latest/reference/bentoml/bento-build-options.html"""

from __future__ import annotations

from gate.archive.source import Source, whole
from gate.core.report import Json
from gate.formats.bounded import YAML_BYTES, parse_yaml
from gate.formats.dockerfile import Base, Build
from gate.formats.requirement import Include, Item
from gate.formats.requirements import parse_line
from gate.formats.toml_document import Places


def read_bentofile(source: Source) -> Build:
    """The base image, the packages and the list of a bentofile.yaml or bento.yaml; FormatError or NotExamined."""
    raw = whole(source, YAML_BYTES)
    document = parse_yaml(raw).value
    places = Places(raw)
    python, docker = _table(document, "python"), _table(document, "docker")
    items: list[Item] = []
    listed = python.get("packages")
    for text in listed if isinstance(listed, list) else ():
        if isinstance(text, str):
            items += parse_line(text, places.of(text))
    name = python.get("requirements_txt")
    if isinstance(name, str) and name:
        items.append(Include(places.of(name), name.removeprefix("./"), constraint=False))
    image = docker.get("base_image")
    bases = (Base(places.of(image), image),) if isinstance(image, str) and image else ()
    return Build(bases, tuple(items))


def _table(document: Json, key: str) -> dict[str, Json]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}
