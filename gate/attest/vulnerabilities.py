"""Which known vulnerabilities the packages of an archive have, as it is signed: ids, ratings, packages; no path.

Only a whole look is signed. An empty list says that nothing is known against any package, so there is no list at all
without a data base, without packages, or where a list of them could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gate.core.decision import Request
from gate.core.report import Json, Report, State, Status
from gate.core.text import printable

INSPECTOR = "dependencies"
FACT = "dependencies.advisories"
"""The kind of the fact that says in which data base packages were looked up."""
RULES = ("dependencies.malicious", "dependencies.vulnerable", "dependencies.possibly-vulnerable")
"""Rules about packages that the model may run with."""
_HEX = re.compile(r"[0-9a-f]{64}")
_LONGEST = 100
"""Characters of an id, a name or a specifier: the gravest must always fit, or the list would look empty."""
_RATINGS = ("critical", "high", "medium", "low", "unknown")


@dataclass(frozen=True, slots=True)
class Affected:
    """A package that an advisory is about, in its `version` or else in some of those that `specifier` allows.

    `certainty` is certain or possible.
    """

    package: str
    version: str
    specifier: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """An advisory by its id; `rating` is one of _RATINGS. A `malicious` package is itself the attack."""

    id: str
    rating: str
    malicious: bool
    affected: tuple[Affected, ...]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a data base of this digest knew, the worst first; `unlisted` more findings are not among them.

    `data_time` is when the newest record was modified, `fetched` when the feed was got, "" where nobody says. A `label`
    that is not empty says what the data base is not.
    """

    digest: str
    data_time: str
    label: str
    found: tuple[Vulnerability, ...]
    unlisted: int = 0
    fetched: str = ""


def of_report(report: Report, request: Request) -> LookedUp | None:
    """What a scan looked up; None where not every package was."""
    section = report.sections.get(INSPECTOR, {}).get("advisories")
    available = isinstance(section, Mapping) and section.get("available") is True
    rows = ((what.rule, dict(what.args)) for what in report.findings if what.rule in RULES)
    return _looked_up(available, report.statuses, request.inputs.get("advisories"), rows, 0)


def of_result(
    totals: Mapping[str, int],
    statuses: Iterable[Status],
    advisories: Json,
    findings: Iterable[tuple[str, Mapping[str, str]]],
) -> LookedUp | None:
    """The same of a saved result; `totals` count findings by rule, and facts by kind."""
    rows = [row for row in findings if row[0] in RULES]
    unlisted = sum(totals.get(rule, 0) for rule in RULES) - len(rows)
    return _looked_up(bool(totals.get(FACT)), statuses, advisories, rows, unlisted)


def _looked_up(
    available: bool,
    statuses: Iterable[Status],
    advisories: Json,
    rows: Iterable[tuple[str, Mapping[str, str]]],
    unlisted: int,
) -> LookedUp | None:
    whole = any(status.inspector == INSPECTOR and status.state == State.COMPLETE for status in statuses)
    about = advisories if isinstance(advisories, Mapping) else {}
    digest, time, label = about.get("digest"), about.get("data_time"), about.get("label") or ""
    sha256 = digest.get("sha256") if isinstance(digest, Mapping) else None
    if not (available and whole and isinstance(sha256, str) and _HEX.fullmatch(sha256)):
        return None
    if not (isinstance(time, str) and time and isinstance(label, str)):
        return None
    found = tuple(sorted(_gathered(rows), key=_worst_first))
    fetched = about.get("fetched")
    return LookedUp(
        sha256,
        printable(time),
        printable(label),
        found,
        unlisted,
        printable(fetched) if isinstance(fetched, str) else "",
    )


def _gathered(rows: Iterable[tuple[str, Mapping[str, str]]]) -> Iterable[Vulnerability]:
    """One for each id, with every package that it is about."""
    kinds: dict[str, tuple[str, bool]] = {}
    affected: dict[str, set[tuple[str, str, str, str]]] = {}
    for rule, properties in rows:
        name, rating, *words = (
            printable(properties.get(key, ""), _LONGEST)
            for key in ("advisory", "severity", "package", "version", "specifier", "certainty")
        )
        package, version, specifier, certainty = words
        malicious = kinds.get(name, ("", False))[1] or rule == RULES[0]
        kinds[name] = (rating if rating in _RATINGS else "unknown", malicious)
        affected.setdefault(name, set()).add((package, version, specifier, certainty))
    for name, (rating, malicious) in kinds.items():
        yield Vulnerability(name, rating, malicious, tuple(Affected(*one) for one in sorted(affected[name])))


def _worst_first(one: Vulnerability) -> tuple[bool, int, str]:
    return not one.malicious, _RATINGS.index(one.rating), one.id
