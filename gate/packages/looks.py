"""What each member says about packages: lists, lock files, projects, manifests of models, what is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from packaging.utils import canonicalize_name

from gate.archive.member import Member
from gate.archive.source import Source
from gate.core.finding import Finding
from gate.core.location import Location
from gate.core.row import Row
from gate.core.text import printable
from gate.facts.dependencies import Layout, Package, Python, PythonRange, Statement
from gate.formats import conda_meta, list_kinds
from gate.formats.bentofile import read_bentofile
from gate.formats.conda import read_environment, read_python
from gate.formats.conda_meta import read_conda_meta
from gate.formats.dist_info import BEGINS, PATH, read_dist_info
from gate.formats.dockerfile import Build, read_dockerfile
from gate.formats.lock_files import read_lock, read_pipfile_lock
from gate.formats.manifests import Named, read_mlmodel, read_torchserve
from gate.formats.notebook_installs import read_notebook_installs
from gate.formats.pyproject import Project, read_pipfile, read_pyproject
from gate.formats.requirement_lists import ENVIRONMENT, LIST, plain
from gate.formats.requirements import read_requirements
from gate.formats.setup_files import read_setup_cfg, read_setup_py
from gate.formats.shown import image_shown
from gate.formats.wheel_tags import read_wheel_tags
from gate.packages.asked import BY_CONDA, INSTALLED, MLFLOW, TORCHSERVE, statements
from gate.packages.told import told

Look: TypeAlias = Callable[[Member], Iterator[Row | Finding]]

_ENDS = (
    ".txt", ".in", ".pip", ".yaml", ".yml", "/metadata", "pkg-info", ".egg-info", "manifest.json", "mlmodel",
    ".dist-info/wheel", ".ipynb", *list_kinds.ends(),
)  # fmt: skip
"""How the path of everything that is looked at ends; a data set has a million members that do not."""


def look_of(member: Member) -> Look | None:
    """How to look at a member: an installer goes by names, so bytes that are no text become a gap, not a pass."""
    path = member.path.rstrip("#0123456789")
    if not path.lower().endswith(_ENDS) and "conda-meta/" not in path:
        return None
    path = plain(member.path)
    name = path.rpartition("/")[2]
    if LIST.fullmatch(name):
        return _list
    if ENVIRONMENT.fullmatch(name):
        return _environment
    if PATH.fullmatch(path) or (name == "PKG-INFO" and BEGINS.match(member.head)):
        return _distribution
    if name == "MANIFEST.json" and path.endswith("MAR-INF/MANIFEST.json"):
        return _torchserve
    if conda_meta.PATH.fullmatch(path):
        return _by_conda
    return _BY_NAME.get(name.lower()) or _by_kind(name)


def _by_kind(name: str) -> Look | None:
    if name == "MLmodel":
        return _mlmodel
    if list_kinds.is_lock(name):
        return _lock
    return _image if list_kinds.is_image(name) else _notebook if name.lower().endswith(".ipynb") else None


def _list(member: Member) -> Iterator[Row | Finding]:
    return statements(member.path, member.read(read_requirements), "requirements")


def _environment(member: Member) -> Iterator[Row | Finding]:
    environment = member.read(read_environment)
    if environment.python:
        yield Python(member.path, environment.python)
    yield from statements(member.path, (*environment.conda, *environment.pip), "conda")


def _distribution(member: Member) -> Iterator[Row | Finding]:
    if not PATH.fullmatch(plain(member.path)):
        yield Layout(member.path, "project")
    distribution = member.read(read_dist_info)
    name = canonicalize_name(distribution.name)
    yield Package(member.path, -1, name, printable(distribution.version, 100), "", INSTALLED)
    if distribution.python:
        yield PythonRange(member.path, (distribution.python,), name)


def _by_conda(member: Member) -> Iterator[Row | Finding]:
    one = member.read(read_conda_meta)
    if one is not None:
        yield Package(member.path, -1, canonicalize_name(one.name), printable(one.version, 100), "", BY_CONDA)


def _tags(member: Member) -> Iterator[Row | Finding]:
    if plain(member.path).endswith(".dist-info/WHEEL") and (made_for := member.read(read_wheel_tags)):
        package = plain(member.path).rpartition("/")[0].rpartition("/")[2].partition("-")[0]
        yield PythonRange(member.path, made_for, canonicalize_name(package))


def _lock(member: Member) -> Iterator[Row | Finding]:
    pipfile = plain(member.path).lower().endswith("pipfile.lock")
    return statements(member.path, member.read(read_pipfile_lock if pipfile else read_lock), "lock")


def _notebook(member: Member) -> Iterator[Row | Finding]:
    return statements(member.path, member.read(read_notebook_installs), "notebook")


def _project(read: Callable[[Source], Project], origin: str) -> Look:
    def look(member: Member) -> Iterator[Row | Finding]:
        project = member.read(read)
        if project.python:
            yield PythonRange(member.path, (project.python,), "")
        yield from statements(member.path, project.items, origin)

    return look


def _build(read: Callable[[Source], Build], origin: str) -> Look:
    def look(member: Member) -> Iterator[Row | Finding]:
        build = member.read(read)
        for base in build.bases:
            if not base.pinned:
                location = Location(member.path, base.span.start, base.span.end, base.span.line)
                image = image_shown(base.image)
                yield told(location, "dependencies.mutable-image", image, image=image)
        yield from statements(member.path, build.items, origin)

    return look


_image = _build(read_dockerfile, "dockerfile")
_BY_NAME: Mapping[str, Look] = {
    "pyproject.toml": _project(read_pyproject, "pyproject"),
    "pipfile": _project(read_pipfile, "pipfile"),
    "setup.cfg": _project(read_setup_cfg, "setup"),
    "setup.py": _project(read_setup_py, "setup"),
    "bentofile.yaml": _build(read_bentofile, "bentofile"),
    "bentofile.yml": _build(read_bentofile, "bentofile"),
    "bento.yaml": _build(read_bentofile, "bentofile"),
    "wheel": _tags,
}


def _torchserve(member: Member) -> Iterator[Row | Finding]:
    for named in member.read(read_torchserve):
        if named.key == "requirementsFile":
            yield _names(member, TORCHSERVE, named)


def _mlmodel(member: Member) -> Iterator[Row | Finding]:
    yield Layout(member.path, "model")
    if python := member.read(read_python):
        yield Python(member.path, python)
    for named in member.read(read_mlmodel):
        if named.key in ("env", "conda", "virtualenv"):
            yield _names(member, MLFLOW, named)


def _names(member: Member, kind: str, named: Named) -> Statement:
    return Statement(member.path, -1, -1, -1, kind, "", "", "", named.name, "")
