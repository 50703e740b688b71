"""Which packages an archive asks for or brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.location import Location
from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Package(Fact):
    """One package: `origin` is requirements, conda or dist-info (there it is installed, so the version is exact).

    `name` is normalised (PEP 503). Either `version` is exact or `specifier` says what is allowed, "" for everything.
    `line` is 1-based, -1 where there is none.
    """

    kind: ClassVar[str] = "dependencies.package"
    line: int
    name: str
    version: str
    specifier: str
    origin: str


@dataclass(frozen=True, slots=True)
class AdvisoryData(Fact):
    """The data base that packages were looked up in; path "".

    `data_time` is when its newest record was modified, `fetched` when its feed was got (RFC 3339).
    """

    kind: ClassVar[str] = "dependencies.advisories"
    digest: str
    data_time: str
    records: int
    label: str
    fetched: str = ""


@dataclass(frozen=True, slots=True)
class Statement(Note):
    """One line of a list: what it asks for, includes or sets.

    `kind` is a kind of gate.formats.requirement.Requirement, or include, constraint, invalid, an option of Index, or
    torchserve or mlflow where such a manifest names a list.
    `value` is the URL or path, the included list, the value of the option or the problem. `start` and `end` are bytes,
    all three of `line`, `start` and `end` -1 where there is no line. `hashes` are the algorithms of the digests that
    pin it, joined by commas.
    """

    line: int
    start: int
    end: int
    kind: str
    name: str
    specifier: str
    marker: str
    value: str
    origin: str
    hashes: str = ""

    @property
    def location(self) -> Location:
        """Where it stands."""
        return Location(self.path, self.start, self.end, self.line)


@dataclass(frozen=True, slots=True)
class Layout(Note):
    """What a member makes of its folder: `model` (an MLmodel lies there), `project` (sources of one package)."""

    kind: str


@dataclass(frozen=True, slots=True)
class Python(Note):
    """The version of Python that a model says it runs under, as written."""

    version: str


@dataclass(frozen=True, slots=True)
class PythonRange(Note):
    """The versions of Python that a package or a project is made for: `specifiers` of which one has to allow it."""

    specifiers: tuple[str, ...]
    package: str


@dataclass(frozen=True, slots=True)
class Audited(Note):
    """How many packages of the whole archive (path "") have an exact version, have none, are installed in it."""

    pinned: int
    unpinned: int
    installed: int
