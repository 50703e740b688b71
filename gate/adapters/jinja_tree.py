"""The syntax tree of a Jinja template: its constants, what it reads and what it puts together. Imports jinja2."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from gate.formats.concern import Concern

LONGEST = 2**18
"""Characters of a constant."""

ESCAPE, UNVERIFIED = "template-escape", "template-unverified"
_MENTIONED = re.compile(r"__[a-z]+__")
_MANGLED = re.compile(r"_\w+__\w+")
"""A private attribute as Python spells it outside of its class."""
_FRAMES = re.compile(
    r"(?:gi|cr|ag)_(?:frame|code|await|running|yieldfrom)|f_(?:globals|builtins|locals|back|code)|tb_(?:frame|next)"
    r"|co_(?:code|consts|names)|func_(?:globals|code|closure)|im_(?:func|self|class)"
)
"""Attributes that lead to a frame or to code without two underscores (Python Data Model, 3.2.13)."""
_BY_NAME = frozenset({"attr", "groupby", "map", "max", "min", "reject", "rejectattr"}) | frozenset(
    {"select", "selectattr", "sort", "sum", "unique"}
)
"""Filters that read the attribute that they are told, or apply another filter (Jinja, List of Builtin Filters)."""
_BUILDING = frozenset({"capitalize", "center", "format", "join", "lower", "replace", "reverse", "string", "title"}) | (
    frozenset({"trim", "upper", "urlencode", "escape", "e", "forceescape", "strip", "lstrip", "rstrip", "format_map"})
)
"""Filters and methods of strings that make a new one."""
_LOADING = ("Include", "Import", "FromImport", "Extends")
LOOPS = 10**7
"""Rounds of loops over constant ranges, one inside of the other; a conversation has thousands."""


class Judge:
    """One template: its constants, and the names of what is put together from pieces."""

    def __init__(self, tree: nodes.Template) -> None:
        self._nodes = list(_walk(tree))
        self._known: dict[str, set[str]] = {}
        self._built: set[str] = set()
        for _ in range(3):  # what is built from what was built
            for node in self._nodes:
                self._learn(node)

    def _learn(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name | nodes.NSRef):
            key, value = _key(node.target), self.fold(node.node)
            if value is not None:
                self._known.setdefault(key, set()).add(value)
            if self.builds(node.node):
                self._built.add(key)
        elif isinstance(node, nodes.For) and isinstance(node.target, nodes.Name) and self.builds(node.iter):
            self._built.add(node.target.name)

    def concerns(self) -> Iterator[Concern]:
        for node in self._nodes:
            if isinstance(node, nodes.Getattr):
                yield from self._attribute(node, node.attr)
            elif isinstance(node, nodes.Getitem):
                yield from self._subscript(node)
            elif isinstance(node, nodes.Filter | nodes.Test):
                yield from self._filter(node)
            elif isinstance(node, nodes.Call):
                yield from self._call(node)
            elif isinstance(node, nodes.Const) and isinstance(node.value, str) and _MENTIONED.search(node.value):
                names = _MENTIONED.search(node.value)
                yield _doubt(node, names[0] if names else "", "the text of such a name stands in the template")
            elif isinstance(node, nodes.Name) and _MANGLED.fullmatch(node.name):
                yield _doubt(node, node.name, "the name is one of the template engine's own")
            elif type(node).__name__ in _LOADING:
                yield _doubt(node, type(node).__name__.lower(), "it loads another template")
            elif isinstance(node, nodes.For):
                yield from self._loops(node)

    def _attribute(self, node: nodes.Node, name: str) -> Iterator[Concern]:
        for part in name.split("."):
            if _MENTIONED.search(part) or _MANGLED.fullmatch(part) or _FRAMES.fullmatch(part):
                how = "it reads an attribute that leads to the interpreter"
                yield Concern(ESCAPE, part[:80], how, line=node.lineno)
            elif part.startswith("_") or part == "mro":
                yield _doubt(node, part, "it reads an attribute that is not for templates")

    def _subscript(self, node: nodes.Getitem) -> Iterator[Concern]:
        if isinstance(node.arg, nodes.Slice):
            return
        for value in self.folds(node.arg):
            yield from self._attribute(node, value)
        if self.builds(node.arg) and not self.folds(node.arg):
            yield _doubt(node, "subscript", "a name is put together from pieces and then looked up")

    def _filter(self, node: nodes.Filter | nodes.Test) -> Iterator[Concern]:
        if node.name not in _BY_NAME:
            return
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            values = self.folds(argument)
            for value in values:
                yield from self._attribute(node, value)
            if not values and (node.name == "attr" or self.builds(argument)):
                yield _doubt(node, node.name, "the name of an attribute is computed")

    def _call(self, node: nodes.Call) -> Iterator[Concern]:
        target = node.node
        if isinstance(target, nodes.Getattr) and target.attr in ("format", "format_map"):
            for value in self.folds(target.node):
                for field in re.findall(r"\{[^{}]*[.\[]([^{}!:]*)", value):
                    yield from self._attribute(node, field.replace("[", ".").replace("]", ""))
            if not self.folds(target.node) and self.builds(target.node):
                yield _doubt(node, "format", "the format string is put together from pieces")

    def _loops(self, node: nodes.For) -> Iterator[Concern]:
        rounds = _rounds(node)
        if rounds > LOOPS:
            yield _doubt(node, "range", f"it would go round more than {LOOPS} times")

    # -- constants -------------------------------------------------------------------------------------------------

    def folds(self, node: nodes.Node) -> set[str]:
        """Every string that an expression may be, as far as its constants tell."""
        value = self.fold(node)
        if value is not None:
            return {value}
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.NSRef):
            return self._known.get(_key(node), set())
        if isinstance(node, nodes.CondExpr):
            return {text for arm in (node.expr1, node.expr2) if arm is not None for text in self.folds(arm)}
        return set()

    def fold(self, node: nodes.Node) -> str | None:
        """The one string that an expression is; None where nobody can tell."""
        if isinstance(node, nodes.Const):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, nodes.Name | nodes.NSRef):
            known = self._known.get(_key(node), set())
            return next(iter(known)) if len(known) == 1 else None
        if isinstance(node, nodes.Concat):
            return self._joined(node.nodes, "")
        if isinstance(node, nodes.Add):
            return self._joined([node.left, node.right], "")
        if isinstance(node, nodes.Filter) and node.node is not None:
            return self._filtered(node)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            return self._sliced(node.node, node.arg)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            return self._method(node.node, node.args)
        return None

    def _joined(self, parts: list[nodes.Expr], between: str) -> str | None:
        texts = [self.fold(part) for part in parts]
        known = [text for text in texts if text is not None]
        return between.join(known)[:LONGEST] if len(known) == len(texts) else None

    def _filtered(self, node: nodes.Filter) -> str | None:
        assert node.node is not None
        if node.name == "join" and isinstance(node.node, nodes.List | nodes.Tuple):
            between = self.fold(node.args[0]) if node.args else ""
            return None if between is None else self._joined(node.node.items, between)
        return _changed(self.fold(node.node), node.name, [self.fold(argument) for argument in node.args])

    def _method(self, target: nodes.Getattr, args: list[nodes.Expr]) -> str | None:
        text = self.fold(target.node)
        if target.attr == "join" and text is not None and args and isinstance(args[0], nodes.List | nodes.Tuple):
            return self._joined(args[0].items, text)
        return _changed(text, target.attr, [self.fold(argument) for argument in args])

    def _sliced(self, node: nodes.Node, piece: nodes.Slice) -> str | None:
        text = self.fold(node)
        ends = [None if end is None else _number(end) for end in (piece.start, piece.stop, piece.step)]
        given = [end for end in (piece.start, piece.stop, piece.step) if end is not None]
        if text is None or len([end for end in ends if end is not None]) != len(given) or ends[2] == 0:
            return None
        assert isinstance(piece, nodes.Slice)
        return text[slice(*ends)]

    def builds(self, node: nodes.Node) -> bool:
        """Whether an expression puts a string together, so that nobody can read it in the template."""
        for part in _walk(node):
            if isinstance(part, nodes.Concat | nodes.Mod):
                return True
            if isinstance(part, nodes.Add | nodes.Mul) and any(_is_text(leaf) for leaf in _walk(part)):
                return True
            if isinstance(part, nodes.Filter) and part.name in _BUILDING:
                return True
            if isinstance(part, nodes.Getattr) and part.attr in _BUILDING:
                return True
            if isinstance(part, nodes.Name | nodes.Getattr) and _key(part) in self._built:
                return True
        return False


def _changed(text: str | None, how: str, arguments: list[str | None]) -> str | None:
    """A constant after one of the simple filters or methods of strings; None for the others."""
    if text is None:
        return None
    if how == "replace" and len(arguments) == 2 and None not in arguments:
        return text.replace(str(arguments[0]), str(arguments[1]))[:LONGEST]
    if how == "reverse":
        return text[::-1]
    if arguments or how not in ("lower", "upper", "trim", "strip", "lstrip", "rstrip", "string", "capitalize", "title"):
        return None
    return {"trim": text.strip(), "string": text}.get(how) or str(getattr(text, how, text.strip)())


def _doubt(node: nodes.Node, what: str, how: str) -> Concern:
    return Concern(UNVERIFIED, what[:80], how, line=node.lineno)


def _key(node: nodes.Node) -> str:
    """A name, or an attribute of a namespace, as one key."""
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Getattr):
        return f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else ""
    return node.name if isinstance(node, nodes.Name) else ""


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _number(node: nodes.Node) -> int | None:
    """The integer that a constant is."""
    if isinstance(node, nodes.Neg):
        value = _number(node.node)
        return None if value is None else -value
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, int) else None


def _rounds(node: nodes.Node) -> int:
    """Rounds of the loops over constant ranges from here on, one inside of the other."""
    inner = max((_rounds(child) for child in node.iter_child_nodes()), default=1)
    return min(inner * (_range(node.iter) if isinstance(node, nodes.For) else 1), LOOPS + 1)


def _range(over: nodes.Node) -> int:
    """How far range() of constants goes; 1 for anything else."""
    if not (isinstance(over, nodes.Call) and isinstance(over.node, nodes.Name) and over.node.name == "range"):
        return 1
    numbers = [_number(argument) for argument in over.args]
    return max((abs(number) for number in numbers if number), default=1)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all below it, without recursion."""
    todo = [node]
    while todo:
        here = todo.pop()
        yield here
        todo.extend(reversed(list(here.iter_child_nodes())))
