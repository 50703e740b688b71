"""JSON and YAML that a loader acts upon: templates, classes to import, code to fetch.

`_target_`: https://hydra.cc/docs/advanced/instantiate_objects/overview/ (CVE-2025-23304 is one loader that calls it).
`auto_map`: https://huggingface.co/docs/transformers/custom_models. YAML tags of Python: https://pyyaml.org/wiki/PyYAMLDocumentation.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator

import yaml

from gate.adapters import jinja
from gate.archive.source import Source, whole
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import BYTES, YAML_BYTES, parse_json
from gate.formats.concern import Concern
from gate.formats.keras_config import keras_config
from gate.loading.keras import config_concerns
from gate.loading.names import LONGEST, imported

_KEYS = re.compile(
    rb"chat_template|_target_|auto_map|class_name|__loader__|\\u00(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])",
    re.IGNORECASE,
)
"""A document without any of these bytes cannot have one of the keys; letters that are escaped for no reason count."""
_TAGS = re.compile(rb"!!?python|2002:python|%TAG|!<|_target_|loader_module", re.IGNORECASE)
_IMPORTED = ("_target_", "loader_module")
"""Keys whose value is imported; `loader_module` is that of MLflow (https://mlflow.org/docs/latest/model/)."""
_PYTHON = "tag:yaml.org,2002:python/"
_CALLS = ("object/apply:", "object/new:", "object:")
_REFERS = ("name:", "module:")
_PLAIN = frozenset({"NoneType", "Ellipsis", "bytes", "int", "float", "complex", "slice", "str", "type"})
"""Types of values that skops spells like classes."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def template(source: Source) -> tuple[Concern, ...]:
    """A whole file that is one Jinja template."""
    text = whole(source, 4 * jinja.SIZE).decode("utf-8-sig", "replace")
    return jinja.judge(text)


def json_concerns(source: Source) -> tuple[Concern, ...]:
    """What a loader would do with a JSON configuration; nothing where it has none of the keys that make it act."""
    data = _in_utf8(whole(source, BYTES), json.detect_encoding)
    if not _KEYS.search(data):
        return ()
    value = parse_json(data).value
    if isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value:
        return tuple(config_concerns(keras_config(data)))
    return tuple(_of(value))


def _in_utf8(data: bytes, encoding: Callable[[bytes], str]) -> bytes:
    """The same text in UTF-8: loaders of bytes also take UTF-16 and UTF-32, in which no key would be found."""
    codec = encoding(data)
    if codec.startswith("utf-8"):
        return data
    try:
        return data.decode(codec).encode()
    except UnicodeError:
        raise FormatError(f"not {codec.upper()}, which it begins as") from None


def _yaml_encoding(data: bytes) -> str:
    """YAML loaders go by the byte order mark of UTF-16 alone (PyYAML, reader.py)."""
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"


def _of(document: Json) -> Iterator[Concern]:
    todo: list[Json] = [document]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo.extend(value)
        elif isinstance(value, dict):
            if "__loader__" in value:
                yield from _node(value)
            for key, item in value.items():
                yield from _pair(key, item)
                todo.append(item)


def _node(node: dict[str, Json]) -> Iterator[Concern]:
    """A node of skops: https://skops.readthedocs.io/en/stable/persistence.html"""
    module, name = node.get("__module__"), node.get("__class__")
    if not isinstance(module, str) or not isinstance(name, str):
        return
    if module != "builtins" or name not in _PLAIN:
        yield from imported(f"{module}.{name}", "a node of the schema")


def _pair(key: str, value: Json) -> Iterator[Concern]:
    if key == "chat_template" or key.startswith("chat_template_"):
        for text in _texts(value):
            for concern in jinja.judge(text):
                yield concern._replace(how=f"line {concern.line} of {key[:80]}: {concern.how}", line=-1)
    elif key == "_target_" and isinstance(value, str):
        yield from imported(value, "_target_")
    elif key == "auto_map" and isinstance(value, dict):
        for text in _texts(value):
            if "." in text:
                how = f"auto_map names {text[:LONGEST]!r}: code that comes with the model, or from another repository"
                yield Concern("remote-code", text[:LONGEST], how)


def _texts(value: Json) -> Iterator[str]:
    """Every text in a value; of a named template only the template."""
    todo: list[Json] = [value]
    while todo:
        here = todo.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, list):
            todo.extend(here)
        elif isinstance(here, dict):
            todo.extend([here["template"]] if "template" in here else here.values())


def yaml_concerns(source: Source) -> tuple[Concern, ...]:
    """What a loader of all of YAML would do with a document; FormatError for what is no YAML."""
    data = _in_utf8(whole(source, YAML_BYTES), _yaml_encoding)
    if not _TAGS.search(data):
        return ()
    try:
        return tuple(_events(yaml.parse(data.decode("utf-8-sig", "replace"), Loader=_Loader)))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise FormatError(f"YAML: {' '.join(str(error).split())[:LONGEST]}") from None


def _events(events: Iterator[yaml.Event]) -> Iterator[Concern]:
    key = ""
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else -1
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and (event.tag or "").startswith(_PYTHON):
            yield from _tagged(str(event.tag)[len(_PYTHON) :], line)
        if isinstance(event, yaml.ScalarEvent) and key:
            yield from imported(event.value, key, line)
        key = event.value if isinstance(event, yaml.ScalarEvent) and not key and event.value in _IMPORTED else ""


def _tagged(tag: str, line: int) -> Iterator[Concern]:
    """Tags that import: those of plain types (python/tuple, python/str) construct only these."""
    for prefix in (*_CALLS, *_REFERS):
        if tag.startswith(prefix):
            yield from imported(tag.removeprefix(prefix), f"tag python/{prefix.rstrip(':')}", line)
            return
