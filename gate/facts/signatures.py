"""Who signed an archive or one of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Signature(Fact):
    """One signature; `path` is the member that holds it, "" for one that lies beside the archive and is about it.

    `name` is its file's name, with `:n` for the n-th in a file of many. `format` is certificate, key, envelope,
    detached or unknown. `status` and `reason` are those of gate.trust.reasons. `signer` is who made it, as far as that
    is proven: an identity with its `issuer`, or the name of a key. `verified_time` is when it was first seen (RFC 3339,
    UTC), "" where nobody proves it. `subjects` counts those of a statement, `predicate` is its type. `root` is the
    sha256 of the trusted root that was used.
    """

    kind: ClassVar[str] = "signature.signature"
    name: str
    format: str
    status: str
    reason: str
    signer: str
    issuer: str
    verified_time: str
    subjects: int
    predicate: str
    root: str


@dataclass(frozen=True, slots=True)
class SignatureFile(Note):
    """A member that holds a signature of the member `about`; `bare` when nothing but its name says so."""

    about: str
    bare: bool


@dataclass(frozen=True, slots=True)
class Granted(Note):
    """A verified signature counts for this entry of the trust file, at these stages and environments ("*": any)."""

    signer: str
    stages: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignatureCoverage(Fact):
    """Which files of a model a signature over a list of files covers; `path` and `name` are those of the signature.

    The numbers count files: as they were signed, changed since, listed and not there, there and not listed, and left
    out by the signer. `uncovered` names the first of the last two. `whole` says that nothing of the archive is left.
    """

    kind: ClassVar[str] = "signature.coverage"
    name: str
    method: str
    algorithm: str
    covered: int
    changed: int
    missing: int
    added: int
    ignored: int
    whole: bool
    uncovered: tuple[str, ...]
