"""The digest that a user expects an archive to have."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from gate.archive.archive import Archive
from gate.archive.source import blocks
from gate.core.errors import NotExamined, UsageError
from gate.formats.hashing import hasher

DIR_HASH = "dirHash"
"""in-toto's digest of a directory: https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md"""
_ALGORITHMS = {"sha256": (64, "sha256"), "sha384": (96, "sha384"), "sha512": (128, "sha512")}
_STRONG = {**_ALGORITHMS, "blake2b": (128, "blake2b-512"), DIR_HASH: (64, "sha256")}
_HEX = re.compile(r"[0-9a-f]+")


class Expectation(NamedTuple):
    """An algorithm as the user wrote it, and a digest in lower-case hex."""

    algorithm: str
    hex: str


class Answer(NamedTuple):
    """What was expected and what is; `actual` is None where it could not be told, and `detail` says why."""

    algorithm: str
    hex: str
    actual: str | None
    detail: str = ""


def expectation(text: str, option: str) -> Expectation:
    """`ALG:HEX` as a value; UsageError for an algorithm that pins nothing, or a digest of the wrong length."""
    algorithm, colon, digits = text.partition(":")
    if not colon or algorithm not in _STRONG:
        why = "does not pin anything" if algorithm in ("md5", "sha1") and colon else "is no ALGORITHM:HEX"
        raise UsageError(f"{option} {text}: {why}; use one of {', '.join(_STRONG)}, as sha256:HEX")
    length = _STRONG[algorithm][0]
    if len(digits) != length or not _HEX.fullmatch(digits.lower()):
        raise UsageError(f"{option} {text}: a digest by {algorithm} has {length} hexadecimal digits")
    return Expectation(algorithm, digits.lower())


def answer(expected: Expectation, archive: Archive) -> Answer:
    """What the archive's digest is; bytes are read again where the walk did not compute that algorithm."""
    algorithm, digits = expected
    if archive.root.folder or algorithm in ("sha256", DIR_HASH):
        actual = next(iter(archive.subject().digest.values()), None)
        return Answer(algorithm, digits, actual, "a member was not read")
    maker, check = hasher(_STRONG[algorithm][1], archive.root.size), hashlib.sha256()
    try:
        for block in blocks(archive.open("")):
            maker.update(block)
            check.update(block)
    except (NotExamined, OSError) as error:
        return Answer(algorithm, digits, None, str(error))
    if check.hexdigest() != archive.sha256:
        return Answer(algorithm, digits, None, "the file changed")
    return Answer(algorithm, digits, maker.hexdigest())
