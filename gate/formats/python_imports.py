"""Which modules a Python source or a notebook imports, read as a syntax tree and never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import read_json
from gate.formats.text import read_text

BYTES = 2**20
"""Size of one source; its syntax tree takes a hundred times as much."""
MOST = 2000
"""Modules of one source that are told; one more is returned where there are more."""
PLAIN, GUARDED, LAZY, TYPING = "plain", "guarded", "lazy", "typing"
"""How: always; where a handler catches its absence; in a function; for type checkers only."""
_CATCHES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_LOADERS = frozenset({"import_module", "__import__"})
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_LINE = re.compile(
    rf"^([ \t]*)(?:from[ \t]+({_NAME.pattern})[ \t]+import\b|import[ \t]+({_NAME.pattern}))", re.MULTILINE
)
_MAGIC = re.compile(r"^[ \t]*(?:[%!?].*|.*\?)$", re.MULTILINE)
"""Lines of a cell that are for the notebook and no Python."""
_CELL_MAGIC = re.compile(r"\s*%%(?!time\b|timeit\b|capture\b|prun\b)\w+")


class Import(NamedTuple):
    """A module as it is named, the 1-based line (of the cell), and how it is imported."""

    module: str
    line: int
    how: str


def read_imports(source: Source) -> tuple[Import, ...]:
    """What a .py imports, relative imports left out; FormatError or NotExamined.

    Of what this Python cannot parse (an older or newer language, a template), what its lines say.
    """
    return _of(read_text(source).whole(BYTES))


def read_notebook_imports(source: Source) -> tuple[Import, ...]:
    """What the code cells of a notebook import, all of it lazily: nobody runs them to serve a model."""
    document: Json = read_json(source).value
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise FormatError("a notebook without `cells`")
    found: dict[str, Import] = {}
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source_lines = cell.get("source")
            lines = source_lines if isinstance(source_lines, list) else [source_lines]
            text = "".join(line for line in lines if isinstance(line, str))
            if not _CELL_MAGIC.match(text):
                found.update((one.module, one._replace(line=-1, how=LAZY)) for one in _of(_MAGIC.sub("pass", text)))
    return tuple(found.values())[: MOST + 1]


def _of(text: str) -> tuple[Import, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the strings of others
            tree = ast.parse(text.encode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = list(_by_line(text))
    else:
        found = list(_in_tree(tree))
    return tuple(dict.fromkeys(found))[: MOST + 1]


def _by_line(text: str) -> Iterator[Import]:
    line, at = 1, 0
    for match in _LINE.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        yield Import(match[2] or match[3], line, LAZY if match[1] else PLAIN)


def _in_tree(tree: ast.Module) -> Iterator[Import]:
    """All imports, without recursion: each node with how what is below it is imported."""
    waiting: list[tuple[ast.AST, str]] = [(tree, PLAIN)]
    while waiting:
        node, how = waiting.pop()
        yield from _said(node, how)
        waiting += [(child, _below(node, child, how)) for child in reversed(list(ast.iter_child_nodes(node)))]


def _said(node: ast.AST, how: str) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, how) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield Import(node.module, node.lineno, how)
    elif isinstance(node, ast.Call) and node.args:
        function, first = node.func, node.args[0]
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        value = first.value if isinstance(first, ast.Constant) else None
        if name in _LOADERS and isinstance(value, str) and _NAME.fullmatch(value):
            yield Import(value, node.lineno, how)


def _below(node: ast.AST, child: ast.AST, how: str) -> str:
    """What a node makes of the imports in one of its parts; the first that makes something of them counts."""
    if how != PLAIN:
        return how
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return LAZY
    if isinstance(node, ast.Try | ast.TryStar) and any(map(_catches, node.handlers)):
        return GUARDED if child not in node.finalbody else how
    if isinstance(node, ast.If):
        if child in node.body and _is_typing(node.test):
            return TYPING
        return LAZY  # what stands below a condition may never be imported
    return how


def _catches(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", None) for kind in kinds}
    return None in names or bool(names & _CATCHES)


def _is_typing(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
