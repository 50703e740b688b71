"""Pure renderings of a decision: render(report, request, decision, rules) -> str; core and facts only, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast

from gate.core.decision import Decision, Request
from gate.core.errors import UsageError
from gate.core.finding import Rule
from gate.core.report import Report


class Render(Protocol):
    """One rendering; equal arguments give equal text, which ends with a newline."""

    def __call__(self, report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str: ...


RENDERERS: Mapping[str, str] = {
    "text": "gate.output.text",
    "github": "gate.output.github",
    "json": "gate.output.json",
    "markdown": "gate.output.markdown",
    "openvex": "gate.output.openvex",
    "sarif": "gate.output.sarif",
}
"""Name of a format to the module that has its `render`; a module is imported when it is first asked for."""


STREAMS: Mapping[str, str] = {
    "inventory": "gate.output.inventory",
}
"""Formats that may have a million lines: modules with a `pieces` that gives one text after the other."""
FORMATS = tuple(sorted((*RENDERERS, *STREAMS)))


def streamer(name: str) -> Callable[[Report], Iterator[str]]:
    """The pieces of one of STREAMS."""
    return cast(Callable[[Report], Iterator[str]], import_module(STREAMS[name]).pieces)


def renderer(name: str) -> Render:
    """The rendering of one format; UsageError for a name that is not in RENDERERS."""
    if name not in RENDERERS:
        raise UsageError(f"{name}: no such format; there are {', '.join(sorted(RENDERERS))}")
    return cast(Render, import_module(RENDERERS[name]).render)
