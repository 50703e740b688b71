"""Which Python packages does an archive ask for or bring along, and which of them are known to be vulnerable?

What is asked for stands in lists that somebody installs from (gate.formats.requirement_lists says which), narrowed by
their constraints and by what markers say for Linux. What is brought along is installed in the archive, so its version
is certain. A list that nobody installs from is read as well, and told of in one note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from packaging.utils import canonicalize_name

from gate.advisories.matching import Hits, age, matching
from gate.core.advisory import Advisory
from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.core.text import printable
from gate.facts.dependencies import AdvisoryData, Audited, Layout, Package, Python, Statement
from gate.formats.conda import read_environment, read_python
from gate.formats.dist_info import BEGINS, PATH, read_dist_info
from gate.formats.inclusion import Problem
from gate.formats.manifests import Named, read_mlmodel, read_torchserve
from gate.formats.requirement import ARCHIVES
from gate.formats.requirement_lists import ENVIRONMENT, LIST, is_known, is_tool, plain
from gate.formats.requirements import read_requirements
from gate.formats.shown import shown
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen
from gate.packages.asked import INSTALLED, MLFLOW, TORCHSERVE, Asked, Reading, cure, is_source, properties, statements
from gate.packages.lists import Lists

Look: TypeAlias = Callable[[Member], Iterator[Said]]

_ENDS = (".txt", ".in", ".pip", ".yaml", ".yml", "/metadata", "pkg-info", ".egg-info", "manifest.json", "mlmodel")
"""How the path of everything that is looked at ends; a data set has a million members that do not."""
_INDEX = ("index-url", "extra-index-url", "find-links", "trusted-host")
_NO_DATA = "no data base of advisories: make one with `gate db update`, or name one with --db"


class Dependencies(Inspector):
    """Reads every list and every distribution by itself; how they bear on one another is seen at the end."""

    produces = (Statement, Layout, Python, Package, AdvisoryData, Audited)

    def wants(self, member: Member) -> Need | None:
        return Need.STREAM if _look(member) is not None else None

    def inspect(self, member: Member) -> Iterator[Said]:
        look = _look(member)
        return iter(()) if look is None else look(member)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Follow the lists, look up every package once, then go through all of them again and tell what was found.

        A row that is yielded here is seen by what comes behind it: each is stored before the next one is asked for.
        """
        lists = Lists(seen, archive)
        reading = lists.reading()
        yield from lists.opened
        lists.limit(reading)
        reached = reading.reached
        for path, why in sorted(reached.unread.items()):
            yield Gap(Location(path), why.reason, detail=str(why))
        yield from filter(None, map(_leads_nowhere, sorted(reached.problems, key=_place)))
        for _, group in groupby(lists.of(reached.requirements | reached.constraints), attrgetter("path")):
            yield from _lines(group, lists)
        yield from lists.packages(reading)
        hits = Hits()
        try:
            data, hits = self._look_up(lists, reading)
            yield from data
        except NotExamined as error:
            yield Gap(Location(), error.reason, detail=str(error))
        counts: Counter[str] = Counter()
        for _, asked in groupby(lists.everything(reading), attrgetter("location.path")):
            yield from _of_list(asked, hits, counts)
        yield Audited("", counts["pinned"], counts["unpinned"], counts["installed"])

    def section(self, seen: Seen) -> Section:
        audited = next(seen.rows(Audited), Audited("", 0, 0, 0))
        data = next(seen.rows(AdvisoryData), None)
        known = data or AdvisoryData("", "", "", 0, "")
        return {
            "packages": seen.count(Package),
            "pinned": audited.pinned,
            "unpinned": audited.unpinned,
            "installed": audited.installed,
            "vulnerable": seen.found("dependencies.vulnerable"),
            "possible": seen.found("dependencies.possibly-vulnerable"),
            "malicious": seen.found("dependencies.malicious"),
            "advisories": {
                "available": data is not None,
                "data_time": known.data_time or None,
                "fetched": known.fetched or None,
                "age_hours": age(known.data_time, known.fetched, self.inputs.effective_time),
                "label": known.label,
            },
        }

    def _look_up(self, lists: Lists, reading: Reading) -> tuple[tuple[AdvisoryData, ...], Hits]:
        """The data base that was asked, and the advisories of all packages that have any.

        Raises NotExamined where there are packages and no data base. Without packages none is opened.
        """
        wanted = lists.wanted(reading)
        if not wanted:
            return (), Hits()
        if self.inputs.advisories is None:
            raise NotExamined(GapReason.UNAVAILABLE, f"{len(wanted)} packages were not looked up: {_NO_DATA}")
        from gate.advisories.database import open_database  # noqa: PLC0415  # most archives ask for nothing

        with open_database(self.inputs.advisories) as database:
            about = database.about
            data = AdvisoryData("", about.digest, about.data_time, about.records, about.label, about.fetched)
            return (data,), matching(database, wanted)


