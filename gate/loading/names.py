"""Names of Python objects that a configuration tells its loader to import and call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from gate.formats.concern import Concern
from gate.formats.pickle import Use
from gate.formats.pickle_verdict import Tables
from gate.resources import data

LONGEST = 200
"""Characters of a name that are shown."""
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table(name: str) -> Any:
    """One of the tables in rules/data/serialization."""
    return yaml.load(data(f"serialization/{name}.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader


@cache
def _tables() -> Tables:
    return Tables(table("allow"), table("sinks"))


@cache
def _packages() -> frozenset[str]:
    return frozenset(table("operators")["packages"].split())


def imported(name: str, where: str, line: int = -1) -> Iterator[Concern]:
    """What is to be thought of a dotted name that a loader imports and calls; nothing of one of a known package.

    The tables of pickles say what is dangerous: a function is, whoever asks for it.
    """
    shown = name[:LONGEST]
    if not _DOTTED.fullmatch(name):
        yield Concern("unknown-class", shown, f"{where} names {shown!r}, which is no name of Python", line=line)
    elif _is_sink(name):
        yield Concern("dangerous-class", shown, f"{where} names {shown}, which can run code or reach files", line=line)
    elif name.partition(".")[0] not in _packages() | _tables().stdlib:  # of the latter only plain values are no sink
        yield Concern("unknown-class", shown, f"{where} names {shown}, which nobody knows here", line=line)


def _is_sink(name: str) -> bool:
    """Whether the name, or any part of the way to it, is one that no model needs."""
    tables = _tables()
    parts = name.split(".")
    top = parts[0]
    if len(parts) == 1:
        return name not in tables.allowed[Use.CALL].get("builtins", ())
    for i in range(1, len(parts)):
        module, attribute = ".".join(parts[:i]), ".".join(parts[i:])
        if module in tables.sink_modules or attribute in tables.sink_names.get(module, ()):
            return True
        if i > 1 and parts[i - 1] in tables.stdlib & tables.sink_modules:
            return True  # a module that another one imported
    allowed = tables.allowed[Use.CALL].get(".".join(parts[:-1]), frozenset())
    return top in tables.stdlib and parts[-1] not in allowed
