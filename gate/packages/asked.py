"""What the statements of an archive come to: which package is wanted, in which versions, and how surely."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from gate.advisories.matching import Wanted
from gate.core.advisory import Advisory, Certainty
from gate.core.location import Location
from gate.facts.dependencies import Package, Statement
from gate.formats.inclusion import Edge, Reached
from gate.formats.markers import Holds, Markers
from gate.formats.requirement import Include, Index, Invalid, Item, exact
from gate.formats.requirement_lists import folder_of, is_tool
from gate.formats.shown import shown

INSTALLED = "dist-info"
"""The origin of a package that lies in the archive."""
BY_CONDA = "conda-meta"
"""The origin of one that lies there and that conda brought."""
TORCHSERVE, MLFLOW = "torchserve", "mlflow"
"""Kinds of statements by which manifests name lists."""
_SOURCES = ("index", "url", "vcs", "path", "editable")
_DIGITS = 100
"""Characters of a version; no real one has more than 50."""


class Standing(enum.Enum):
    """How a statement bears on what runs: surely, under conditions, not on Linux, or nobody installs from its list."""

    SURE = "sure"
    PERHAPS = "perhaps"
    NEVER = "never"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Asked:
    """One package that is asked for or installed. `readable` is false when its version is none (PEP 440)."""

    location: Location
    origin: str
    wanted: Wanted
    standing: Standing
    readable: bool = True

    @property
    def counts(self) -> bool:
        """Whether the model may run with it."""
        return self.standing in (Standing.SURE, Standing.PERHAPS)

    @property
    def requirement(self) -> str:
        """As an installer would be asked for it."""
        name, version, specifier = self.wanted
        return f"{name}=={version}" if version else f"{name}{specifier or ' (any version)'}"

    def verdict(self, advisory: Advisory) -> str:
        """Which rule of the inspector an advisory comes to, "" for none.

        A package that is an attack is one wherever it is named, but not because one release of a good package was taken
        over: that is possible until the version says that it is this one. What comes with every environment is judged
        by its version only.
        """
        certain = advisory.certainty is Certainty.CERTAIN and self.readable
        if advisory.malicious and certain:
            return "malicious"
        if self.standing is Standing.ASIDE:
            return "unreferenced-vulnerable" if certain else ""
        if self.standing is Standing.NEVER or (is_tool(self.wanted.name) and not self.wanted.version):
            return ""
        return "vulnerable" if certain and self.standing is Standing.SURE else "possibly-vulnerable"


def properties(asked: Asked, advisory: Advisory) -> dict[str, str]:
    """What every finding about an advisory carries; lists are joined by commas."""
    name, version, specifier = asked.wanted
    return {
        "package": name,
        **({"version": version} if version else {"specifier": specifier}),
        "advisory": advisory.id,
        "aliases": ", ".join(advisory.aliases),
        "fixed_in": ", ".join(advisory.fixed_in),
        "severity": advisory.severity,
        "summary": advisory.summary,
    }


def cure(advisory: Advisory) -> str:
    """What helps, for a message."""
    return f"fixed in {advisory.fixed_in[0]}" if advisory.fixed_in else "no release mends it"


def statements(path: str, items: Iterable[Item], origin: str) -> Iterator[Statement]:
    """What a list says, as rows."""
    for item in items:
        line, start, end = item.span
        match item:
            case Include():
                kind = "constraint" if item.constraint else "include"
                yield Statement(path, line, start, end, kind, "", "", "", item.target, origin)
            case Index():
                yield Statement(path, line, start, end, item.option, "", "", "", item.value, origin)
            case Invalid():
                yield Statement(path, line, start, end, "invalid", item.name, "", "", item.problem, origin)
            case _:
                asked = item.kind, item.name, item.specifier, item.marker, item.target
                yield Statement(path, line, start, end, *asked, origin, item.hashes)


def edge(statement: Statement) -> Edge | None:
    """The inclusion that a statement is, None for all others; paths in a manifest of TorchServe begin one higher."""
    kind = statement.kind
    if kind not in ("include", "constraint", TORCHSERVE, MLFLOW):
        return None
    manifest = kind in (TORCHSERVE, MLFLOW)
    return Edge(statement.location, statement.value, kind == "constraint", int(kind == TORCHSERVE), manifest)


def is_source(statement: Statement) -> bool:
    """Whether it asks for a package, named or not."""
    return statement.kind in _SOURCES


def installed(package: Package) -> Asked:
    """A package that lies in the archive."""
    version, readable = _version(package.version)
    return Asked(Location(package.path), INSTALLED, Wanted(package.name, version, ""), Standing.SURE, readable)


@dataclass(frozen=True, slots=True)
class Reading:
    """How statements are to be read: which lists are in force, under which Python, within which constraints.

    `pythons` are the versions that are said in a folder; `constraints` give a specifier by list and package.
    """

    reached: Reached
    pythons: Mapping[str, frozenset[str]]
    constraints: dict[str, dict[str, str]] = field(default_factory=dict)
    markers: Markers = field(default_factory=Markers)

    def limit(self, rows: Iterable[Statement], most: int) -> None:
        """Take the specifiers of these constraints into account; after `most` of them the rest limits nothing."""
        count = 0
        for row in rows:
            if count < most and row.kind == "index" and row.specifier and self._surely(row):
                count += 1
                held = self.constraints.setdefault(row.path, {})
                name = canonicalize_name(row.name)
                held[name] = f"{held[name]},{row.specifier}" if name in held else row.specifier

    def _surely(self, row: Statement) -> bool:
        return self.markers.holds(row.marker) is Holds.YES

    def asked(self, statement: Statement) -> Asked | None:
        """The package that a statement asks for; None when it names none, or no version of it on an index."""
        if not statement.name or not is_source(statement):
            return None
        if statement.kind != "index" and not statement.specifier:
            return None  # what a repository or a folder holds has no version of an index
        name = canonicalize_name(statement.name)
        specifier = self._narrowed(statement, name)
        pin = exact(specifier)
        version, readable = _version(pin) if pin else ("", True)
        wanted = Wanted(name, version, "" if pin else specifier)
        return Asked(
            statement.location,
            statement.origin,
            wanted,
            self._standing(statement),
            readable,
        )

    def package(self, statement: Statement) -> Package | None:
        """The fact; what is fetched from elsewhere is specified by `@` and where."""
        if self._standing(statement) in (Standing.ASIDE, Standing.NEVER) or not statement.name:
            return None
        if not is_source(statement) or statement.path in self.reached.constraints:
            return None
        asked = self.asked(statement)
        name = canonicalize_name(statement.name)
        wanted = asked.wanted if asked else Wanted(name, "", f"@ {shown(statement.value)}")
        return Package(statement.path, statement.line, name, wanted.version, wanted.specifier, statement.origin)

    def _narrowed(self, statement: Statement, name: str) -> str:
        limits = sorted(self.reached.limits.get(statement.path, ()))
        clauses = (self.constraints.get(path, {}).get(name, "") for path in limits)
        return ",".join(filter(None, (statement.specifier, *clauses)))

    def _standing(self, statement: Statement) -> Standing:
        reached, path = self.reached, statement.path
        if path not in reached.requirements and path not in reached.constraints:
            return Standing.ASIDE
        held = {self.markers.holds(statement.marker, python) for python in self.pythons_of(path)}
        if held == {Holds.NO}:
            return Standing.NEVER
        return Standing.SURE if held == {Holds.YES} and path in reached.requirements else Standing.PERHAPS

    def pythons_of(self, path: str) -> frozenset[str]:
        """What is said in the folder of a list, or in the nearest one above it."""
        folder = folder_of(path)
        while folder not in self.pythons and folder and not folder.endswith("!/"):
            folder = folder_of(folder[:-1])
        return self.pythons.get(folder, frozenset({""}))


@lru_cache(maxsize=2**15)
def _version(text: str) -> tuple[str, bool]:
    """A version in its normal form, and whether it is one."""
    try:
        return (str(Version(text)), True) if len(text) <= _DIGITS else ("", False)
    except InvalidVersion:
        return "", False
