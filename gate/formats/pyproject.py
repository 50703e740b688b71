"""What a pyproject.toml or Pipfile asks for: PEP 621, PEP 735, poetry, uv, pdm, pipenv.

https://packaging.python.org/en/latest/specifications/pyproject-toml/
https://packaging.python.org/en/latest/specifications/dependency-groups/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.poetry_versions import specifier
from gate.formats.requirement import Index, Item, Requirement, parse
from gate.formats.requirements import ITEMS
from gate.formats.toml_document import NOWHERE, Places, read_toml

ASKED_FOR = "extra == 'asked-for'"
"""The marker of what is installed only for whoever asks for it: extras, groups of developers."""


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that a project asks for, and the range of Python that it says it runs under, "" for none."""

    items: tuple[Item, ...]
    python: str = ""


def read_pyproject(source: Source) -> Project:
    """A pyproject.toml; FormatError or NotExamined."""
    document, raw = read_toml(source, source.limits.requirements_bytes)
    places = Places(raw)
    project, tool = table(document.get("project")), table(document.get("tool"))
    poetry, uv, pdm = (table(tool.get(name)) for name in ("poetry", "uv", "pdm"))
    sources = table(uv.get("sources"))
    items = [*_moved(_standard(document, project, places), sources), *_poetry(poetry, places)]
    for listed in (uv.get("index"), poetry.get("source"), pdm.get("source")):
        items += _indexes(listed, places)
    python = project.get("requires-python", table(poetry.get("dependencies")).get("python"))
    known = project.get("requires-python") is not None
    return Project(_few(items), (python if known else specifier(python)) if isinstance(python, str) else "")


def read_pipfile(source: Source) -> Project:
    """A Pipfile (https://pipenv.pypa.io/en/stable/pipfile.html); FormatError or NotExamined."""
    document, raw = read_toml(source, source.limits.requirements_bytes)
    places = Places(raw)
    items: list[Item] = [*_indexes(document.get("source"), places)]
    for section, marker in (("packages", ""), ("dev-packages", ASKED_FOR)):
        for name, value in table(document.get(section)).items():
            items += _entry(name, value, marker, places, pipenv=True)
    python = table(document.get("requires")).get("python_version")
    return Project(_few(items), f"=={python}.*" if isinstance(python, str) else "")


def _few(items: list[Item]) -> tuple[Item, ...]:
    if len(items) > ITEMS:
        raise NotExamined(GapReason.TOO_MANY, f"a project that asks for more than {ITEMS} packages")
    return tuple(items)


def table(value: Json) -> Mapping[str, Json]:
    """The value where it is a table, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> Iterator[str]:
    return (text for text in (value if isinstance(value, list) else ()) if isinstance(text, str))


# -- PEP 621 and PEP 735 ----------------------------------------------------------------------------------------------


def _standard(document: Mapping[str, Json], project: Mapping[str, Json], places: Places) -> Iterator[Item]:
    for text in _texts(table(document.get("build-system")).get("requires")):
        yield from _optional(parse(text, places.of(text)))
    for text in _texts(project.get("dependencies")):
        yield from parse(text, places.of(text))
    for groups in (project.get("optional-dependencies"), document.get("dependency-groups")):
        for listed in table(groups).values():
            for text in _texts(listed):
                yield from _optional(parse(text, places.of(text)))


def _optional(items: Iterator[Item]) -> Iterator[Item]:
    for item in items:
        yield replace(item, marker=both(item.marker, ASKED_FOR)) if isinstance(item, Requirement) else item


def both(marker: str, other: str) -> str:
    """One marker that holds where both do; "" always holds."""
    return f"({marker}) and {other}" if marker and other else marker or other


def _moved(items: Iterator[Item], sources: Mapping[str, Json]) -> Iterator[Item]:
    """[tool.uv.sources] says from where a package comes that the standard tables only name."""
    from_elsewhere = {name.lower(): value for name, value in sources.items()}
    for item in items:
        row = from_elsewhere.get(item.name.lower()) if isinstance(item, Requirement) else None
        located = elsewhere(item.name, table(row)) if isinstance(item, Requirement) else None
        yield (
            replace(item, kind=located[0], target=located[1], specifier="")
            if (located and isinstance(item, Requirement))
            else item
        )


# -- poetry and pipenv ------------------------------------------------------------------------------------------------


def _poetry(poetry: Mapping[str, Json], places: Places) -> Iterator[Item]:
    groups = [("", poetry.get("dependencies")), (ASKED_FOR, poetry.get("dev-dependencies"))]
    groups += [(ASKED_FOR, table(group).get("dependencies")) for group in table(poetry.get("group")).values()]
    for marker, listed in groups:
        for name, value in table(listed).items():
            if name != "python":
                for one in value if isinstance(value, list) else [value]:
                    yield from _entry(name, one, marker, places)


def _entry(name: str, value: Json, marker: str, places: Places, *, pipenv: bool = False) -> Iterator[Item]:
    """`name = "^1.2"` or `name = {version = "^1.2", markers = ..., git = ...}`; pipenv writes PEP 440."""
    span = places.of(name)
    row = table(value)
    version = value if isinstance(value, str) else row.get("version")
    said = version if isinstance(version, str) else ""
    if not pipenv or said == "*":
        said = specifier(said)
    markers = row.get("markers")
    marker = both(markers if isinstance(markers, str) else "", marker if not row.get("optional") else ASKED_FOR)
    located = elsewhere(name, row)
    if located is not None:
        yield Requirement(span, name, marker=marker, kind=located[0], target=located[1])
    else:
        for item in parse(f"{name}{said}" if not said or said[0] in "<>=!~" else name, span):
            yield replace(item, marker=marker) if isinstance(item, Requirement) else item


def elsewhere(name: str, row: Mapping[str, Json]) -> tuple[str, str] | None:
    """Kind and address of a package that comes from no index; a commit behind @, as pip writes it."""
    git = row.get("git")
    if isinstance(git, str):
        commit = next((ref for key in ("rev", "ref", "tag", "branch") if isinstance(ref := row.get(key), str)), "")
        return "vcs", f"git+{git}@{commit}" if commit else f"git+{git}"
    for key, kind in (("url", "url"), ("file", "url"), ("path", "path")):
        target = row.get(key)
        if isinstance(target, str):
            editable = row.get("editable") is True
            return "editable" if kind == "path" and editable else kind, target
    return ("path", ".") if row.get("workspace") is True and name else None


def _indexes(listed: Json, places: Places) -> Iterator[Item]:
    for row in map(table, listed if isinstance(listed, list) else ()):
        url = row.get("url")
        if isinstance(url, str):
            main = row.get("default") is True or row.get("priority") in ("default", "primary")
            yield Index(places.of(url) if url else NOWHERE, "index-url" if main else "extra-index-url", url)
