"""Has a pickle of a model a reason to use this global in this way? The tables of rules/data/serialization decide."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gate.formats.pickle_values import NAME
from gate.formats.pickle_words import Arg, GlobalUse, Kind, Use

Names: TypeAlias = Mapping[str, frozenset[str]]
"""Module to names."""


class Verdict(enum.IntEnum):
    """The four verdicts, harmless first."""

    CLEAN = 0
    INFO = 1
    UNVERIFIED = 2
    DANGEROUS = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the reason for it, as a clause for a person."""

    verdict: Verdict
    why: str = ""


CLEAN = Judgement(Verdict.CLEAN)
_INFO = Judgement(Verdict.INFO, "a class or function of a known library")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LITERALS = frozenset({Kind.TEXT, Kind.BYTES, Kind.NUMBER, Kind.NONE, Kind.SEQUENCE, Kind.MAPPING})
_CYTHON = ["global", "number", "any", "..."]
"""Type, checksum, state: what Cython's _inject_pickle_methods (Compiler/ParseTreeTransforms.py) writes."""
_DUNDER = re.compile(r"__(?!new__)[a-z_]+__")
"""`__builtins__`, `__globals__`, `__dict__`, `__init__` and their kin; picklers write `cls.__new__` alone."""
_MIXED = re.compile(
    r"[A-Za-z][\u0370-\u058f\u13a0-\u13ff]|[\u0370-\u058f\u13a0-\u13ff][A-Za-z]|[\u2100-\u214f\uff21-\uff5a\U0001d400-\U0001d7ff]"
)
"""Latin letters beside Greek, Cyrillic, Armenian or Cherokee ones, and letters that NFKC makes Latin (UTS 39, 5.1)."""
_PLAIN = re.compile(r"builtins\.(bool|bytearray|bytes|complex|dict|float|frozenset|int|list|object|set|str|tuple)")


def _dangerous(why: str) -> Judgement:
    return Judgement(Verdict.DANGEROUS, why)


def _unverified(why: str) -> Judgement:
    return Judgement(Verdict.UNVERIFIED, why)


