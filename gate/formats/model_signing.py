"""OpenSSF Model Signing 1.0: a statement that lists the files of a model with their digests.

    "subject":   [{"name": "<folder>", "digest": {"sha256": "<root>"}}],
    "predicate": {"serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": false,
                                    "ignore_paths": [".git"]},
                  "resources": [{"name": "sub/w.bin", "algorithm": "sha256", "digest": "<hex>"}]}

The root is the sha256 over all digests of the resources, raw, in the order in which they are listed; it is never the
digest of an archive. https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.dsse import Statement, members, text

PREDICATE = "https://model_signing/signature/v1.0"
ITSELF = "."
"""What some writers call the one file of a model that is a file."""
_LENGTHS = {"sha256": 32, "blake2b": 64}
"""Bytes of a digest, by the names that hashlib has for them as well."""
_UNKNOWN = ("blake3",)
_RESOURCES = 200_000
_IGNORED = 1000
"""Each is compared with every file that is not listed."""
_METHODS = {"files": "file", "shards": "shard"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A file, or the bytes from `start` to `end` of one; both are -1 for a whole file. `name` is as it is listed."""

    name: str
    digest: bytes
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class SignedModel:
    """What was signed. `algorithm` is a name of hashlib, `ignored` are the paths that the signer left out."""

    method: str
    algorithm: str
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...]
    symlinks: bool


def signed_model(statement: Statement) -> SignedModel:
    """The list that a statement holds.

    Raises FormatError for one that contradicts itself or the specification, NotExamined `unsupported` for digests that
    cannot be computed here (blake3) and for other versions of the predicate.
    """
    if statement.predicate_type != PREDICATE:
        raise NotExamined(GapReason.UNSUPPORTED, "an OpenSSF Model Signing signature of another version than 1.0")
    predicate = members(statement.predicate, "predicate", ("serialization", "resources"), None)
    how = members(predicate["serialization"], "serialization", ("method", "hash_type"), None)
    method, algorithm = text(how["method"], "method"), text(how["hash_type"], "hash_type")
    if method not in _METHODS or algorithm not in _LENGTHS:
        if algorithm in _UNKNOWN:
            raise NotExamined(GapReason.UNSUPPORTED, f"digests in {algorithm}, which is not computed here")
        raise NotExamined(GapReason.UNSUPPORTED, "a serialization of a kind that is not known here")
    rows = predicate["resources"]
    if not isinstance(rows, list) or len(rows) > _RESOURCES:
        raise FormatError(f"predicate: resources are no list of at most {_RESOURCES}")
    resources = tuple(_resource(row, method, algorithm) for row in rows)
    root = hashlib.sha256(b"".join(resource.digest for resource in resources)).hexdigest()
    if statement.subjects != ((("sha256", root),),):
        raise FormatError("statement: its subject is not the digest of the resources that it lists")
    if len({(resource.name, resource.start) for resource in resources}) < len(resources):
        raise FormatError("predicate: a resource stands twice")
    return SignedModel(method, algorithm, resources, _ignored(how), how.get("allow_symlinks") is True)


def _resource(value: Json, method: str, algorithm: str) -> Resource:
    row = value if isinstance(value, dict) else {}
    name, kind, spelled = row.get("name"), row.get("algorithm"), row.get("digest")
    if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(spelled, str):
        raise FormatError("resource: needs name, algorithm and digest, all of them text")
    try:
        digest = bytes.fromhex(spelled)
    except ValueError:
        raise FormatError("resource: a digest that is not hex") from None
    if digest.hex() != spelled or len(digest) != _LENGTHS[algorithm]:
        raise FormatError("resource: a digest that is not lower-case hex of its algorithm's length")
    if method == "files":
        if kind != algorithm:
            raise FormatError("resource: of another algorithm than the model")
        return Resource(name, digest)
    if not kind.startswith(f"{algorithm}-sharded-"):
        raise FormatError("resource: of another algorithm than the model")
    return Resource(*_range(name, digest))


def _range(listed: str, digest: bytes) -> tuple[str, bytes, int, int]:
    """`path:start:end`, where the path may have colons of its own."""
    path, *ends = listed.rsplit(":", 2)
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() and len(end) < 19 for end in ends):
        raise FormatError("resource: a shard that is not called path:start:end")
    start, end = map(int, ends)
    if start >= end:
        raise FormatError("resource: a shard without bytes")
    return path, digest, start, end


def _ignored(how: Mapping[str, Json]) -> tuple[str, ...]:
    rows = how.get("ignore_paths") or []
    if not isinstance(rows, list) or len(rows) > _IGNORED:
        raise FormatError(f"serialization: ignore_paths is no list of at most {_IGNORED}")
    return tuple(text(row, "ignore_paths") for row in rows)
