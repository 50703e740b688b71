"""Graphs of TensorFlow and TensorFlow Lite: operators that reach files, the network or Python.

https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md: models are programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.bounded import parse_json
from gate.formats.concern import Concern
from gate.formats.keras_config import keras_config
from gate.formats.saved_model import KerasNode, SavedModel
from gate.formats.tflite import Tflite
from gate.loading.keras import config_concerns
from gate.loading.names import LONGEST, table
from gate.loading.paths import leads_outside

_FLEX = "Flex"
"""Before the name of an operator of TensorFlow that TensorFlow Lite calls through its delegate."""


@cache
def _names(framework: str, kind: str) -> frozenset[str]:
    return frozenset(table("operators")[framework][kind].split())


def graph_concerns(model: SavedModel) -> Iterator[Concern]:
    """What running any graph or function of the file would do besides arithmetic."""
    for graph in model.graphs:
        own = set(graph.functions)
        yield from _operators({*(name for name, _ in graph.operators), *graph.listed} - own)
        for name in graph.assets:
            if leads_outside(name):
                yield Concern("outside-file", name[:LONGEST], f"an asset is read from {name[:LONGEST]!r}")
        for name in graph.repeated:
            yield Concern("malformed-header", name, f"{name} stands more than once, and readers merge or replace it")
        yield from keras_concerns(graph.keras)


def _operators(names: Iterable[str]) -> Iterator[Concern]:
    for name in sorted(names):
        shown = name[:LONGEST]
        if name in _names("tensorflow", "dangerous"):
            yield Concern("dangerous-operator", shown, f"operator {shown} reaches files, the network or Python")
        elif ">" in name:  # a name space, which operators of TensorFlow itself do not have
            yield Concern("custom-operator", shown, f"operator {shown} is none of TensorFlow's own")


def keras_concerns(nodes: Iterable[KerasNode]) -> Iterator[Concern]:
    """What Keras 2 would build from what it wrote beside a graph."""
    for node in nodes:
        if not node.whole:
            raise NotExamined(GapReason.TOO_LARGE, f"Keras metadata of {node.path[:LONGEST] or 'a node'}")
        value = parse_json(node.metadata.encode()).value if node.metadata else None
        if isinstance(value, dict) and "config" in value:  # one without is restored from the graph
            yield from config_concerns(keras_config(node.metadata.encode()))


def lite_concerns(model: Tflite) -> Iterator[Concern]:
    """What an interpreter needs besides its own operators."""
    for operator in model.operators:
        name = operator.custom
        if name.startswith(_FLEX):
            yield from _operators([name.removeprefix(_FLEX)])
        elif name and name not in _names("tflite", "known"):
            yield Concern("custom-operator", name[:LONGEST], f"operator {name[:LONGEST]} is in no interpreter")
