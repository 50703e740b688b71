"""Does a member hold credentials: keys, tokens, passwords?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from gate.adapters.anchors import spots
from gate.adapters.contents import content_need, read_content
from gate.core.errors import NotExamined
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.facts.secrets import Credential
from gate.formats.content import Missed, Span
from gate.formats.redact import named
from gate.formats.secrets_kinds import kinds, words
from gate.formats.secrets_tally import Place, Tally, sample
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found

ITEMS = 100
"""Members and kinds that the section lists."""
_WEAK = frozenset({"assigned-value", "unconfirmed"})
_CERTAIN = frozenset(
    {"crc32_base62", "macaroon", "pem", "encoded_pem", "openpgp", "service_account", "bech32", "web_key"}
)
"""Checks that chance does not pass."""


@cache
def _spoken() -> re.Pattern[str]:
    """Paths of what talks about credentials, and of tests, which invent them."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in words()["spoken"]), re.IGNORECASE)


class Secrets(Inspector):
    """Searches whatever people can read in a member; never says a value."""

    produces = (Credential,)

    def wants(self, member: Member) -> Need | None:
        return content_need(member)

    def inspect(self, member: Member) -> Iterator[Said]:
        tally = Tally(spots, self.inputs.mask_key)
        for at, error in _search(member, tally):
            yield Gap(Location(member.path, at), error.reason, detail=str(error))
        for number in sorted(tally.tried.spent):
            detail = f"{kinds()[number].what}: given up after too many look-alikes"
            yield Gap(Location(member.path), GapReason.BUDGET, detail=detail)
        yield from (_finding(member.path, place) for place in tally.places)
        for (rule, kind), count in sorted(tally.counts.items()):
            yield Credential(member.path, kind, f"secrets.{rule}", count, int((rule, kind) not in tally.capped))

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Names of members are shown wherever the member is, and masked there: see gate.masked."""
        for row in archive.inventory():
            name = row.path.rpartition("!/")[2]
            secret = named(name)
            if secret is not None:
                value = name[secret.start : secret.end]
                place = Place(secret.rule, secret.kind, Span(), "its name", sample(value), "", secret.sure)
                yield _finding(row.path, place)
                yield Credential(row.path, secret.kind.kind, f"secrets.{secret.rule}", 1, 1)

    def section(self, seen: Seen) -> Section:
        rules: Counter[str] = Counter()
        by_kind: Counter[str] = Counter()
        members = rows = 0
        complete = True
        listed: list[Json] = []
        for path, group in groupby(seen.rows(Credential), key=lambda row: row.path):
            members += 1
            for row in group:
                rows += 1
                rules[row.rule] += row.count
                by_kind[row.credential] += row.count
                complete = complete and bool(row.complete)
                if len(listed) < ITEMS:
                    listed.append({"path": path, "kind": row.credential, "rule": row.rule, "count": row.count})
        return {
            "members": members,
            "complete": complete,
            "rules": dict(sorted(rules.items())),
            "kinds": dict(sorted(by_kind.items())),
            "items": listed,
            "truncated": rows - len(listed),
        }


inspector = Secrets()


def _search(member: Member, tally: Tally) -> Iterator[tuple[int, NotExamined]]:
    """Searches all pieces; what was not searched, and from which byte on."""
    limit, size = member.budget.limits.secret_characters, 0
    try:
        for piece in member.read(read_content):
            if isinstance(piece, Missed):
                yield piece.start, piece.error
                continue
            member.budget.tick()
            tally.search(piece)
            size += piece.last - piece.first
            if size > limit:
                detail = f"text beyond {limit} characters was not searched for credentials"
                raise NotExamined(GapReason.BUDGET, detail)
    except NotExamined as error:
        yield -1, error


def _finding(path: str, place: Place) -> Finding:
    properties = {"hmac_sha256": place.keyed} if place.keyed else {}
    return found(
        f"secrets.{place.rule}",
        path,
        at=place.span[:2],
        line=place.span.line,
        by=place.kind.kind,
        confidence=_confidence(path, place),
        what=place.kind.what,
        where=f" in {place.where}" if place.where else "",
        sample=place.sample,
        times=f", {place.count} times" if place.count > 1 else "",
        kind=place.kind.kind,
        **properties,
    )


def _confidence(path: str, place: Place) -> Confidence:
    """High where chance is excluded; lower in tests and documentation, which invent values."""
    if place.rule in _WEAK or not place.sure:
        return Confidence.LOW if _spoken().search(path) else Confidence.MEDIUM
    if place.kind.check in _CERTAIN:
        return Confidence.HIGH
    return Confidence.LOW if _spoken().search(path) else Confidence.HIGH
