"""Which waivers are in force, and what they cover."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping

from gate.core.decision import Request, Waiver
from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.report import Listed
from gate.core.subject import Subject

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""The one form of RFC 3339 whose values compare as text."""


def live(waiver: Waiver, request: Request, subject: Subject) -> bool:
    """Whether a waiver is in force: its time (created <= now < expires), its stages, its digest, a reason.

    `digest` is the hex digest of the subject, with or without its algorithm in front ("sha256:..."); a waiver that is
    bound to a digest is never in force for a subject that has none. A time in any other form counts as out of force.
    """
    times = (waiver.created, request.effective_time, waiver.expires)
    return (
        all(INSTANT.fullmatch(time) for time in times)
        and waiver.created <= request.effective_time < waiver.expires
        and request.stage in waiver.stages
        and waiver.reason.strip() != ""
        and (waiver.digest is None or waiver.digest in _digests(subject))
    )


def _digests(subject: Subject) -> set[str]:
    return {spelled for name, value in subject.digest.items() for spelled in (value, f"{name}:{value}")}


Covers = Callable[["Finding | Gap"], bool]
"""Whether a waiver covers a finding or gap of its code."""


def covering(waivers: Iterable[Waiver], members: Iterable[Listed] = ()) -> Mapping[str, Covers]:
    """By code, whether any of these waivers covers a row; globs of paths are fnmatch's and case-sensitive.

    `members` is the inventory: a waiver for one member counts only where that member lies.
    """
    rows = tuple(waivers)
    wanted = {_hex(waiver.member) for waiver in rows if waiver.member}
    places = {(row.sha256, row.path) for row in members if row.sha256 in wanted} if wanted else set()
    by_code: dict[str, list[Waiver]] = {}
    for waiver in rows:
        by_code.setdefault(waiver.code, []).append(waiver)
    return {code: _any(group, places) for code, group in by_code.items()}


def _any(waivers: list[Waiver], places: set[tuple[str, str]]) -> Covers:
    # What fnmatchcase() does at each call, done once: it matters at 10^6 findings.
    broad = _glob(waiver.subject for waiver in waivers if not _narrow(waiver))
    narrow: dict[str | None, list[tuple[Callable[[str], bool], Waiver]]] = {}
    for waiver in filter(_narrow, waivers):
        narrow.setdefault(waiver.about, []).append((_glob([waiver.subject]), waiver))

    def covers(row: Finding | Gap) -> bool:
        path = row.location.path
        if broad(path):
            return True
        return any(
            matches(path)
            and (waiver.member is None or (_hex(waiver.member), path) in places)
            and (waiver.version is None or _is_version(row, waiver.version))
            for name in (None, *_names(row))
            for matches, waiver in narrow.get(name, ())
        )

    return covers


def concerns(waiver: Waiver, row: Finding | Gap) -> bool:
    """Whether a waiver of this code is about this finding, wherever that lies."""
    said = waiver.about is None or waiver.about in _names(row)
    return said and (waiver.version is None or _is_version(row, waiver.version))


def _narrow(waiver: Waiver) -> bool:
    return any((waiver.about, waiver.member, waiver.version))


def _names(row: Finding | Gap) -> tuple[str, ...]:
    """What a finding is called: its discriminator; one about a single advisory by any id of that, too."""
    if not isinstance(row, Finding):
        return ()
    said = dict(row.args)
    advisory, package = said.get("advisory", ""), said.get("package", "")
    if not advisory or row.discriminator != f"{advisory} {package}":
        return (row.discriminator,)
    ids = (advisory, *filter(None, said.get("aliases", "").split(", ")))
    return (*ids, *(f"{own} {package}" for own in ids))


def _is_version(row: Finding | Gap, version: str) -> bool:
    """A build of a version (1.12.1+cu113) is that version; what has only a specifier is none."""
    said = dict(row.args).get("version", "") if isinstance(row, Finding) else ""
    return version in (said, said.partition("+")[0])


def _glob(globs: Iterable[str]) -> Callable[[str], bool]:
    patterns = "|".join(fnmatch.translate(glob) for glob in sorted(set(globs)))
    match = re.compile(patterns or r"(?!)").match
    return lambda path: match(path) is not None


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
