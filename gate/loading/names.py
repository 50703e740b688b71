"""Names of Python objects that a configuration tells its loader to import and call."""

from __future__ import annotations

import builtins
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
def tables() -> Tables:
    """What pickles may import, and what is dangerous wherever it is named."""
    return Tables(table("allow"), table("sinks"))


@cache
def _published() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for advisory, names in table("advisories").items():
        for name in names.split():
            found.setdefault(name, []).append(advisory)
    return found


def advisories(name: str, use: Use | None = None) -> tuple[str, ...]:
    """The advisories that published the abuse of a global, or of this use of it: CVE ids first, then GHSA ids."""
    return tuple(_published().get(name, ()) if use is None else _published().get(f"{name}/{use}", ()))


def advisory_url(advisory: str) -> str:
    """Where an advisory is to be read: the National Vulnerability Database, or GitHub's."""
    base = "https://nvd.nist.gov/vuln/detail/" if advisory.startswith("CVE-") else "https://github.com/advisories/"
    return base + advisory


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
    elif name.partition(".")[0] not in _packages() | tables().stdlib:  # of the latter only plain values are no sink
        yield Concern("unknown-class", shown, f"{where} names {shown}, which nobody knows here", line=line)


def _is_sink(name: str) -> bool:
    """Whether the name, or any part of the way to it, is one that no model needs."""
    known = tables()
    parts = name.split(".")
    for i in range(1, len(parts) + 1):
        module, attribute = ".".join(parts[:i]), ".".join(parts[i:])
        if module in known.sink_modules or attribute in known.sink_names.get(module, ()):
            return True
        if 1 < i < len(parts) and parts[i - 1] in known.stdlib & known.sink_modules:
            return True  # a module that another one imported
    module = ".".join(parts[:-1])
    if not module and parts[0] not in known.stdlib:
        module = "builtins" if hasattr(builtins, parts[0]) else ""
    return module.partition(".")[0] in known.stdlib and parts[-1] not in known.allowed[Use.CALL].get(module, ())
