"""Which waivers are in force, and what they cover."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping

from gate.core.decision import Request, Waiver
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


Covers = Callable[[str], bool]
"""Whether a waiver covers an encoded member path."""


def covering(waivers: Iterable[Waiver]) -> Mapping[str, Covers]:
    """By code, whether any of these waivers covers a path; the globs are fnmatch's and case-sensitive."""
    globs: dict[str, set[str]] = {}
    for waiver in waivers:
        globs.setdefault(waiver.code, set()).add(waiver.subject)
    return {code: _any(subjects) for code, subjects in globs.items()}


def _any(globs: set[str]) -> Covers:
    # What fnmatchcase() does at each call, done once: it matters at 10^6 findings.
    match = re.compile("|".join(fnmatch.translate(glob) for glob in sorted(globs))).match
    return lambda path: match(path) is not None
