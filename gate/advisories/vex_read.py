"""VEX: what somebody says about known vulnerabilities of a product. OpenVEX 0.2 and CycloneDX 1.4 and later, read.

Only "it does not matter here" is taken from a document: `not_affected` with a justification, and `fixed`; in CycloneDX
`not_affected` and `false_positive`, and `resolved`. It counts for what it names, and no further:

* a product with a sha256 is the archive of that digest, its subcomponents are packages in it (none: all of them);
* a product that is a package (pkg:pypi/torch@1.12.1) is that package, wherever it lies;
* anything else names neither, and is left out.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md, https://cyclonedx.org/capabilities/vex/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from packaging.utils import InvalidName, canonicalize_name

from gate.advisories.interval import parsed
from gate.advisories.vex import Statement
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.core.text import printable
from gate.formats.bounded import parse_json

STATEMENTS = 10_000
"""Statements about one package of one document."""
_JUSTIFIED = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
_OPENVEX = frozenset({"not_affected", "affected", "fixed", "under_investigation"})
_CYCLONEDX = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
_PURL = re.compile(r"pkg:pypi/([^/@?#]{1,200})(?:@([^?#]{1,200}))?", re.IGNORECASE)
_SHA256 = re.compile(r"(?<![0-9a-f])sha256(?::|%3a)([0-9a-f]{64})(?![0-9a-f])", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}")
_ALWAYS = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Document:
    """What one VEX document says; `unbound` statements name neither an archive nor a package."""

    statements: tuple[Statement, ...]
    unbound: int


def read_vex(data: bytes) -> Document:
    """A document of one of the two formats; FormatError, or NotExamined for what is too large or too deep."""
    value = parse_json(data).value
    if not isinstance(value, dict):
        raise FormatError("is no VEX document: not an object")
    if "openvex.dev/ns" in str(value.get("@context", "")):
        name, author, rows = _text(value.get("@id")), _text(value.get("author")), _openvex(value)
    elif value.get("bomFormat") == "CycloneDX":
        name, author, rows = _text(value.get("serialNumber")), _author(value), _cyclonedx(value)
    else:
        raise FormatError("is neither OpenVEX (@context https://openvex.dev/ns/v0.2.0) nor CycloneDX (bomFormat)")
    found: list[Statement] = []
    unbound = 0
    for row in rows:
        if row is None:
            unbound += 1
        else:
            found.append(replace(row, author=printable(author or "unknown", 200), document=printable(name, 200)))
        if len(found) + unbound > STATEMENTS:
            raise FormatError(f"has more than {STATEMENTS} statements")
    return Document(tuple(found), unbound)


# -- OpenVEX ----------------------------------------------------------------------------------------------------------


def _openvex(value: Mapping[str, Json]) -> Iterator[Statement | None]:
    whole = _time(value.get("timestamp"))
    for number, row in enumerate(_objects(value.get("statements"), "statements"), 1):
        where = f"statements > {number}"
        vulnerability = row.get("vulnerability")
        if not isinstance(vulnerability, dict):
            raise FormatError(f"{where} > vulnerability: is missing")
        names = (vulnerability.get("name"), *_list(vulnerability.get("aliases")))
        ids = tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))
        status = _text(row.get("status"))
        if not ids or status not in _OPENVEX:
            raise FormatError(f"{where}: needs a vulnerability.name and a status of {', '.join(sorted(_OPENVEX))}")
        justification, impact = _text(row.get("justification")), _text(row.get("impact_statement"))
        if status == "not_affected" and justification not in _JUSTIFIED and not impact.strip():
            raise FormatError(f"{where}: not_affected without a justification of OpenVEX or an impact_statement")
        reason = printable(": ".join(filter(None, (status, justification, impact))), 250)
        time = _time(row.get("timestamp")) or whole
        if not time:
            raise FormatError(f"{where}: neither it nor the document has a timestamp")
        for product in _objects(row.get("products"), f"{where} > products"):
            yield from _product(product, Statement(ids, "", "", "", status, reason, time))


def _product(product: Mapping[str, Json], said: Statement) -> Iterator[Statement | None]:
    hashes = product.get("hashes")
    digest = _text(hashes.get("sha-256")).lower() if isinstance(hashes, dict) else ""
    named = _purl_of(product)
    if not digest and (found := _SHA256.search(named)):
        digest = found[1].lower()
    if digest and not _HEX.fullmatch(digest):
        raise FormatError("products: a sha-256 that is none")
    parts = _objects(product.get("subcomponents"), "subcomponents")
    if parts and not digest:
        yield from (None for _ in parts)  # parts of something of which nobody knows whether it is this
        return
    for part in parts or [product]:
        package = _package(_purl_of(part))
        if package is None:
            yield replace(said, digest=digest) if digest and not parts else None
        else:
            yield replace(said, package=package[0], version=package[1], digest=digest)


def _purl_of(component: Mapping[str, Json]) -> str:
    identifiers = component.get("identifiers")
    purl = _text(identifiers.get("purl")) if isinstance(identifiers, dict) else ""
    return purl or _text(component.get("@id"))


# -- CycloneDX --------------------------------------------------------------------------------------------------------


def _cyclonedx(value: Mapping[str, Json]) -> Iterator[Statement | None]:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    component = metadata.get("component")
    component = component if isinstance(component, dict) else {}
    hashes = _objects(component.get("hashes"), "hashes")
    digest = next((_text(row.get("content")).lower() for row in hashes if row.get("alg") == "SHA-256"), "")
    whole = _text(component.get("bom-ref"))
    purls = {_text(row.get("bom-ref")): _text(row.get("purl")) for row in _components(value)}
    for row in _objects(value.get("vulnerabilities"), "vulnerabilities"):
        analysis = row.get("analysis")
        if not isinstance(analysis, dict):
            continue  # a vulnerability that nobody judged
        status = _CYCLONEDX.get(_text(analysis.get("state")), "under_investigation")
        others = (_text(one.get("id")) for one in _objects(row.get("references"), "references"))
        ids = tuple(dict.fromkeys(filter(None, (_text(row.get("id")), *others))))
        why = tuple(filter(None, (_text(analysis.get("justification")), _text(analysis.get("detail")))))
        if not ids or (status == "not_affected" and not why):
            raise FormatError("vulnerabilities: one without an id, or not affected without a justification or detail")
        reason = printable(": ".join((status, *why)), 250)
        times = (analysis.get("lastUpdated"), analysis.get("firstIssued"), metadata.get("timestamp"))
        time = next(filter(None, map(_time, times)), _ALWAYS)
        for affected in _objects(row.get("affects"), "affects"):
            ref = _text(affected.get("ref"))
            said = Statement(ids, "", "", digest, status, reason, time)
            if digest and whole and ref == whole:
                yield said
                continue
            package = _package(purls.get(ref.rpartition("#")[2] if ref.startswith("urn:cdx:") else ref, ref))
            if package is None:
                yield None
                continue
            for version in _versions(affected, package[1]):
                yield None if version is None else replace(said, package=package[0], version=version)


def _versions(affected: Mapping[str, Json], own: str) -> Iterator[str | None]:
    """The versions that one entry names besides its component's; ranges of versions are left out."""
    rows = _objects(affected.get("versions"), "versions")
    if not rows:
        yield own
    for row in rows:
        version = parsed(_text(row.get("version")))
        yield None if version is None else str(version)


