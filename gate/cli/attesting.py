"""A saved result, and the archive that it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gate.archive.archive import Archive
from gate.archive.member import Need
from gate.attest.attest import NotAttested
from gate.attest.result import read_result
from gate.attest.verdict import UNVERIFIED, Verdict
from gate.cli.files import read_file
from gate.core.errors import NotExamined, UsageError
from gate.core.limits import Limits
from gate.core.subject import Opened, Subject
from gate.sources import open_target

_MOST = 2**26
"""Bytes of a result; findings and facts are capped."""


def saved(file: str, valid: timedelta | None, *, unverified: bool) -> Verdict:
    """The verdict of a result; UsageError for what cannot be read, or claims to be from the future."""
    try:
        verdict = read_result(read_file(file, "RESULT", _MOST), valid)
    except NotExamined as error:
        raise UsageError(f"{file}: {error}") from error
    if verdict.time > datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"):
        raise UsageError(f"{file}: was decided at {verdict.time}, which is yet to come")
    return replace(verdict, basis=UNVERIFIED) if unverified else verdict


def hashed(target: str, subject: Subject) -> Opened:
    """In which state the target was opened that was hashed just now; NotAttested when it has another digest."""
    archive = Archive(open_target(target, Limits()), Limits())
    try:
        if archive.root.folder:
            for _ in archive.children(lambda _: Need.HEAD):
                pass  # the walk hashes what it passes
        else:
            archive.sha256 = archive.digest()
        if dict(archive.subject().digest) != dict(subject.digest):
            raise NotAttested("the archive does not have the digest of the result")
        return archive.root.opened()
    finally:
        archive.close()
