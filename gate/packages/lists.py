"""The lists of requirements of one archive: which are in force, what they include, and what all of them ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter

from gate.advisories.matching import Wanted
from gate.archive.archive import Archive
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.facts.dependencies import Layout, Package, Python, Statement
from gate.facts.seen import Seen
from gate.facts.spill import Spill
from gate.formats.conda import read_environment
from gate.formats.inclusion import Edge, follow
from gate.formats.list_kinds import is_lock
from gate.formats.relative import relative
from gate.formats.requirement_lists import Layouts, folder_of, plain, tops
from gate.formats.requirements import read_requirements
from gate.packages.asked import BY_CONDA, INSTALLED, Asked, Reading, edge, installed, statements

_HELD = 100_000
"""Inclusions in all lists of one archive."""
_OPENED = 256
"""Lists under other names that are opened because one includes them."""
_LIMITING = 100_000
"""Constraints that narrow something in one archive."""
_WANTED = 200_000
"""Different packages that are looked up in one archive."""
_EVERY = 1000
"""Rows between two looks at the clock."""


class Lists:
    """Goes through the rows of an archive as often as it is asked; only the inclusions are held.

    `opened` are rows of lists that had to be read because another one includes them.
    """

    def __init__(self, seen: Seen, archive: Archive) -> None:
        self._seen, self._archive = seen, archive
        self.opened: Spill[Statement] = Spill(attrgetter(*(field.name for field in fields(Statement))))
        self._edges: dict[str, list[Edge]] = {}
        self._manifests: list[Edge] = []
        self._there: dict[str, bool] = {}
        self._new: dict[str, list[Edge]] = {}
        self._cut: set[str] = set()
        held = 0
        for row in seen.rows(Statement):
            link = edge(row)
            if link is not None and link.manifest:
                self._manifests.append(link)
                continue
            edges = self._edges.setdefault(row.path, [])
            if link is not None and held < _HELD:
                held += 1
                edges.append(link)
            elif link is not None:
                self._cut.add(row.path)

    def reading(self) -> Reading:
        """Follow every inclusion; what it ran into is in `reached`.

        `opened` is complete then, and must be among the rows before anything else is asked.
        """
        reached = follow(self._roots(), self._following, self.exists)
        pythons: dict[str, frozenset[str]] = {}
        for said in self._seen.rows(Python):
            folder = folder_of(said.path)
            pythons[folder] = pythons.get(folder, frozenset()) | {said.version}
        return Reading(reached, pythons)

    def limit(self, reading: Reading) -> None:
        """Take the constraints into account."""
        reading.limit(self.of(reading.reached.constraints), _LIMITING)

    def of(self, paths: Collection[str]) -> Iterator[Statement]:
        """The statements of some lists, by path and line."""
        return (row for row in self._ticking() if row.path in paths)

    def packages(self, reading: Reading) -> Iterator[Package]:
        """The facts: what is asked for where somebody installs from."""
        return filter(None, map(reading.package, self._ticking()))

    def everything(self, reading: Reading) -> Iterator[Asked]:
        """What is installed, then what is asked for anywhere; by path.

        A constraint counts where nothing asks for its package, which may be needed by another one.
        """
        yield from self._installed()
        reached = reading.reached
        asking = reached.requirements if reached.constraints else ()
        named = {asked.wanted.name for row in self.of(asking) if (asked := reading.asked(row))}
        for row in self._ticking():
            asked = reading.asked(row)
            if asked is not None and not (row.path in reached.constraints and asked.wanted.name in named):
                yield asked

    def _installed(self) -> Iterator[Asked]:
        """Each package where pip or, if pip does not know of it, conda says that it is installed."""
        known = {(row.name, row.version) for row in self._seen.rows(Package) if row.origin == INSTALLED}
        for row in self._seen.rows(Package):
            if row.origin == INSTALLED or (row.origin == BY_CONDA and (row.name, row.version) not in known):
                yield installed(row)

    def wanted(self, reading: Reading) -> Collection[Wanted]:
        """What is to be looked up, each once; NotExamined for more than anybody would ask for."""
        wanted: dict[Wanted, None] = {}
        for asked in self.everything(reading):
            wanted[asked.wanted] = None
            if len(wanted) > _WANTED:
                raise NotExamined(GapReason.TOO_MANY, f"more than {_WANTED} different packages")
        return wanted.keys()

    def exists(self, path: str) -> bool:
        if path in self._edges:
            return True
        if path not in self._there:
            self._there[path] = self._archive.rows.find(path) is not None
        return self._there[path]

    def inside(self, path: str, name: str) -> str | None:
        """The path in the archive that a list means by a relative one; None for all others."""
        return relative(path, name.encode("utf-8", "surrogateescape"))

    def _roots(self) -> Iterator[Edge | str]:
        """What manifests name, then what lies where somebody looks for it."""
        yield from self._manifests
        layouts = {row.path: row.kind for row in self._seen.rows(Layout)}
        known = Layouts(
            self._archive.root.name,
            tops(self._edges, (row.path for row in self._archive.inventory())),
            frozenset(folder_of(path) for path, kind in layouts.items() if kind == "model"),
            frozenset(folder_of(path) for path, kind in layouts.items() if kind == "project"),
            frozenset(folder_of(path) for path in self._edges if is_lock(plain(path)[len(folder_of(path)) :])),
        )
        yield from filter(known.in_force, self._edges)

    def _following(self, path: str) -> Sequence[Edge]:
        if path in self._cut:
            raise NotExamined(GapReason.TOO_MANY, f"more than {_HELD} inclusions of lists")
        if path in self._edges:
            return self._edges[path]
        if path not in self._new:
            if len(self._new) >= _OPENED:
                raise NotExamined(GapReason.TOO_MANY, f"more than {_OPENED} lists under other names")
            self._new[path] = []
            for row in self._read(path):
                self.opened.add(row)
                if (link := edge(row)) is not None:
                    self._new[path].append(link)
        return self._new[path]

    def _read(self, path: str) -> Iterator[Statement]:
        """An environment or a list, by its name; whoever names it may call it anything else."""
        try:
            source = self._archive.open(path)
            if plain(path).lower().endswith((".yaml", ".yml")):
                environment = read_environment(source)
                return statements(path, (*environment.conda, *environment.pip), "conda")
            return statements(path, read_requirements(source), "requirements")
        except OSError as error:
            raise NotExamined(GapReason.UNREADABLE, f"{error.strerror}") from error

    def _ticking(self) -> Iterator[Statement]:
        for count, row in enumerate(self._seen.rows(Statement)):
            if count % _EVERY == 0:
                self._archive.budget.tick()
            yield row
