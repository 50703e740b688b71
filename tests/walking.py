"""Walk an archive as the pipeline does, in this process, and remember everything."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gate.archive.archive import Archive
from gate.archive.member import Member, Need
from gate.archive.root import Root, state
from gate.archive.source import Source, whole
from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.sources import open_target

LIMITS = Limits()


@dataclass
class Walked:
    """What a walk gave: bytes by path (of members that could be read), rules and gap reasons by path, in order."""

    members: dict[str, bytes] = field(default_factory=dict)
    findings: list[tuple[str, str]] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    formats: str | None = None
    digest: str | None = None

    @property
    def rules(self) -> set[str]:
        return {rule for _, rule in self.findings}

    @property
    def reasons(self) -> set[str]:
        return {reason for _, reason in self.gaps}

    @property
    def clean(self) -> bool:
        return not self.findings and not self.gaps


@contextlib.contextmanager
def opened(content: bytes | Path | str, limits: Limits = LIMITS) -> Iterator[Archive]:
    """An Archive over bytes (in a file without a name) or a path."""
    if isinstance(content, bytes):
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            fd = os.dup(file.fileno())
        root = Root("subject", fd, False, len(content), None, state(fd, False, None))
    else:
        root = open_target(str(content), limits)
    archive = Archive(root, limits)
    try:
        yield archive
    finally:
        archive.close()


def everything(source: Source) -> bytes:
    return whole(source, 2**31)


def read(member: Member) -> bytes | None:
    """All bytes, or those before the damage."""
    parts: list[bytes] = []

    def reader(source: Source) -> None:
        at = 0
        while block := source.read_at(at, 2**16):
            parts.append(block)
            at += len(block)

    with contextlib.suppress(NotExamined):
        member.read(reader)
    return b"".join(parts)


def look(
    content: bytes | Path | str,
    limits: Limits = LIMITS,
    need: Need | Callable[[Member], Need] = Need.SEEK,
    each: Callable[[Member], object] = read,
) -> Walked:
    """Walk everything, path "" first; each member that somebody wants more of than its head is read."""
    result = Walked()

    def wants(member: Member) -> Need:
        return need if isinstance(need, Need) else need(member)

    with opened(content, limits) as archive:
        for walk in (archive.whole(wants), archive.children(wants)):
            for item in walk:
                take(item, result, each)
        kind = archive.subject().format
        result.formats = kind
        result.digest = archive.rows.digest()
    return result


def take(item: Member | Finding | Gap, result: Walked, each: Callable[[Member], object] = read) -> None:
    if isinstance(item, Member):
        assert item.path not in result.members
        got = each(item) if item.readable else None
        result.members[item.path] = got if isinstance(got, bytes) else b""
    elif isinstance(item, Finding):
        result.findings.append((item.location.path, item.rule))
    else:
        result.gaps.append((item.location.path, str(item.reason)))
        result.details.append(item.detail)