inspector = Dependencies()


# -- what a member is -------------------------------------------------------------------------------------------------


def _look(member: Member) -> Look | None:
    """How to look at a member: an installer goes by names, so bytes that are no text become a gap, not a pass."""
    if not member.path.rstrip("#0123456789").lower().endswith(_ENDS):
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
    return _mlmodel if name == "MLmodel" else None


def _list(member: Member) -> Iterator[Said]:
    return statements(member.path, member.read(read_requirements), "requirements")


def _environment(member: Member) -> Iterator[Said]:
    environment = member.read(read_environment)
    if environment.python:
        yield Python(member.path, environment.python)
    yield from statements(member.path, (*environment.conda, *environment.pip), "conda")


def _distribution(member: Member) -> Iterator[Said]:
    if not PATH.fullmatch(plain(member.path)):
        yield Layout(member.path, "project")
    distribution = member.read(read_dist_info)
    yield Package(
        member.path, -1, canonicalize_name(distribution.name), printable(distribution.version, 100), "", INSTALLED
    )


def _torchserve(member: Member) -> Iterator[Said]:
    for named in member.read(read_torchserve):
        if named.key == "requirementsFile":
            yield _names(member, TORCHSERVE, named)


def _mlmodel(member: Member) -> Iterator[Said]:
    yield Layout(member.path, "model")
    if python := member.read(read_python):
        yield Python(member.path, python)
    for named in member.read(read_mlmodel):
        if named.key in ("env", "conda", "virtualenv"):
            yield _names(member, MLFLOW, named)


def _names(member: Member, kind: str, named: Named) -> Statement:
    return Statement(member.path, -1, -1, -1, kind, "", "", "", named.name, "")


# -- what a list says -------------------------------------------------------------------------------------------------


def _place(problem: Problem) -> tuple[Location, str]:
    return problem.edge.location, problem.edge.target


def _leads_nowhere(problem: Problem) -> Finding | None:
    edge = problem.edge
    if edge.manifest:
        return None  # that a manifest names what is not there is said by the integrity inspector
    at, target = edge.location, shown(edge.target)
    if problem.kind == "outside":
        return _told(at, "dependencies.include-outside", target, target=target)
    why = "which is not in the archive" if problem.kind == "missing" else "which leads back to this list"
    return _told(at, "dependencies.missing-include", target, target=target, why=why)


def _lines(group: Iterable[Statement], lists: Lists) -> Iterator[Finding]:
    """What one list says besides names and versions; its invalid lines are one finding."""
    first, count = None, 0
    for row in group:
        if row.kind == "invalid":
            first, count = first or row, count + 1
        elif row.kind in _INDEX:
            yield from _index(row, lists)
        elif is_source(row) and row.kind != "index":
            yield from _source(row, lists)
    if first is not None:
        yield _told(
            first.location, "dependencies.invalid-line", "", package=first.name, problem=first.value, lines=count
        )


