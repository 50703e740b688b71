"""Questions in the form of https://google.github.io/osv.dev/api/, answered from the data base; no socket is touched.

    POST /v1/query        {"package": {"name": "torch", "ecosystem": "PyPI"}, "version": "1.12.1"}  -> {"vulns": [...]}
    POST /v1/querybatch   {"queries": [the same, ...]}  -> {"results": [{"vulns": [{"id", "modified"}]}, ...]}
    GET  /v1/vulns/ID     -> the record

No hit is {}, as there. What cannot be answered is an error and not an empty answer: another ecosystem, a commit, a
version that is none of PEP 440.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import Version

from gate.advisories.interval import parsed
from gate.advisories.served import served
from gate.core.canonical import canonical
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import parse_json

BODY = 2**20
"""Bytes of a question; a batch of 1,000 has some 100 KB."""
_QUERIES = 1000
"""Of one batch, as at api.osv.dev."""
_PURL = re.compile(r"pkg:pypi/([^/@?#]{1,200})(?:@([^?#]{1,200}))?", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_INVALID, _NOT_FOUND = 3, 5
"""Codes of gRPC, which OSV's errors have: https://grpc.github.io/grpc/core/md_doc_statuscodes.html"""


class Records(Protocol):
    """What is asked of the data base."""

    def ids(self, name: str, version: Version | None) -> list[str]: ...
    def record(self, own: str) -> bytes | None: ...


class Answer(NamedTuple):
    """A status of HTTP, and JSON."""

    status: int
    body: bytes


class _NotAsked(Exception):
    """The question has no answer here; the text says why."""


def get(records: Records, path: str) -> Answer:
    """GET of a path, which is never one of a file."""
    before, slash, own = path.partition("/v1/vulns/")
    if before or not slash:
        return _refused(404, _NOT_FOUND, "there are /v1/query, /v1/querybatch and /v1/vulns/ID")
    own = unquote(own)
    text = records.record(own) if _ID.fullmatch(own) else None
    return Answer(200, canonical(served(text))) if text else _refused(404, _NOT_FOUND, "Bug not found.")


def post(records: Records, path: str, body: bytes) -> Answer:
    """POST of a question to a path."""
    if path not in ("/v1/query", "/v1/querybatch"):
        return _refused(404, _NOT_FOUND, "there are /v1/query, /v1/querybatch and /v1/vulns/ID")
    try:
        question = _question(body)
        if path == "/v1/query":
            return Answer(200, canonical(_vulns([served(text) for text in _hits(records, question)])))
        queries = question.get("queries")
        if not isinstance(queries, list) or len(queries) > _QUERIES:
            raise _NotAsked(f"queries: not a list of at most {_QUERIES}")
        return Answer(200, canonical({"results": [_short(records, query) for query in queries]}))
    except _NotAsked as error:
        return _refused(400, _INVALID, str(error))


def _question(body: bytes) -> Mapping[str, Json]:
    try:
        value = parse_json(body).value
    except FormatError as error:
        raise _NotAsked(str(error)) from error
    if not isinstance(value, dict):
        raise _NotAsked("not an object")
    return value


def _short(records: Records, query: Json) -> Mapping[str, Json]:
    if not isinstance(query, dict):
        raise _NotAsked("a query is not an object")
    found = (served(text) for text in _hits(records, query))
    return _vulns([{name: one[name] for name in ("id", "modified") if name in one} for one in found])


def _hits(records: Records, query: Mapping[str, Json]) -> list[bytes]:
    name, version = _asked(query)
    return [text for own in records.ids(name, version) if (text := records.record(own)) is not None]


def _asked(query: Mapping[str, Json]) -> tuple[str, Version | None]:
    """The package and the version of a query; None for all versions."""
    if query.get("commit"):
        raise _NotAsked("commits are not known here, only versions of PyPI")
    package = query.get("package")
    if not isinstance(package, dict):
        raise _NotAsked("package is missing")
    text, purl = query.get("version"), package.get("purl")
    name: Json
    if purl is not None:
        found = _PURL.fullmatch(purl.partition("?")[0].partition("#")[0]) if isinstance(purl, str) else None
        if found is None or package.get("name") or (found[2] and text):
            raise _NotAsked("package.purl: not pkg:pypi/NAME@VERSION, or what it says stands beside it as well")
        name, text = unquote(found[1]), unquote(found[2]) if found[2] else text
    else:
        ecosystem, name = package.get("ecosystem"), package.get("name")
        if not isinstance(ecosystem, str) or ecosystem.casefold() != "pypi":
            raise _NotAsked("package.ecosystem: only PyPI is known here")
    try:
        name = canonicalize_name(name if isinstance(name, str) else "", validate=True)
    except InvalidName:
        raise _NotAsked("package.name: not a name of PyPI") from None
    if text in (None, ""):
        return name, None
    version = parsed(text) if isinstance(text, str) else None
    if version is None:
        raise _NotAsked("version: none of PEP 440")
    return name, version


def _vulns(rows: list[Mapping[str, Json]]) -> Mapping[str, Json]:
    return {"vulns": rows} if rows else {}


def _refused(status: int, code: int, message: str) -> Answer:
    return Answer(status, json.dumps({"code": code, "message": message}).encode())
