"""Inventory: one row for every member, sorted, on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from gate.core import report
from gate.facts.spill import Spill


class InventoryRow(NamedTuple):
    """A member: encoded path, size in bytes (-1 unknown), sha256 in hex ("" when it was not read to its end).

    `locator` finds it in its container again. `media_type` is told by its first bytes, "" where there were none to see.
    """

    path: str
    size: int
    sha256: str
    locator: Any
    media_type: str = ""

    def follows(self) -> bool:
        """Whether the member is found only by going through its container from the start."""
        return isinstance(self.locator, int) and self.locator < 0


Plain: TypeAlias = tuple[str, int, str, Any, str]
"""A row while it is kept or sent: plain tuples are sorted and pickled three times as fast as named ones."""


class Inventory:
    """All members at all levels; may be iterated again, sorted by path."""

    def __init__(self) -> None:
        self._rows: Spill[Plain] = Spill()
        self.bytes = 0
        self.unread = 0

    def add(self, path: str, size: int, sha256: str, locator: Any, media_type: str = "") -> None:
        """One more member; `sha256` is "" and `size` -1 when it was not read to its end."""
        self._rows.add((path, size, sha256, locator, media_type))
        if sha256:
            self.bytes += size
        else:
            self.unread += 1

    @property
    def members(self) -> int:
        return self._rows.count

    def __iter__(self) -> Iterator[InventoryRow]:
        return map(InventoryRow._make, self._rows)

    def find(self, path: str) -> InventoryRow | None:
        row = self._rows.find((path,))
        return None if row is None else InventoryRow._make(row)

    def drain(self) -> list[Plain]:
        """All rows, and forget them: a worker hands them over."""
        self.bytes = self.unread = 0
        return self._rows.drain()

    def digest(self) -> str | None:
        """sha256 over the lines `<hex>  <path>`, sorted by path; None when a member was not read."""
        if self.unread:
            return None
        digest = hashlib.sha256()
        for row in self:
            digest.update(f"{row.sha256}  {row.path}\n".encode())
        return digest.hexdigest()

    def listed(self, *, whole: bool) -> report.Inventory:
        """What a report holds of it; without a root digest where not `whole`."""
        return report.Inventory(self.members, self.bytes, self.digest() if whole else None, self)

    def dir_hash(self) -> str | None:
        """in-toto's dirHash (Go's Hash1) over a folder's own files; None when one was not read or cannot be listed.

        https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md
        """
        if self.unread:
            return None
        raw: Spill[tuple[bytes, str]] = Spill()
        for row in self:
            if "!/" not in row.path and isinstance(row.locator, bytes):  # a link is another name of a file
                raw.add((row.locator, row.sha256))
        digest = hashlib.sha256()
        for name, sha256 in raw:
            if b"\n" in name:
                return None  # Go's Hash1 refuses such a name
            digest.update(sha256.encode() + b"  " + name + b"\n")
        return digest.hexdigest()
