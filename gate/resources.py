"""Where rules/, policies/ and fixtures/ lie: in the installed package, else in the checkout."""

from __future__ import annotations

import importlib
import sys
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType

from gate.core.errors import GateError

_PACKAGE = Path(__file__).resolve().parent


@cache
def root() -> Path:
    """The folder that holds rules/, policies/ and fixtures/.

    Package data first; else the checkout around the package, if its pyproject names this distribution. GateError where
    there is neither.
    """
    if (_PACKAGE / "_data").is_dir():
        return _PACKAGE / "_data"
    checkout = _PACKAGE.parent
    project = checkout / "pyproject.toml"
    if project.is_file() and tomllib.loads(project.read_text("utf-8"))["project"]["name"] == "mlgate":
        return checkout
    raise GateError(f"rules and policies are neither in {_PACKAGE} nor beside it; install mlgate again")


def rules() -> Path:
    """Rule texts: <family>.yaml."""
    return root() / "rules"


def data(name: str) -> Path:
    """One table below rules/data/, as "serialization/allow.yaml"."""
    return root() / "rules" / "data" / name


def policies() -> Path:
    """The sources of the standard bundle."""
    return root() / "policies"


def fixture(name: str, part: str = "build") -> ModuleType:
    """A module of one fixture, its builder unless another is asked for; fixtures know nothing of gate."""
    sys.path.insert(0, str(root()))  # before any installed package that is called fixtures
    try:
        return importlib.import_module(f"fixtures.{name}.{part}")
    finally:
        sys.path.remove(str(root()))


def compiled_policy() -> Path:
    """The standard bundle as WebAssembly; it is part of the package in both cases."""
    return _PACKAGE / "policy" / "compiled"
