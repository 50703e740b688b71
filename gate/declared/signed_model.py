"""A model signature against an opened archive: which files the model has there, and what they hash to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gate.archive.archive import Archive
from gate.archive.source import BLOCK
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import Gap
from gate.core.text import printable
from gate.declared.again import Wanted, digests
from gate.facts.signatures import SignatureCoverage
from gate.formats.model_signing import ITSELF, SignedModel
from gate.trust.coverage import Coverage, There, cover, inside
from gate.trust.reasons import MODEL_FILES, PARTIAL, Status
from gate.trust.verify import WHY, Outcome

Rows = dict[str, tuple[int, str]]
_LISTED = 50
_NAMES = {"sha256": "sha256", "blake2b": "blake2b-512"}
"""Algorithms of hashlib, as gate.formats.hashing calls them."""
_INERT = (".gitattributes", ".gitignore")
"""What git reads and nothing runs: signers leave it out, and an archive without it is the same model."""


def compared(
    outcome: Outcome, archive: Archive, path: str, name: str, about: str
) -> tuple[Outcome, SignatureCoverage | None]:
    """What a genuine signature over a list of files is worth here; one that is not genuine stays as it is.

    `path` is the member that holds the signature, "" where it lies beside the archive; `about` is what that member is
    called after, "" for the archive.
    """
    model = outcome.model
    if model is None:
        return outcome, None
    try:
        coverage, whole = _covered(model, archive, path, about)
    except NotExamined as error:
        unread = replace(outcome, status=Status.UNVERIFIABLE, reason=WHY.get(error.reason, "failed"), signers=())
        return replace(unread, gap=error.reason, detail=str(error)), None
    fact = _fact(model, coverage, path, name, whole=whole)
    if not coverage.holds:
        detail = f"{fact.changed} changed, {fact.missing} missing, {fact.added} added"
        return replace(outcome, status=Status.INVALID, reason=MODEL_FILES, signers=(), detail=detail), fact
    if not path and not whole and outcome.status is Status.VERIFIED:  # it would stand for the archive
        detail = f"{fact.ignored} members"
        return replace(outcome, status=Status.UNTRUSTED, reason=PARTIAL, signers=(), detail=detail), fact
    return outcome, fact


def _fact(model: SignedModel, coverage: Coverage, path: str, name: str, *, whole: bool) -> SignatureCoverage:
    return SignatureCoverage(
        path,
        printable(name),
        model.method,
        model.algorithm,
        coverage.covered,
        len(coverage.changed),
        len(coverage.missing),
        len(coverage.added),
        len(coverage.ignored),
        whole,
        tuple(printable(one) for one in (*coverage.added, *coverage.ignored)[:_LISTED]),
    )


def _covered(model: SignedModel, archive: Archive, path: str, about: str) -> tuple[Coverage, bool]:
    """What a list covers, and whether that is the whole archive."""
    rows: Rows = {row.path: (row.size, row.sha256) for row in archive.inventory()}
    again = _Again(archive, model)
    single = _single(model, archive, rows, about)
    if single is not None:
        return cover(model, [single], again.digest), not path
    top = _top(rows)
    base = _folder(path) if path else _base(model, top)
    files = inside(rows, base, path)
    again.files = files
    result = cover(model, files, again.digest)
    return result, base in ("", top) and result.holds and set(result.ignored) <= set(_INERT)


def _folder(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return head + slash


def _top(rows: Rows) -> str:
    """The one folder that everything lies in, with its slash; "" where there is none."""
    names = {path.partition("/")[0] for path in rows if "!/" not in path}
    name = next(iter(names), "")
    return f"{name}/" if len(names) == 1 and name not in rows else ""


def _base(model: SignedModel, top: str) -> str:
    """A signature beside an archive may be of its only folder: what it lists tells."""
    return top if top and not any(one.name.startswith(top) for one in model.resources) else ""


def _single(model: SignedModel, archive: Archive, rows: Rows, about: str) -> There | None:
    """The one file, where the model is a file."""
    names = {resource.name for resource in model.resources}
    own = about.removeprefix(_folder(about)) if about else archive.root.name
    if len(names) != 1 or not names <= {ITSELF, own}:
        return None
    name = next(iter(names))
    if about in rows:
        return There(name, about, *rows[about])
    if about or archive.root.folder or name in rows:
        return None
    return There(name, "", archive.root.size, archive.sha256)


class _Again:
    """Digests that the walk did not compute; those of whole files all together, when the first is asked for."""

    def __init__(self, archive: Archive, model: SignedModel) -> None:
        self._archive, self._model = archive, model
        self.files: list[There] = []
        self._whole: dict[str, str] = {}

    def digest(self, path: str, algorithm: str, start: int, end: int) -> bytes:
        """Of a member, whole or a range of it; raises NotExamined."""
        if start >= 0 or not path:
            return _range(self._archive, path, algorithm, start, end)
        if not self._whole:
            self._compute(algorithm)
        if path not in self._whole:
            return _range(self._archive, path, algorithm, start, end)
        return bytes.fromhex(self._whole[path])

    def _compute(self, algorithm: str) -> None:
        paths = {file.path for file in self.files}
        rows = (row for row in self._archive.inventory() if row.path in paths and row.sha256)
        for measured in digests(self._archive, (Wanted(row, (_NAMES[algorithm],)) for row in rows)):
            if isinstance(measured, Gap):
                raise NotExamined(measured.reason, measured.detail)
            self._whole[measured.path] = measured.hex


def _range(archive: Archive, path: str, algorithm: str, start: int, end: int) -> bytes:
    source = archive.open(path)
    at, end = max(start, 0), source.size if end < 0 else end
    digest = hashlib.new(algorithm)
    while at < end:
        archive.budget.tick()
        block = source.read_at(at, min(BLOCK, end - at))
        if not block:
            raise FormatError("ends before its size")
        digest.update(block)
        at += len(block)
    return digest.digest()
