"""Which distribution brings a module, and what a list of distributions comes to with what those need."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from gate.resources import data

_MOST = 20_000
"""Distributions that one list may lead to."""
_VERSION = re.compile(r"([0-9]{1,2})\.([0-9]{1,3})")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Listed:
    """What an environment has: every name that is asked for or installed, and all that they are known to need.

    `known` is false where one of them may need anything: it is not in the table of what packages need.
    """

    reached: Mapping[str, str]
    known: bool

    def bringing(self, distributions: Iterable[str]) -> str:
        """The listed distribution by which one of these is there, "" for none."""
        return next((self.reached[name] for name in distributions if name in self.reached), "")


def listed(names: Iterable[str]) -> Listed:
    """Follow what packages need, from the normalised names of those that are asked for."""
    reached: dict[str, str] = {}
    known = True
    waiting = [(name, name) for name in sorted(set(names))]
    while waiting and len(reached) < _MOST:
        name, root = waiting.pop()
        if name in reached:
            continue
        reached[name] = root
        needs = _requires().get(name)
        known = known and needs is not None
        waiting += [(need, root) for need in needs or ()]
    return Listed(reached, known and not waiting)


@lru_cache(maxsize=2**14)
def distributions(module: str) -> tuple[str, ...]:
    """The normalised names of what brings a module, longest known name first; at least one of the same name."""
    parts = module.split(".")
    table = _table("distributions")
    for count in range(min(len(parts), 4), 0, -1):
        found = table.get(".".join(parts[:count]))
        if found:
            return tuple(found)
    if parts[0] in table["*"]:
        return tuple(dict.fromkeys(canonicalize_name("-".join(parts[:count])) for count in (3, 2)))
    return (canonicalize_name(parts[0]),)


def is_standard(module: str, python: str = "") -> bool:
    """Whether the standard library has it; of a version that is not known, any version's."""
    top = module.partition(".")[0]
    table = _table("standard")
    added, removed = table["added"].get(top), table["removed"].get(top)
    if added is None and removed is None:
        return top in sys.stdlib_module_names or top in ("__main__", "__builtin__", "copy_reg", "__future__")
    match = _VERSION.match(python)
    if match is None:
        return True
    version = int(match[1]), int(match[2])
    return (added is None or version >= _number(added)) and (removed is None or version < _number(removed))


def is_table(names: Iterable[str]) -> bool:
    """Whether one of these is a distribution that the tables know, so that nothing else brings its modules."""
    return any(name in _requires() for name in names)


def is_hosted(names: Iterable[str]) -> bool:
    """Whether a server of models has one of these itself."""
    hosted = _hosted()
    return any(name in hosted for name in names)


def _number(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


@cache
def _hosted() -> frozenset[str]:
    return frozenset(_table("hosted"))


@cache
def _requires() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(needs) for name, needs in _table("requires").items()}


@cache
def _table(name: str) -> Any:
    return yaml.load(data(f"imports/{name}.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
