"""Core ML and OpenVINO models: native code that they need, and files that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.formats.concern import Concern
from gate.formats.coreml import CoreMl
from gate.formats.openvino import OpenVino
from gate.loading.names import LONGEST
from gate.loading.paths import leads_outside

_PACKAGE = "@model_path/"
"""How a Core ML model spells the folder that it lies in."""
_OPSET = re.compile(r"opset[0-9]{1,2}|experimental|")
"""Operator sets that OpenVINO brings (docs.openvino.ai, Available Operation Sets)."""


def coreml_concerns(model: CoreMl) -> Iterator[Concern]:
    """What an application must have, and what is read from elsewhere."""
    for name in model.custom:
        yield Concern("custom-operator", name[:LONGEST], f"{name[:LONGEST]} is a class of the application")
    for name in model.files:
        if leads_outside(name.removeprefix(_PACKAGE)):
            yield Concern("outside-file", name[:LONGEST], f"weights are read from {name[:LONGEST]!r}")
    for name in model.repeated:
        yield Concern("malformed-header", name, f"{name} stands more than once, and readers merge or replace it")


def openvino_concerns(model: OpenVino) -> Iterator[Concern]:
    """Layers of extensions, which are libraries."""
    for row in model.layers:
        if not _OPSET.fullmatch(row.opset):
            name = f"{row.opset}::{row.type}"[:LONGEST]
            yield Concern("custom-operator", name, f"layer {name} needs an extension")