def _index(row: Statement, lists: Lists) -> Iterator[Finding]:
    folder = row.kind == "find-links" and ":" not in row.value
    if is_known(row.value) and row.kind != "trusted-host":
        return
    if folder and lists.inside(row.path, row.value) is not None:
        return
    index = "a folder outside of the archive" if folder else shown(row.value)
    yield _told(row.location, "dependencies.remote-index", f"{row.kind} {index}", option=f"--{row.kind}", index=index)


def _source(row: Statement, lists: Lists) -> Iterator[Finding]:
    """A package that comes from no index; one that lies in the archive is looked at there."""
    package = canonicalize_name(row.name) if row.name else "a package"
    source = shown(row.value)
    if row.kind in ("path", "editable") and ":" not in row.value:
        path = lists.inside(row.path, row.value)
        if path is not None:
            if row.value.lower().endswith(ARCHIVES) and not lists.exists(path):
                why = "which is not in the archive"
                yield _told(row.location, "dependencies.missing-include", source, target=source, why=why)
            return
        source = "a path outside of the archive"
    yield _told(row.location, "dependencies.remote-source", f"{package} {source}", package=package, source=source)


# -- what is known about packages -------------------------------------------------------------------------------------


def _of_list(group: Iterable[Asked], hits: Hits, counts: Counter[str]) -> Iterator[Finding]:
    """One list, or one distribution: each advisory of a package once, and what stands without a version together."""
    told: set[tuple[str, str, str]] = set()
    loose: list[Asked] = []
    aside: list[tuple[Asked, Advisory]] = []
    number: Counter[str] = Counter()
    for asked in group:
        name, version, _ = asked.wanted
        if asked.origin == INSTALLED:
            counts["installed"] += 1
        elif asked.counts and (version or not is_tool(name)):
            counts["pinned" if version else "unpinned"] += 1
        if asked.counts and not asked.readable:
            yield _told(asked.location, "dependencies.unreadable-version", name, package=name)
        elif asked.counts and not version and not is_tool(name):
            number["loose"] += 1
            loose = loose or [asked]
        possible: list[Advisory] = []
        for advisory in hits.advisories.get(asked.wanted, ()):
            verdict = asked.verdict(advisory)
            if verdict == "unreferenced-vulnerable":
                number["aside"] += 1
                aside = aside or [(asked, advisory)]
            elif verdict == "possibly-vulnerable" and not version:
                possible.append(advisory)
            elif verdict and (verdict, name, advisory.id) not in told:
                told.add((verdict, name, advisory.id))
                yield _affected(asked, verdict, (advisory,), hits.safe.get(asked.wanted, ""))
        if possible and (name, asked.requirement, "") not in told:
            told.add((name, asked.requirement, ""))
            yield _affected(asked, "possibly-vulnerable", possible, hits.safe.get(asked.wanted, ""))
    for asked in loose:
        yield _told(asked.location, "dependencies.unpinned", "", requirement=asked.requirement, count=number["loose"])
    for asked, advisory in aside:
        said = {"requirement": asked.requirement, "advisory": advisory.id, "count": number["aside"]}
        yield _told(asked.location, "dependencies.unreferenced-vulnerable", "", **said)


def _affected(asked: Asked, verdict: str, advisories: Sequence[Advisory], safe: str) -> Finding:
    """One advisory of a version; of the many that a range may run into, the gravest and how many more."""
    first, *others = advisories
    fix = "no part of it is known to be safe" if others else cure(first)
    return _told(
        asked.location,
        f"dependencies.{verdict}",
        asked.wanted.name if others else f"{first.id} {asked.wanted.name}",
        requirement=asked.requirement,
        known=f"{first.id}, severity {first.severity}" + (f", and {len(others)} more" if others else ""),
        fix=f"{asked.wanted.name}{safe} has none" if safe else fix,
        certainty="possible" if verdict == "possibly-vulnerable" else "certain",
        **({"safe": safe} if safe else {}),
        **properties(asked, first),
    )


def _told(location: Location, rule: str, by: str, **args: object) -> Finding:
    return Finding(location, rule, by, tuple((name, str(value)) for name, value in args.items()))
