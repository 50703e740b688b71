"""What an archive declares about its own members."""

from __future__ import annotations

from dataclasses import dataclass

from gate.core.row import Note


@dataclass(frozen=True, slots=True)
class Declared(Note):
    """Member `by` says that `path` exists, and perhaps its digest and size.

    `algorithm` is a name of gate.formats.hashing and `hex` a digest in lower case, both "" where only presence is
    declared; `size` is in bytes, -1 where unknown. `sure` is 0 where `path` need not be there. Where `by` is `path`
    itself, the file is called by its digest.
    """

    algorithm: str
    hex: str
    size: int
    by: str
    sure: int = 1


@dataclass(frozen=True, slots=True)
class DeclaredFolder(Note):
    """Member `by` says that `hex` is the digest of the folder at `path`, by `algorithm` for each of its files."""

    algorithm: str
    hex: str
    by: str


@dataclass(frozen=True, slots=True)
class Closed(Note):
    """The list at `path` names every member of its container, but for itself and its signatures."""


@dataclass(frozen=True, slots=True)
class TensorBytes(Note):
    """Bytes of data that the tensors of the file at `path` have."""

    bytes: int


@dataclass(frozen=True, slots=True)
class TensorTotal(Note):
    """The index at `path` says how many bytes of data all of its shards have; those are at `shards`."""

    bytes: int
