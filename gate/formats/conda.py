"""Environments as MLflow and conda write them: conda.yaml, environment.yml, python_env.yaml.

https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html
https://mlflow.org/docs/latest/ml/model/#managing-model-dependencies
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import parse_yaml, read_yaml
from gate.formats.requirement import Item, Requirement, Span
from gate.formats.requirements import ITEMS, parse_line
from gate.resources import data

_NOWHERE = Span(-1, -1, -1)
_SPEC = re.compile(r"(?:[^\s:\[\]]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?P<version>[^\[]*)(?:\[.*)?", re.DOTALL)
_LENGTH = 1024
"""Characters of one conda specification; real ones have 60."""
_BARE = re.compile(r"[0-9][A-Za-z0-9.!+_-]*(?:\.?\*)?")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Environment:
    """What an environment holds: the version of Python, "" when not said, and what is installed into it.

    `conda` are packages that conda installs, under their names on the Python index; `pip` is what pip is given.
    """

    python: str
    conda: tuple[Item, ...]
    pip: tuple[Item, ...]


def read_environment(source: Source) -> Environment:
    """Either form of environment; nothing where there are no `dependencies`: other tools use these names as well.

    FormatError where they are no list, NotExamined as for requirements.
    Lines are told where an entry stands on one of its own, as all tools write it.
    """
    raw = whole(source, source.limits.requirements_bytes)
    document = parse_yaml(raw).value
    listed = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(document, dict) or listed is None:
        return Environment("", (), ())
    if not isinstance(listed, list):
        raise FormatError("an environment whose `dependencies` are no list")
    place = _places(raw)
    if isinstance(document.get("python"), str | int | float):  # python_env.yaml: all of it is for pip
        build = document.get("build_dependencies")
        lines = [*(build if isinstance(build, list) else ()), *listed]
        return Environment(str(document["python"]), (), _pip(lines, place))
    conda: list[Item] = []
    pip: list[Item] = []
    python = ""
    for entry in listed:
        if isinstance(entry, dict) and isinstance(inner := entry.get("pip"), list):
            pip += _pip(inner, place)
        elif isinstance(entry, str):
            name, specifier = match_spec(entry)
            span = place(entry)
            if name == "python":
                python = specifier.removeprefix("==").removesuffix(".*") if specifier.startswith("==") else ""
            elif name:
                conda += _of_conda(name, specifier, span)
        if len(conda) + len(pip) > ITEMS:
            raise NotExamined(GapReason.TOO_MANY, f"an environment of more than {ITEMS} packages")
    return Environment(python, tuple(conda), tuple(pip))


def _pip(lines: Sequence[Json], place: Callable[[str], Span]) -> tuple[Item, ...]:
    """Each entry is a line of a requirements file: it may hold options, and comments end it."""
    if len(lines) > ITEMS:
        raise NotExamined(GapReason.TOO_MANY, f"an environment of more than {ITEMS} packages")
    texts = (line for line in lines if isinstance(line, str))
    return tuple(item for text in texts for item in parse_line(text.partition(" #")[0].strip(), place(text)))


def _places(raw: bytes) -> Callable[[str], Span]:
    """Finds entries in their order, each behind the one before; once one is not found, neither are the rest."""
    lines = enumerate(raw.split(b"\n"), 1)
    at = 0

    def place(entry: str) -> Span:
        nonlocal at
        wanted = entry.encode("utf-8", "replace")
        for number, line in lines:
            start, at = at, at + len(line) + 1
            text = line.strip()
            if text.startswith(b"-") and text[1:].strip().lstrip(b"\"'").startswith(wanted):
                return Span(number, start, start + len(line))
        return _NOWHERE

    return place


def read_python(source: Source) -> str:
    """The version of Python that an MLmodel names, "" when it does not; FormatError or NotExamined."""
    value: Json = read_yaml(source).value
    for key in ("flavors", "python_function", "python_version"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def match_spec(text: str) -> tuple[str, str]:
    """Name and version of a conda specification, the version as a specifier of PEP 440, "" for any.

    `name=1.2` is any 1.2.x, `name==1.2`, `name=1.2=build` and `name 1.2` are 1.2. So is `name=1.2.3`, though there
    could be a 1.2.3.1. What PEP 440 cannot say (alternatives with |) is any version. The name is "" where there is
    none.
    """
    match = _SPEC.fullmatch(text.strip()[:_LENGTH])
    if match is None:
        return "", ""
    return match["name"].lower(), _pep440(match["version"].strip())


def _pep440(version: str) -> str:
    fuzzy = version.startswith("=") and not version.startswith("==")
    parts = version.lstrip("= ").replace("=", " ").split() if version[:1] in ("=", "") or version[0].isdigit() else []
    if parts and _BARE.fullmatch(parts[0]) and "," not in version and "|" not in version:
        bare = parts[0]
        if bare.endswith("*"):
            said = f"=={bare.rstrip('*').rstrip('.')}.*"
        else:
            fuzzy = fuzzy and len(parts) == 1 and bare.count(".") < 2
            said = f"=={bare}.*" if fuzzy else f"=={bare}"
    else:
        said = "" if "|" in version else version
    try:
        return str(SpecifierSet(said))
    except InvalidSpecifier:
        return ""


def _of_conda(name: str, specifier: str, span: Span) -> Iterator[Item]:
    if project := on_index(name):
        yield Requirement(span, project, specifier)


def on_index(name: str) -> str:
    """The name of a conda package on the Python index; "" for what is no Python package."""
    table = _table()
    other = name in table["other"] or name.startswith(tuple(table["other_prefixes"]))
    project: str = table["names"].get(name, "" if other else name)
    return project


@cache
def _table() -> Any:
    return yaml.load(data("dependencies/conda.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
