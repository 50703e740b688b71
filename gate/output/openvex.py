"""OpenVEX 0.2.0: what is known against the packages of this archive, and what somebody said about it.

    {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:...", "author": "gate", "timestamp": "...", "version": 1,
     "statements": [{"vulnerability": {"name": "CVE-2022-45907", "aliases": ["PYSEC-2022-43015"]},
                     "products": [{"@id": "urn:sha256:...", "hashes": {"sha-256": "..."},
                                   "subcomponents": [{"@id": "pkg:pypi/torch@1.12.1"}]}],
                     "status": "affected", "action_statement": "..."}]}

A certain finding is `affected`, a possible one `under_investigation`; what a waiver or a VEX document covers is not
stated again, because gate is not who judged it: it stays in the document of whoever did. Only findings about one
advisory are listed, as the result has them. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from gate.core.canonical import canonical
from gate.core.decision import Decision, Request
from gate.core.finding import Finding, Rule
from gate.core.report import Json, Report
from gate.output.dump import dumps
from gate.output.reasons import findings

_RULES = {
    "dependencies.vulnerable": "affected",
    "dependencies.malicious": "affected",
    "dependencies.possibly-vulnerable": "under_investigation",
}


def render(report: Report, request: Request, decision: Decision, rules: Mapping[str, Rule]) -> str:
    """One document; equal arguments give equal bytes, its id included."""
    statements = list(_statements(report, decision, rules))
    document: dict[str, Json] = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "gate",
        "role": "Policy and security gate",
        "timestamp": request.effective_time,
        "version": 1,
        "tooling": "pkg:pypi/mlgate",
        "statements": statements,
    }
    own = uuid.uuid5(uuid.NAMESPACE_URL, canonical(document).decode())
    return dumps({"@id": f"urn:uuid:{own}", **document}, indent=1)


def _statements(report: Report, decision: Decision, rules: Mapping[str, Rule]) -> Iterator[Json]:
    told = set[tuple[str, str, str]]()
    for what, waived in findings(decision):
        if waived or what.rule not in _RULES:
            continue
        said = dict(what.args)
        advisory, package = said.get("advisory", ""), said.get("package", "")
        key = (what.rule, advisory, f"{package}@{said.get('version', '')}")
        if what.discriminator != f"{advisory} {package}" or key in told:
            continue
        told.add(key)
        yield _statement(report, what, said, rules)


def _statement(report: Report, what: Finding, said: Mapping[str, str], rules: Mapping[str, Rule]) -> Json:
    version = said.get("version", "")
    purl = f"pkg:pypi/{quote(said['package'])}" + (f"@{quote(version, safe='')}" if version else "")
    statement: dict[str, Json] = {
        "vulnerability": {
            "name": said["advisory"],
            "aliases": [one for one in said.get("aliases", "").split(", ") if one],
        },
        "products": [{**_product(report), "subcomponents": [{"@id": purl}]}],
        "status": _RULES[what.rule],
    }
    if what.rule != "dependencies.possibly-vulnerable":
        fixed, rule = said.get("fixed_in", ""), rules.get(what.rule)
        remedy = rule.remediation if rule else "Take it out."
        statement["action_statement"] = f"Fixed in {fixed}." if fixed else remedy
    return statement


def _product(report: Report) -> dict[str, Json]:
    """The archive; a folder has a digest that OpenVEX has no name for."""
    digest = report.subject.digest
    if sha256 := digest.get("sha256", ""):
        return {"@id": f"urn:sha256:{sha256}", "hashes": {"sha-256": sha256}}
    return {"@id": f"urn:dirhash:{digest.get('dirHash') or 'unknown'}"}
