"""What setup.cfg and setup.py ask for; setup.py is read as a syntax tree, and never run.

https://setuptools.pypa.io/en/latest/userguide/declarative_config.html
"""

from __future__ import annotations

import ast
import configparser
import warnings
from collections.abc import Iterator
from dataclasses import replace

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats.pyproject import ASKED_FOR, Project, both
from gate.formats.requirement import Include, Item, Requirement, Span, parse
from gate.formats.text import read_text
from gate.formats.toml_document import Places

_EXTRAS = ("setup_requires", "tests_require")
_SOURCE = 2**20
"""Bytes of a setup.py; its syntax tree takes a hundred times as much."""
_MOST = 5000
"""Requirements of one file."""


def read_setup_cfg(source: Source) -> Project:
    """The section [options] of a setup.cfg; FormatError or NotExamined."""
    text = read_text(source).whole(source.limits.requirements_bytes)
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except configparser.Error as error:
        raise FormatError(f"setup.cfg: {type(error).__name__}") from None
    places = Places(text.encode("utf-8", "surrogateescape"))
    items: list[Item] = []
    options = dict(parser["options"]) if parser.has_section("options") else {}
    items += _listed(options.get("install_requires", ""), "", places)
    for name in _EXTRAS:
        items += _listed(options.get(name, ""), ASKED_FOR, places)
    if parser.has_section("options.extras_require"):
        for value in dict(parser["options.extras_require"]).values():
            items += _listed(value, ASKED_FOR, places)
    return Project(_few(items), options.get("python_requires", ""))


def _listed(value: str, marker: str, places: Places) -> Iterator[Item]:
    """One requirement a line, or separated by semicolons; `file:` names lists."""
    value = value.strip()
    if value.startswith("file:"):
        for name in value.removeprefix("file:").split(","):
            yield Include(places.of(name.strip()), name.strip(), constraint=False)
        return
    for line in value.split("\n") if "\n" in value else value.split(";"):
        text = line.partition(" #")[0].strip()
        if text and not text.startswith("#"):
            yield from _marked(parse(text, places.of(text)), marker)


def _marked(items: Iterator[Item], marker: str) -> Iterator[Item]:
    for item in items:
        yield replace(item, marker=both(item.marker, marker)) if isinstance(item, Requirement) else item


def _few(items: list[Item]) -> tuple[Item, ...]:
    if len(items) > _MOST:
        raise NotExamined(GapReason.TOO_MANY, f"more than {_MOST} requirements")
    return tuple(items)


# -- setup.py ---------------------------------------------------------------------------------------------------------


def read_setup_py(source: Source) -> Project:
    """The arguments of setup() that are written out; NotExamined `unsupported` where they are computed.

    FormatError for what is no Python.
    """
    raw = read_text(source).whole(_SOURCE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormatError("setup.py: no Python that can be read") from None
    call = next((node for node in ast.walk(tree) if _is_setup(node)), None)
    if not isinstance(call, ast.Call):
        return Project(())
    known = _constants(tree)
    items: list[Item] = []
    python = ""
    for keyword in call.keywords:
        value = known.get(keyword.value.id, keyword.value) if isinstance(keyword.value, ast.Name) else keyword.value
        if keyword.arg == "install_requires":
            items += _texts(value, "", known)
        elif keyword.arg in _EXTRAS:
            items += _texts(value, ASKED_FOR, known, lenient=True)
        elif keyword.arg == "extras_require" and isinstance(value, ast.Dict):
            for inner in value.values:
                items += _texts(inner, ASKED_FOR, known, lenient=True)
        elif keyword.arg == "python_requires" and isinstance(value, ast.Constant):
            python = value.value if isinstance(value.value, str) else ""
    return Project(_few(items), python)


def _is_setup(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (isinstance(function, ast.Name) and function.id == "setup") or (
        isinstance(function, ast.Attribute) and function.attr == "setup"
    )


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that are set once, at the top, to something written out."""
    known: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = node.value
    return known


def _texts(value: ast.expr, marker: str, known: dict[str, ast.expr], *, lenient: bool = False) -> Iterator[Item]:
    """The requirements of a list of texts."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        value = ast.List([ast.Constant(line) for line in value.value.split("\n") if line.strip()])
    if not isinstance(value, ast.List | ast.Tuple):
        if lenient:
            return
        raise NotExamined(GapReason.UNSUPPORTED, "setup.py computes what it asks for; nothing of it is run")
    for element in value.elts:
        one = known.get(element.id, element) if isinstance(element, ast.Name) else element
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            line = getattr(one, "lineno", -1)
            yield from _marked(parse(one.value.strip(), Span(line, -1, -1)), marker)
        elif not lenient:
            raise NotExamined(GapReason.UNSUPPORTED, "setup.py computes what it asks for; nothing of it is run")
