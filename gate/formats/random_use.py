"""How Python source uses random numbers, read as a syntax tree and never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from gate.archive.source import Source, whole
from gate.resources import data

BYTES = 2**20
"""Size of one file of source."""
SIGNS = 200
"""Signs of one file that are told."""
SEED, USE, UNSEEDED, FLAG, STEADY = "seed", "use", "unseeded", "flag", "steady"
"""A generator is seeded, one is drawn from, one has no seed; a switch lets results differ, or keeps them the same."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Sign:
    """One use: its kind, the full name of what is called or set, the 1-based line."""

    kind: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of one file; `parsed` is false for what is no source of this Python: it says nothing then."""

    signs: tuple[Sign, ...]
    parsed: bool


def read_random_use(source: Source) -> Signs:
    """The signs of a file of source; NotExamined when it is too large."""
    raw = whole(source, BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the strings of others
            tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Signs((), False)
    names = _names(tree)
    signs = {sign for node in ast.walk(tree) for sign in _signs(node, names)}
    return Signs(tuple(sorted(signs, key=lambda sign: (sign.line, sign.kind, sign.name)))[:SIGNS], True)


def _names(tree: ast.Module) -> dict[str, str]:
    """What a name at hand stands for: `np` for numpy, `seed` for random.seed."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _signs(node: ast.AST, names: dict[str, str]) -> Iterator[Sign]:
    table = _table()
    if isinstance(node, ast.Call):
        name = _full(node.func, names)
        module, _, last = name.rpartition(".")
        if name in table["flags"]:
            yield from _flag(name, node.args[0] if node.args else None, node.lineno)
        elif name in table["seeds"]:
            given = node.args or node.keywords
            yield Sign(SEED if given and not _none(node.args) else UNSEEDED, name, node.lineno)
        elif name in table["generators"]:
            yield Sign(SEED if _seeded(node, name, table) else UNSEEDED, name, node.lineno)
        elif last in table["uses"].get(module, ()) and not _has(node, "generator"):
            yield Sign(USE, name, node.lineno)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            name = _full(target, names)
            if name in table["flags"]:
                yield from _flag(name, node.value, node.lineno)


def _seeded(node: ast.Call, name: str, table: Any) -> bool:
    first = () if name.endswith("train_test_split") else node.args[:1]
    named = [word.value for word in node.keywords if word.arg in table["arguments"] or word.arg is None]
    return any(not _is_none(value) for value in (*first, *named))


def _has(node: ast.Call, argument: str) -> bool:
    return any(word.arg == argument for word in node.keywords)


def _none(values: list[ast.expr]) -> bool:
    return bool(values) and _is_none(values[0])


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _flag(name: str, value: ast.expr | None, line: int) -> Iterator[Sign]:
    """A switch with a plain word; without one (enable_op_determinism()) it is on. What is computed says nothing."""
    said = True if value is None else value.value if isinstance(value, ast.Constant) else None
    if isinstance(said, bool):
        yield Sign(FLAG if said is _table()["flags"][name] else STEADY, name, line)


def _full(node: ast.expr, names: dict[str, str]) -> str:
    """`np.random.seed` as numpy.random.seed, "" for what is no plain name of something imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


@cache
def _table() -> Any:
    table = yaml.load(data("determinism/calls.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    return {**table, "seeds": frozenset(table["seeds"]), "generators": frozenset(table["generators"])}
