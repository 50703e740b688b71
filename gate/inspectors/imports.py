"""Does the archive ask for everything that its code imports and its models need?

Lists of packages are compared with imports of the code and with the modules of pickles, Keras configurations and ONNX
domains. Where nothing lists any package, there is nothing to compare with: the modules are facts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from packaging.utils import canonicalize_name

from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.core.text import printable
from gate.facts.dependencies import Layout, Package, Python, Statement
from gate.facts.imports import Imported, NeededModule, Operators
from gate.facts.pickles import PickleGlobal
from gate.formats.keras_config import read_keras_config
from gate.formats.model_kinds import model_kind
from gate.formats.onnx import read_onnx
from gate.formats.python_imports import GUARDED, LAZY, MOST, PLAIN, TYPING, read_imports, read_notebook_imports
from gate.formats.requirement_lists import folder_of, is_development, plain
from gate.formats.text import is_text
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.packages.asked import BY_CONDA, INSTALLED
from gate.packages.local import own_modules, sites
from gate.packages.modules import Listed, distributions, is_hosted, is_standard, is_table, listed

MODEL = "model"
"""How a model file needs a module: while it is loaded."""
_DOMAINS = {"ai.onnx.contrib": "onnxruntime_extensions", "com.microsoft.extensions": "onnxruntime_extensions"}
"""Domains of operators that a library of its own brings. https://onnxruntime.ai/docs/extensions/"""
_WHOLE = frozenset({"conda", "lock", "pyproject", "pipfile", "setup", "bentofile"})
"""Origins of lists that say everything that an environment needs; a requirements.txt may be added to an image."""
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_MOST = 5000
"""Different modules of one archive."""
_NAMES = 200_000
"""Names of packages of one archive."""
_STRENGTH = {MODEL: 0, PLAIN: 1, LAZY: 2, GUARDED: 3, TYPING: 4}


class _Needed(NamedTuple):
    """The gravest need of what some distributions bring: how it is needed, and where first."""

    strength: int
    path: str
    at: int
    line: int
    module: str
    how: str


class Imports(Inspector):
    """Notes every import and every module of a model; compares at the end."""

    consumes = (Layout, Package, PickleGlobal, Python, Statement)
    produces = (Imported, NeededModule, Operators)

    def wants(self, member: Member) -> Need | None:
        path = plain(member.path).lower()
        if path.endswith((".py", ".ipynb")):
            return Need.STREAM if is_text(member.head) else None
        if path.endswith(".keras!/config.json"):
            return Need.STREAM
        return Need.SEEK if model_kind(member.head) == "onnx" else None

    def inspect(self, member: Member) -> Iterator[Said]:
        path = plain(member.path).lower()
        if path.endswith(".json"):
            config = member.read(read_keras_config)
            modules = {item.module for item in config.objects} | {item.module for item in config.functions}
        elif path.endswith((".py", ".ipynb")):
            notebook = path.endswith(".ipynb")
            imports = member.read(read_notebook_imports if notebook else read_imports)
            for one in imports[:MOST]:
                yield Imported(member.path, one.line, one.module, one.how)
            if len(imports) > MOST:
                yield Gap(Location(member.path), GapReason.TOO_MANY, detail=f"imports more than {MOST} modules")
            return
        else:
            modules = {_DOMAINS[one.domain] for one in member.read(read_onnx).operators if one.domain in _DOMAINS}
        yield from (Operators(member.path, module) for module in sorted(modules) if _MODULE.fullmatch(module))

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        needed, whole = _needed(seen, archive)
        if not whole:
            yield Gap(Location(), GapReason.TOO_MANY, detail=f"needs more than {_MOST} modules from elsewhere")
        if not needed:
            return
        environment, whole = _environment(seen)
        for names, one in sorted(needed.items(), key=lambda item: item[1][1:]):
            by = environment.bringing(names) if environment else ""
            yield NeededModule("", printable(one.module, 100), one.path, one.how, names, by)
            if environment is None or by or one.strength > _STRENGTH[PLAIN]:
                continue
            if is_hosted(names) and not whole:
                continue
            if not (environment.known or is_table(names)):
                continue  # one of the packages that nothing is known of may bring it
            certain = whole and environment.known and one.how == MODEL
            rule = "imports.missing" if certain else "imports.undeclared"
            module, brings = printable(one.module, 100), " or ".join(names[:3])
            yield found(rule, one.path, at=(one.at, -1 if one.at < 0 else one.at + 1), line=one.line, by=module,
                        module=module, distributions=brings)  # fmt: skip

    def section(self, seen: Seen) -> Section:
        hows = Counter(row.how for row in seen.rows(NeededModule))
        return {
            "modules": seen.count(NeededModule),
            "models_need": hows[MODEL],
            "missing": seen.found("imports.missing"),
            "undeclared": seen.found("imports.undeclared"),
        }


inspector = Imports()


def _needed(seen: Seen, archive: Archive) -> tuple[dict[tuple[str, ...], _Needed], bool]:
    """What neither the standard library nor the archive has, by what brings it; whether that is all."""
    own = own_modules(row.path for row in archive.inventory())
    said = {row.version for row in seen.rows(Python)}
    python = said.pop() if len(said) == 1 else ""
    theirs = sites(row.path for row in seen.rows(Package) if row.origin == INSTALLED)
    needed: dict[tuple[str, ...], _Needed] = {}
    for one in _all(seen, theirs):
        top = one.module.partition(".")[0]
        if top in own or is_standard(top, python):
            continue
        names = distributions(one.module)
        if names not in needed and len(needed) >= _MOST:
            return needed, False
        if names not in needed or one < needed[names]:
            needed[names] = one
    return needed, True


def _all(seen: Seen, theirs: tuple[str, ...]) -> Iterator[_Needed]:
    models = (
        _Needed(0, row.path, row.offset, -1, row.module, MODEL)
        for row in seen.rows(PickleGlobal)
        if _MODULE.fullmatch(row.module)
    )
    operators = (_Needed(0, row.path, -1, -1, row.module, MODEL) for row in seen.rows(Operators))
    code = (
        _Needed(_STRENGTH[how], row.path, -1, row.line, row.module, how)
        for row in seen.rows(Imported)
        if not _is_aside(row.path, theirs)
        for how in (LAZY if is_development(row.path) and row.how == PLAIN else row.how,)
    )
    return chain(models, operators, code)


def _is_aside(path: str, theirs: tuple[str, ...]) -> bool:
    """Whether code belongs to an installed distribution, or builds one."""
    return path.startswith(theirs) or plain(path)[len(folder_of(path)) :] in ("setup.py", "conftest.py", "noxfile.py")


def _environment(seen: Seen) -> tuple[Listed | None, bool]:
    """What all lists come to, None where there is none; whether one of them says everything that is needed."""
    names: set[str] = set()
    asks = whole = False
    for row in seen.rows(Package):
        if len(names) < _NAMES:
            names.add(row.name)
        asks = asks or row.origin not in (INSTALLED, BY_CONDA)
        whole = whole or row.origin in _WHOLE
    if not asks:
        return None, False
    for said in seen.rows(Statement):
        if said.name and len(names) < _NAMES:
            names.add(canonicalize_name(said.name))
    whole = whole or any(row.kind == "model" for row in seen.rows(Layout))
    return listed(names), whole
