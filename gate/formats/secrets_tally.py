"""Counts the credentials of one member; a value is kept no longer than it takes to mask it."""

from __future__ import annotations

import hashlib
import hmac
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from gate.formats.content import Piece, Span
from gate.formats.personal import CELL, mask
from gate.formats.secrets import Secret, Spots, Tried, find
from gate.formats.secrets_kinds import Kind, kinds

LISTED = 25
"""Different values of one kind in one member that are findings of their own; more are counted."""
CAP = 1000
"""Values of one kind in one member that are counted; beyond them it is "1000 or more"."""
TRIED = 200_000
"""Places in one member at which one kind is looked for: what looks like it costs a microsecond or two."""
_LEADING = re.compile(r"(?:\\[nrt]|[^A-Za-z0-9])+")
_SPEAKS = re.compile(r"pass|pwd|secret|token|key|credential|bearer", re.IGNORECASE)
_KEY = re.compile(rf"((?:pass(?:word|wd)|secret|token|key)){CELL}", re.IGNORECASE)
_BETWEEN = re.compile(r"[^A-Za-z0-9]+")


@dataclass(slots=True)
class Place:
    """One value: where it stands first, and how often; never the value."""

    rule: str
    kind: Kind
    span: Span
    where: str
    sample: str
    keyed: str
    """Its HMAC-SHA256 in hex, "" without a key."""
    sure: bool
    count: int = 1


@dataclass(slots=True)
class Tally:
    """What one member holds; `key` is the secret of the keyed hashes, b"" for none."""

    spots: Spots
    key: bytes = field(default=b"", repr=False)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    """By rule and kind."""
    places: list[Place] = field(default_factory=list)
    tried: Tried = field(default_factory=lambda: Tried(TRIED))
    capped: set[tuple[str, str]] = field(default_factory=set)
    _different: Counter[tuple[str, str]] = field(default_factory=Counter)
    _listed: dict[tuple[str, str, int], Place] = field(default_factory=dict)

    def search(self, piece: Piece) -> None:
        """Everything that begins in the piece's own part."""
        for secret in find(_text(piece), self.spots, self.tried, piece.first, piece.last):
            self._add(piece, secret, secret.start, secret.end, piece.text[secret.start : secret.end])
        if piece.name and _SPEAKS.search(piece.name):
            for secret, start, value in _named(piece, self.spots, self.tried):
                self._add(piece, secret, start, start + len(value), value)

    def _add(self, piece: Piece, secret: Secret, start: int, end: int, value: str) -> None:
        group = (secret.rule, secret.kind.kind)
        count = self.counts.get(group, 0)
        if count >= CAP:
            self.capped.add(group)
            self.tried.done.add(kinds().index(secret.kind))
            return
        self.counts[group] = count + 1
        known = self._listed.get((*group, hash(value)))
        if known is not None:
            known.count += 1
        elif self._different[group] < LISTED:
            self._different[group] += 1
            place = Place(
                secret.rule,
                secret.kind,
                piece.span(start, end),
                piece.where,
                sample(value),
                self._keyed(value),
                secret.sure,
            )
            self._listed[(*group, hash(value))] = place
            self.places.append(place)

    def _keyed(self, value: str) -> str:
        if not self.key:
            return ""
        return hmac.new(self.key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _text(piece: Piece) -> str:
    """The text of a piece; strings that stand side by side are lines, and a key is assigned what follows it."""
    if CELL not in piece.text:
        return piece.text
    text = piece.text if piece.column >= 0 else _KEY.sub(r"\1=", piece.text)
    return text.replace(CELL, "\n")


def sample(value: str) -> str:
    """The value masked; white space and escapes in front of it do not count."""
    return mask(_LEADING.sub("", value, count=1) if _LEADING.match(value) else value)


def _named(piece: Piece, spots: Spots, tried: Tried) -> Iterator[tuple[Secret, int, str]]:
    """Cells of a column whose name says what they are, and where they begin in the piece."""
    name = _BETWEEN.sub("_", piece.name[:100]).strip("_").lower()
    cells = piece.cells or (piece.text[piece.first : piece.last],)
    starts = [piece.first, *accumulate((len(cell) + 1 for cell in cells), initial=piece.first)][1:]
    lines = [f'{name}="{cell}"\n' if len(cell) <= 512 and '"' not in cell else "\n" for cell in cells]
    begins = list(accumulate(map(len, lines), initial=0))
    text = "".join(lines)
    for secret in find(text, spots, tried):
        row = bisect_right(begins, secret.start) - 1
        inside = secret.start - begins[row] - len(name) - 2
        if inside >= 0:
            yield secret, starts[row] + inside, text[secret.start : secret.end]
