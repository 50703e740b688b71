"""Source of TorchScript: an interpreter of its own runs it, which knows operators and nothing else of Python.

https://pytorch.org/docs/stable/jit_language_reference_v2.html; operators: aten/src/ATen/native/native_functions.yaml.
"""

from __future__ import annotations

import re
from functools import cache

from gate.archive.source import Source, whole
from gate.formats.bounded import BYTES
from gate.formats.concern import Concern
from gate.loading.names import LONGEST, table

_OPERATOR = re.compile(
    r"(?<![\w.])(?:torch|ops\.(?P<space>\w+)|__torch__\.torch\.classes\.(?P<kind>\w+))\.(?P<name>\w+)"
)
_TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*")
"""Strings and comments name nothing that is called."""


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    rows = table("operators")["torchscript"]
    return frozenset(rows["spaces"].split()), frozenset(rows["dangerous"].split())


def concerns(source: Source) -> tuple[Concern, ...]:
    """What the program does besides arithmetic, each thing once with its first line."""
    spaces, dangerous = _names()
    found: dict[str, Concern] = {}
    text = _TEXT.sub(lambda match: "\n" * match[0].count("\n"), whole(source, BYTES).decode("utf-8", "replace"))
    for number, line in enumerate(text.split("\n"), 1):
        for match in _OPERATOR.finditer(line):
            space = match["space"] or match["kind"] or "aten"
            name = f"{space}::{match['name']}"[:LONGEST]
            if space == "aten" and match["name"] in dangerous:
                how = f"operator {name} reads or writes files"
                found.setdefault(name, Concern("dangerous-operator", name, how, line=number))
            elif space not in spaces:
                how = f"operator {name} is none of torch's own"
                found.setdefault(name, Concern("custom-operator", name, how, line=number))
    return tuple(found.values())