class Tables:
    """The allow list and the list of sinks, as the YAML files have them."""

    def __init__(self, allow: Mapping[str, Any], sinks: Mapping[str, Any]) -> None:
        self.allowed: dict[Use, Names] = {
            Use.CALL: _names(allow["calls"]),
            Use.NEW: _names(allow["new"]),
            Use.BUILD: _names(allow["states"]),
            Use.SETITEM: _names(allow["items"]),
            Use.APPEND: _names(allow["items"]),
        }
        self.allowed[Use.REF] = _union(_names(allow["references"]), *self.allowed.values())
        self.contracts: Mapping[str, list[str]] = allow["contracts"]
        libraries = allow["libraries"]
        self.classes = frozenset(libraries["classes"].split())
        self.tuples = frozenset(libraries["tuples"].split())
        self.containers = tuple(libraries["containers"].split())
        self.cython = re.compile(libraries["cython"])
        self.functions = frozenset(libraries["functions"].split())
        self.refused_modules = frozenset(libraries["refused_modules"].split())
        self.refused_words = frozenset(libraries["refused_words"].split())
        self.sink_modules = frozenset(sinks["modules"].split())
        self.sink_names = _names(sinks["names"])
        self.exported = frozenset(sinks["exported"].split())
        self.sink_words = frozenset(sinks["words"].split())
        self.stdlib = frozenset(sinks["stdlib"].split()) | sys.stdlib_module_names

    def judge(self, use: GlobalUse) -> Judgement:
        """The verdict on one use."""
        return (
            self._structure(use)
            or self._listed(use)
            or self._sink(use)
            or self._library(use)
            or self._word(use)
            or _unverified("not on the list of globals that pickles of models need")
        )

    def known(self, module: str) -> bool:
        """Whether a module of this name is one that verdicts rest on: of the standard library or a known library."""
        listed = any(module == name.partition(".")[0] for names in self.allowed.values() for name in names)
        return module in self.stdlib or listed or any(module == name.partition(".")[0] for name in self.classes)

    def _structure(self, use: GlobalUse) -> Judgement | None:
        """Uses that are dangerous whatever is used."""
        if use.use is Use.PATCH:
            return _dangerous("the imported object itself is changed, for the whole process")
        if use.use is Use.RECALL:
            return _dangerous("a value that is computed while loading is called")
        if use.computed:
            return _dangerous("what is imported is computed while loading")
        return None

    def _listed(self, use: GlobalUse) -> Judgement | None:
        if use.qualname not in self.allowed[use.use].get(use.module, ()):
            made = use.qualname in self.allowed[Use.CALL].get(use.module, ())
            if made and use.use in (Use.SETITEM, Use.APPEND):
                return _dangerous("what it returns is no container, and items are put into it")
            return None
        contract = self.contracts.get(use.name) if use.use is Use.CALL else None
        if contract is None or self._keeps(contract, use.args):
            return CLEAN
        return _dangerous("it is called with arguments that no pickler writes")

    def _sink(self, use: GlobalUse) -> Judgement | None:
        parents = list(_parents(use.module))
        if any(parent in self.sink_modules for parent in parents):
            return _dangerous(f"{use.module} can run programs, reach files or load further code")
        if use.qualname in self.sink_names.get(use.module, ()):
            return _dangerous("it can run code, reach files or look up any other name")
        parts = use.qualname.split(".") if NAME.fullmatch(use.qualname) else [""]
        tops = {part.lstrip("_") for part in (parts if len(parts) > 1 else parts[:1])}
        if any(_DUNDER.fullmatch(part) for part in parts):
            return _dangerous("the name is one of the interpreter's own, which lead to everything else")
        if _MIXED.search(use.module) and use.module.partition(".")[0].isidentifier():
            return _dangerous("its module is written in letters that look like others")
        if (tops & self.stdlib & self.sink_modules) or (len(parts) > 1 and tops & self.stdlib):
            return _dangerous("it leads out of its module to another one")
        if parents[-1] in self.stdlib and use.use in (Use.CALL, Use.NEW):
            return _dangerous("a part of the standard library that no pickler calls")
        return None

    def _library(self, use: GlobalUse) -> Judgement | None:
        """Classes and functions of known libraries."""
        if self.refused_modules & set(use.module.split(".")):
            return None
        known = self._known(use.module)
        if known and self.cython.fullmatch(use.qualname):
            made = use.use is Use.CALL and self._keeps(_CYTHON, use.args)
            return _INFO if made or use.use in (Use.REF, Use.BUILD) else None
        name = use.qualname.removesuffix(".__new__") if use.use is Use.REF else use.qualname
        if name in self.exported or not name.isidentifier():
            return None
        if {word.lower() for word in _WORDS.findall(name)} & self.refused_words:
            return None
        function = use.use is Use.REF and any(parent in self.functions for parent in _parents(use.module))
        return _INFO if function or (known and self._class(use, name)) else None

    def _known(self, module: str) -> bool:
        return any(parent in self.classes for parent in _parents(module))

    def _class(self, use: GlobalUse, name: str) -> bool:
        """Whether a class of a known library is used as picklers use one."""
        match use.use:
            case Use.BUILD:
                return True
            case Use.SETITEM | Use.APPEND:
                return name.endswith(self.containers)
            case Use.NEW:
                return use.args == () or use.module.partition(".")[0] in self.tuples
        return use.use is Use.REF and name.lstrip("_")[:1].isupper()

    def _keeps(self, contract: list[str], args: tuple[Arg, ...] | None) -> bool:
        """Whether the arguments are those that a contract names, fewer allowed; the grammar is in allow.yaml."""
        if args is None:
            return False
        for i, arg in enumerate(args):
            if i >= len(contract):
                return False
            if contract[i] == "...":
                return True
            if not any(self._fits(option, arg) for option in contract[i].split("|")):
                return False
        return True

    def _fits(self, option: str, arg: Arg) -> bool:
        kind, _, wanted = option.partition(":")
        match kind:
            case "any":
                return True
            case "literal":
                return arg.kind in _LITERALS
            case "word":
                return arg.kind is Kind.TEXT and arg.text in wanted.split(",")
            case "attribute":
                return arg.kind is Kind.TEXT and arg.text.isidentifier() and not arg.text.startswith("__")
            case "constructor":
                return arg == (Kind.TEXT, "__new__")
            case "class":
                return arg.kind is Kind.INSTANCE and self._known(arg.text.rpartition(".")[0])
            case "plain":
                return arg.kind is Kind.GLOBAL and _PLAIN.fullmatch(arg.text) is not None
        return arg.kind == kind and (not wanted or (arg.text + ".").startswith(wanted + "."))

    def _word(self, use: GlobalUse) -> Judgement | None:
        if use.use in (Use.CALL, Use.NEW) and use.qualname in self.exported and self._known(use.module):
            return _dangerous("the library only imports this name; what it stands for is another module's")
        if use.use is Use.CALL:
            found = {word.lower() for word in _WORDS.findall(use.qualname)} & self.sink_words
            if found:
                return _dangerous(f"its name says that it may {min(found)}")
        return None


def _names(table: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {module: frozenset(names.split()) for module, names in table.items()}


def _union(*tables: Names) -> Names:
    modules = {module for table in tables for module in table}
    return {module: frozenset().union(*(table.get(module, frozenset()) for table in tables)) for module in modules}


def _parents(module: str) -> Iterable[str]:
    """The module and the packages around it, innermost first."""
    while True:
        yield module
        head, dot, _ = module.rpartition(".")
        if not dot:
            return
        module = head
