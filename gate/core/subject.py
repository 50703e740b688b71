"""Subject: what is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """Name, kind and digests of what is judged (in-toto ResourceDescriptor).

    `digest` holds `sha256` of a file or `dirHash` of a directory, and is empty when a member was not read.
    `size` is in bytes; `format` is a name of gate.archive.sniff, None when the bytes were not recognised.
    """

    name: str
    kind: str
    digest: Mapping[str, str]
    size: int
    format: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a subject was opened, None for standard input, and in which state (see gate.archive.root.state)."""

    path: str | None
    state: str
