"""Registry: which inspectors there are. The file name is the registration."""

from __future__ import annotations

import graphlib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from gate import resources
from gate.core.errors import UsageError
from gate.core.finding import Level, Rule
from gate.declared.expected import Expectation
from gate.inspectors import Inputs, Inspector

WALKER = "archive"
"""rules/archive.yaml is the walker's own and has no inspector."""
RESERVED = frozenset({"archive", "evidence", "findings", "gaps", "history", "inputs", "minor", "model"}) | frozenset(
    {"profiles", "request", "schema", "statuses", "subject", "waivers"}
)
"""Keys of the policy document that are not sections."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Registry:
    """Inspectors by name, in the order in which they conclude, and all rules by id.

    `digest` is sha256 over `<hex>  <path>` lines of everything below rules/, of every root.
    """

    inspectors: Mapping[str, Inspector]
    rules: Mapping[str, Rule]
    digest: str

    def expecting(self, expected: Expectation) -> Registry:
        """The same inspectors for one archive, which must have this digest."""
        made = {name: i.given(replace(i.inputs, expected=expected)) for name, i in self.inspectors.items()}
        return replace(self, inspectors=made)

    def only(self, name: str) -> Registry:
        """One of the inspectors alone, and all rules; it must consume nothing of the others."""
        return replace(self, inspectors={name: self.inspectors[name]})


def load(*roots: Path, inputs: Inputs = Inputs()) -> Registry:  # noqa: B008  # frozen
    """Gate's own inspectors and those of further roots, each with `inspectors/` and `rules/` in it; all get `inputs`.

    Raises UsageError when a root is no such folder, a rule text is malformed, or an import fails: an inspector that
    silently did not run would be worse.
    """
    inspectors: dict[str, Inspector] = {}
    rules: dict[str, Rule] = {}
    digest = hashlib.sha256()
    for modules, texts in ((None, resources.rules()), *((root / "inspectors", root / "rules") for root in roots)):
        files = sorted(texts.glob("*.yaml"))
        if not files:
            raise UsageError(f"{texts}: no rule files; an extension has inspectors/NAME.py and rules/NAME.yaml")
        for file in files:
            _add_rules(file, rules)
            if file.stem == WALKER and modules is None:
                continue
            if file.stem in inspectors or file.stem in RESERVED:
                raise UsageError(f"{file}: there is a {file.stem} already")
            inspectors[file.stem] = _import(file.stem, modules).given(inputs)
        _hash(texts, digest)
    return Registry(_in_order(inspectors), rules, digest.hexdigest())


def _add_rules(file: Path, rules: dict[str, Rule]) -> None:
    try:
        texts = yaml.load(file.read_bytes(), _Loader)  # noqa: S506  # a safe loader, in C where there is one
        parsed = [_rule(text) for text in texts]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{file}: not a list of rules: {error}") from error
    for rule in parsed:
        if not rule.id.startswith(f"{file.stem}.") or rule.id in rules:
            raise UsageError(f"{file}: rule id {rule.id} is taken or does not begin with {file.stem}.")
        rules[rule.id] = rule


def _rule(text: Mapping[str, Any]) -> Rule:
    """A rule of its YAML mapping; TypeError for a key that is missing or that nobody knows."""
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in text.items()}
    return Rule(level=Level(known.pop("level")), **known)


def _import(name: str, modules: Path | None) -> Inspector:
    try:
        module = importlib.import_module(f"gate.inspectors.{name}") if modules is None else _from(name, modules)
        inspector = module.inspector
    except (ImportError, AttributeError, SyntaxError, OSError) as error:
        raise UsageError(f"inspector {name}: cannot be imported: {error}") from error
    if not isinstance(inspector, Inspector):
        raise UsageError(f"inspector {name}: `inspector` is no gate.inspectors.Inspector")
    return inspector


def _from(name: str, modules: Path) -> ModuleType:
    full = f"gate.inspectors.{name}"
    spec = importlib.util.spec_from_file_location(full, modules / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{modules / name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module  # its rows are pickled by name when they are spilled
    spec.loader.exec_module(module)
    return module


def _in_order(inspectors: Mapping[str, Inspector]) -> Mapping[str, Inspector]:
    """Producers conclude before consumers, ties by name; UsageError for a cycle."""
    graph = graphlib.TopologicalSorter[str]()
    for name, inspector in sorted(inspectors.items()):
        before = [
            other
            for other, producer in sorted(inspectors.items())
            if other != name and set(inspector.consumes) & set(producer.produces)
        ]
        graph.add(name, *before)
    try:
        return {name: inspectors[name] for name in graph.static_order()}
    except graphlib.CycleError as error:
        raise UsageError(f"inspectors wait for each other: {' -> '.join(error.args[1])}") from error


def _hash(folder: Path, digest: hashlib._Hash) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        digest.update(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {name}\n".encode())
