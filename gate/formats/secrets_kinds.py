"""The tables of what credentials look like: rules/data/secrets/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from gate.resources import data

FILES = ("keys", "clouds", "tokens", "logins", "assigned")
"""In the order in which kinds win where two hold of the same characters."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Kind:
    """One row; README.md beside the tables says what each field means."""

    kind: str
    what: str
    rule: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    check: str
    source: str
    doubt: str = ""
    locked: str = ""
    fold: bool = False
    inside: bool = False
    before: int = 0
    near: str = ""


@cache
def kinds() -> tuple[Kind, ...]:
    """All rows, the strongest first."""
    return tuple(_kind(row) for file in FILES for row in _load(file))


def _kind(row: dict[str, Any]) -> Kind:
    flags = re.IGNORECASE | re.ASCII if row.get("fold") else re.ASCII
    known = {**row, "anchors": tuple(row["anchors"]), "pattern": re.compile(row["pattern"], flags)}
    return Kind(**known)


@cache
def words() -> dict[str, Any]:
    """words.yaml as it stands."""
    loaded: dict[str, Any] = _load("words")
    return loaded


def _load(name: str) -> Any:
    return yaml.load(data(f"secrets/{name}.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
