"""A Keras configuration, alone or in an HDF5 file: code that it carries, classes and functions that loading looks up.

CVE-2024-3660 (bytecode in Lambda layers), CVE-2025-1550 (any module), CVE-2025-8747 (get_file), CVE-2025-9906
(enable_unsafe_deserialization), CVE-2025-12058 (files of a vocabulary), CVE-2025-49655 (a pickle in a layer).
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.concern import Concern
from gate.formats.hdf5 import Hdf5
from gate.formats.keras_config import KerasConfig, KerasFunction, KerasObject
from gate.formats.keras_h5 import keras_h5
from gate.loading.names import LONGEST, imported, table
from gate.loading.paths import leads_outside

_PLUGIN = 256
"""H5Z_FILTER_RESERVED: filters from here on are shared libraries that are looked for in folders."""


class _Known(NamedTuple):
    modules: re.Pattern[str]
    functions: re.Pattern[str]
    values: frozenset[str]
    loading: frozenset[str]


@cache
def _known() -> _Known:
    rows = table("operators")["keras"]
    values, loading = (frozenset(rows[key].split()) for key in ("values", "loading"))
    return _Known(re.compile(rows["modules"]), re.compile(rows["functions"]), values, loading)


def config_concerns(config: KerasConfig) -> Iterator[Concern]:
    """What Keras would import, call, open or unmarshal while it builds the model."""
    for function in config.functions:
        yield from _function(function)
    for item in config.objects:
        yield from _object(item)
    for where, path in config.files:
        if leads_outside(path):
            shown = path[:LONGEST]
            yield Concern("outside-file", shown, f"{where[:LONGEST]} opens {shown!r}")


def _function(function: KerasFunction) -> Iterator[Concern]:
    where, name = function.where[:LONGEST], f"{function.module}.{function.name}"[:LONGEST]
    if function.form == "code":
        yield Concern("lambda-layer", "bytecode", f"{where} carries Python bytecode that the loader runs")
    elif function.form == "named" and _is_keras(function):
        return
    elif function.form == "named" and function.module:
        if _known().modules.match(function.module):
            yield Concern("dangerous-class", name, f"{where} calls {name}, which is no part of a layer")
        else:
            yield from _foreign(name, where)
    elif function.form == "named" and not function.module:
        yield Concern("unknown-class", name, f"{where} calls {name}, which the loader has to bring")


def _is_keras(function: KerasFunction) -> bool:
    """Whether this can only be a function of Keras, which writes some of its own as of `builtins`."""
    if function.module == "builtins":
        return function.name.isidentifier() and not hasattr(builtins, function.name)
    return _known().functions.fullmatch(function.module) is not None and function.name.isidentifier()


def _foreign(name: str, where: str) -> Iterator[Concern]:
    """Something outside of Keras, which imports its module: known packages are no exception."""
    concerns = tuple(imported(name, where))
    yield from concerns or (Concern("unknown-class", name, f"{where} names {name}, which is no part of Keras"),)


def _object(item: KerasObject) -> Iterator[Concern]:
    known, where = _known(), item.where[:LONGEST] or "the model"
    name = f"{item.module}.{item.class_name}".strip(".")[:LONGEST]
    kind = item.class_name.rpartition(">")[2]
    if not item.typed:
        yield Concern("dangerous-class", name, f"{where} names a class by what is no text")
    elif kind in known.values:
        return  # functions and bytecode are listed on their own
    elif kind in known.loading:
        yield Concern("dangerous-class", name, f"{where} is a {kind}, which loads code of its own")
    elif item.module and not known.modules.match(item.module):
        yield from _foreign(name, where)
    elif item.module and not kind[:1].isupper():
        yield Concern("dangerous-class", name, f"{where} names {name}, which is no class")
    elif ">" in item.registered_name or ">" in item.class_name:
        custom = (item.registered_name or item.class_name)[:LONGEST]
        yield Concern("unknown-class", custom, f"{where} needs the class {custom}, which the loader has to bring")


def file_concerns(file: Hdf5) -> Iterator[Concern]:
    """An HDF5 file: links and data that lie elsewhere (CVE-2026-1669), and the model that Keras keeps in an attribute.

    NotExamined, in the end, where something was not understood.
    """
    for link in file.links:
        if link.kind != "soft":
            shown = (link.file or link.target)[:LONGEST]
            yield Concern("outside-file", shown, f"{link.path[:LONGEST]} lies in another file, {shown!r}")
    for item in file.datasets:
        for name in item.external:
            if name != ".":  # a virtual layout over the file itself
                yield Concern("outside-file", name[:LONGEST], f"{item.path[:LONGEST]} is read from {name[:LONGEST]!r}")
        for number in item.filters:
            if number >= _PLUGIN:
                yield Concern("custom-operator", str(number), f"filter {number} is a library that the reader looks for")
    model = keras_h5(file)
    if model is not None and model.config is not None:
        yield from config_concerns(model.config)
    if model is not None and model.conflicts:
        how = f"the attribute {model.conflicts[0][:LONGEST]} stands twice with different values"
        yield Concern("malformed-header", "conflict", how)
    for attribute in file.attributes:
        if attribute.name == "PSEUDOATOM" and "object" in attribute.values:
            what = "its rows are pickles of PyTables, which are not walked"
            raise NotExamined(GapReason.UNSUPPORTED, f"HDF5: {attribute.path[:LONGEST]}: {what}")
    for path, what in file.unread:
        raise NotExamined(GapReason.UNSUPPORTED, f"HDF5: {path[:LONGEST] or '/'}: {what}")