def _components(value: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    pending = _objects(value.get("components"), "components")
    while pending:
        row = pending.pop()
        yield row
        pending.extend(_objects(row.get("components"), "components"))


def _author(value: Mapping[str, Json]) -> str:
    metadata = value.get("metadata")
    rows = _list(metadata.get("authors")) if isinstance(metadata, dict) else []
    names = (_text(row.get("name") or row.get("email")) for row in rows if isinstance(row, dict))
    return ", ".join(filter(None, names))


# -- values -----------------------------------------------------------------------------------------------------------


def _package(purl: str) -> tuple[str, str] | None:
    """Name and version of a package of PyPI, None for anything else, and for a version that is none."""
    found = _PURL.fullmatch(purl)
    if found is None:
        return None
    version = parsed(unquote(found[2])) if found[2] else None
    if found[2] and version is None:
        return None
    try:
        return canonicalize_name(unquote(found[1]), validate=True), str(version or "")
    except InvalidName:
        return None


def _time(value: Json) -> str:
    if not isinstance(value, str) or len(value) > 40:
        return ""
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def _objects(value: Json, where: str) -> list[Mapping[str, Json]]:
    rows: list[Mapping[str, Json]] = [row for row in _list(value) if isinstance(row, dict)]
    if value is not None and (not isinstance(value, list) or len(rows) != len(value)):
        raise FormatError(f"{where}: is not a list of objects")
    return rows


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
