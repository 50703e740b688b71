"""An XGBoost model in any of its three forms: what was trained, by which version, for which features.

https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html ; doc/model.schema of version 3.2
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gate.archive.source import Source, whole
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import parse_json
from gate.formats.pages import Pages
from gate.formats.ubjson import Ubjson

BINARY: Final = b"binf"
"""Of the form that versions before 3.1 wrote unless told otherwise."""
_PARAMETERS = 136
"""sizeof(LearnerModelParamLegacy) in src/learner.cc of version 2."""
JSON = 128 * 2**20
"""Size of the form in text; 2,000 trees of depth 8 have 90 MB."""
_TOKEN = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)|[\[\]]', re.DOTALL)
"""A string, or a bracket of an array."""
_NAME = 1024
_TREES = "trees"


@dataclass(frozen=True, slots=True)
class XgBoost:
    """A model; `version` is empty where it says none. Numbers are texts, as the model has them.

    `attributes` were set by users, `parameters` are those of the learner. `repeated` are keys that stand twice.
    """

    form: str
    version: tuple[int, ...]
    booster: str
    objective: str
    trees: str
    attributes: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    feature_names: tuple[str, ...]
    feature_types: tuple[str, ...]
    repeated: tuple[str, ...]


def read_xgboost(source: Source) -> XgBoost:
    """A model; FormatError for what is none, NotExamined for JSON that is too large and beyond other bounds."""
    head = source.read_at(0, 16)
    if head.startswith(BINARY):
        return _binary(Pages(source, "XGBoost"))
    if head[:1] == b"{" and head[1:2] in (b"L", b"i", b"U", b"l", b"I"):
        document = Ubjson(source, "XGBoost", lambda key: key == _TREES)
        return _model("ubj", document.read(), tuple(document.repeated))
    parsed = parse_json(_without_trees(whole(source, JSON)))
    return _model("json", parsed.value, parsed.repeated)


def _model(form: str, value: Json, again: tuple[str, ...]) -> XgBoost:
    learner = _part(value, "learner")
    if not learner:
        raise FormatError("XGBoost: no learner")
    booster = _part(learner, "gradient_booster")
    model = _part(booster, "model") or _part(_part(booster, "gbtree"), "model")  # dart holds a booster of trees
    version = value.get("version") if isinstance(value, dict) else None
    numbers = version if isinstance(version, list) else []
    return XgBoost(
        form,
        tuple(number for number in numbers[:3] if type(number) is int),
        _text(booster.get("name")),
        _text(_part(learner, "objective").get("name")),
        _text(_part(model, "gbtree_model_param").get("num_trees")),
        _pairs(_part(learner, "attributes")),
        _pairs(_part(learner, "learner_model_param")),
        _texts(learner.get("feature_names")),
        _texts(learner.get("feature_types")),
        again,
    )


def _without_trees(data: bytes) -> bytes:
    """The same document with every array `trees` empty: they are nearly all of it, and nobody asks for them."""
    kept: list[bytes] = []
    at = depth = end = 0
    last = b""
    for token in _TOKEN.finditer(data):
        text = token[0]
        if depth:
            depth += (text == b"[") - (text == b"]")
            at = token.start()
        elif text == b"[" and last == b'"trees"' and data[end : token.start()].strip() == b":":
            kept.append(data[at : token.end()])
            depth = 1
        last, end = text, token.end()
    if depth:
        raise FormatError("XGBoost: trees without end")
    return b"".join((*kept, data[at:]))


def _part(value: Json, key: str) -> dict[str, Json]:
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _text(value: Json) -> str:
    """A text or a number, cut; "" for everything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:_NAME]


def _pairs(value: dict[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key[:_NAME], _text(item)) for key, item in value.items()))


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(_text(item) for item in value) if isinstance(value, list) else ()


def _binary(pages: Pages) -> XgBoost:
    """The form without names: parameters of fixed size, then the names of objective and booster."""
    start = len(BINARY)
    names = ("num_feature", "num_class", "", "", "major", "minor")
    numbers = {name: pages.number(start + 4 + 4 * i, 4) for i, name in enumerate(names)}
    at, texts = start + _PARAMETERS, []
    for _ in range(2):
        length = pages.number(at, 8)
        if length > _NAME:
            raise FormatError(f"XGBoost: a name of {length} bytes")
        texts.append(pages.take(at + 8, length).decode("utf-8", "replace"))
        at += 8 + length
    version = (numbers["major"], numbers["minor"]) if numbers["major"] else ()
    parameters = tuple((name, str(numbers[name])) for name in ("num_class", "num_feature"))
    return XgBoost("binary", version, texts[1], texts[0], "", (), parameters, (), (), ())
