"""Which Python packages does an archive ask for or bring along, and which of them are known to be vulnerable?

What is asked for stands in lists that somebody installs from (gate.formats.requirement_lists says which), narrowed by
their constraints and by what markers say for Linux. What is brought along is installed in the archive, so its version
is certain. A list that nobody installs from is read as well, and told of in one note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from gate.advisories.matching import Hits, age, matching
from gate.core.advisory import Advisory
from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.facts.dependencies import AdvisoryData, Audited, Layout, Package, Python, PythonRange, Statement
from gate.formats.requirement_lists import is_tool
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen
from gate.packages.asked import (
    INSTALLED,
    Asked,
    Reading,
    cure,
    properties,
)
from gate.packages.lines import leads_nowhere, of_list, place_of, pythons, together
from gate.packages.lists import Lists
from gate.packages.looks import look_of
from gate.packages.told import told

_NO_DATA = "no data base of advisories: make one with `gate db update`, or name one with --db"


class Dependencies(Inspector):
    """Reads every list and every distribution by itself; how they bear on one another is seen at the end."""

    produces = (Statement, Layout, Python, PythonRange, Package, AdvisoryData, Audited)

    def wants(self, member: Member) -> Need | None:
        return Need.STREAM if look_of(member) is not None else None

    def inspect(self, member: Member) -> Iterator[Said]:
        look = look_of(member)
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
        yield from filter(None, map(leads_nowhere, sorted(reached.problems, key=place_of)))
        for _, group in groupby(lists.of(reached.requirements | reached.constraints), attrgetter("path")):
            yield from of_list(group, lists)
        yield from together(lists.of(reached.requirements | reached.constraints))
        yield from pythons(seen, reading, self.inputs.effective_time)
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


# -- what is known about packages -------------------------------------------------------------------------------------


def _of_list(group: Iterable[Asked], hits: Hits, counts: Counter[str]) -> Iterator[Finding]:
    """One list, or one distribution: each advisory of a package once, and what stands without a version together."""
    done: set[tuple[str, str, str]] = set()
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
            yield told(asked.location, "dependencies.unreadable-version", name, package=name)
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
            elif verdict and (verdict, name, advisory.id) not in done:
                done.add((verdict, name, advisory.id))
                yield _affected(asked, verdict, (advisory,), hits.safe.get(asked.wanted, ""))
        if possible and (name, asked.requirement, "") not in done:
            done.add((name, asked.requirement, ""))
            yield _affected(asked, "possibly-vulnerable", possible, hits.safe.get(asked.wanted, ""))
    for asked in loose:
        yield told(asked.location, "dependencies.unpinned", "", requirement=asked.requirement, count=number["loose"])
    for asked, advisory in aside:
        said = {"requirement": asked.requirement, "advisory": advisory.id, "count": number["aside"]}
        yield told(asked.location, "dependencies.unreferenced-vulnerable", "", **said)


def _affected(asked: Asked, verdict: str, advisories: Sequence[Advisory], safe: str) -> Finding:
    """One advisory of a version; of the many that a range may run into, the gravest and how many more."""
    first, *others = advisories
    fix = "no part of it is known to be safe" if others else cure(first)
    return told(
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
