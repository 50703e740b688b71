"""Bills of materials and in-toto statements inside an archive: what they claim about the model, unverified."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

from gate.archive.source import Source, whole
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import parse_json
from gate.formats.claims import Claim, Claims, claim, texts
from gate.formats.model_fields import items, mapping, present

BYTES = 16 * 2**20
STATEMENTS = 64
"""Statements of one file; a release of SLSA's generators has one an artifact."""
_MODEL = "machine-learning-model"


def cyclonedx(document: Json) -> Iterator[Claim]:
    """The component that is the model, where there is exactly one. https://cyclonedx.org/docs/1.7/json/"""
    root = mapping(document)
    about = mapping(mapping(root.get("metadata")).get("component"))
    rows = [(about, "metadata.component")] if about.get("type") == _MODEL else []
    if not rows:
        parts = [(mapping(part), f"components[{i}]") for i, part in enumerate(items(root.get("components")))]
        rows = [(part, field) for part, field in parts if part.get("type") == _MODEL]
    if len(rows) != 1:
        return
    model, field = rows[0]
    card = mapping(model.get("modelCard"))
    parameters = mapping(card.get("modelParameters"))
    considerations = mapping(card.get("considerations"))
    yield from present(
        claim("name", model.get("name"), f"{field}.name"),
        claim("version", model.get("version"), f"{field}.version"),
        claim("licence", [*_licences(model)], f"{field}.licenses"),
        claim("owner", mapping(model.get("supplier")).get("name") or model.get("author"), f"{field}.supplier"),
        claim("task", parameters.get("task"), f"{field}.modelCard.modelParameters.task"),
        claim("architecture", parameters.get("modelArchitecture"), f"{field}.modelCard.modelParameters"),
        claim("family", parameters.get("architectureFamily"), f"{field}.modelCard.modelParameters"),
        claim("intended_use", considerations.get("useCases"), f"{field}.modelCard.considerations.useCases"),
    )
    metrics = mapping(card.get("quantitativeAnalysis")).get("performanceMetrics")
    for i, metric in enumerate(items(metrics)):
        row = mapping(metric)
        kind = next(texts(row.get("type")), "?")
        where = f"{field}.modelCard.quantitativeAnalysis.performanceMetrics[{i}]"
        yield from present(claim(f"metric.{kind}", row.get("value"), where))


def _licences(component: Mapping[str, Json]) -> Iterator[str]:
    for row in items(component.get("licenses")):
        choice = mapping(row)
        licence = mapping(choice.get("license"))
        yield from texts(choice.get("expression") or licence.get("id") or licence.get("name"))


def spdx(document: Json) -> Iterator[Claim]:
    """Of SPDX 3 the one AIPackage; of SPDX 2 nothing but which package is described, which may be the whole archive.

    https://spdx.github.io/spdx-spec/v3.0.1/model/AI/Classes/AIPackage/
    """
    root = mapping(document)
    graph = [mapping(row) for row in items(root.get("@graph"))]
    models = [row for row in graph if row.get("type") == "ai_AIPackage"]
    if len(models) == 1:
        model = models[0]
        yield from present(
            claim("name", model.get("name"), "ai_AIPackage.name"),
            claim("version", model.get("software_packageVersion"), "ai_AIPackage.software_packageVersion"),
            claim("expires", model.get("validUntilTime"), "ai_AIPackage.validUntilTime"),
            claim("intended_use", model.get("ai_informationAboutApplication"), "ai_AIPackage"),
            claim("limits", model.get("ai_limitation"), "ai_AIPackage.ai_limitation"),
        )
    described = [next(texts(item), "") for item in items(root.get("documentDescribes"))]
    packages = [mapping(row) for row in items(root.get("packages"))]
    about = [row for row in packages if row.get("SPDXID") in described]
    if len(about) == 1:
        yield from present(
            claim("package.name", about[0].get("name"), "packages.name"),
            claim("package.version", about[0].get("versionInfo"), "packages.versionInfo"),
            claim("package.licence", about[0].get("licenseDeclared"), "packages.licenseDeclared"),
        )


# -- in-toto ----------------------------------------------------------------------------------------------------------


def read_statements(source: Source) -> Claims:
    """Bare statements, DSSE envelopes and Sigstore bundles, one or one a line. FormatError or NotExamined.

    Nothing is verified here: the signature inspector does that.
    """
    raw = whole(source, BYTES)
    lines = [line for line in raw.splitlines() if line.strip()]
    many = len(lines) > 1 and all(line.lstrip().startswith(b"{") for line in lines[:2])
    rows: list[Claim] = []
    for i, line in enumerate(lines[:STATEMENTS] if many else [raw]):
        rows += _statement(_payload(parse_json(line).value), f"[{i}]." if many else "")
    return Claims.of(rows)


def _payload(value: Json) -> Mapping[str, Json]:
    row = mapping(value)
    row = mapping(row.get("dsseEnvelope")) or row
    text = row.get("payload")
    if not isinstance(text, str):
        return row
    try:
        return mapping(parse_json(base64.b64decode(text, validate=True)).value)
    except (binascii.Error, ValueError):
        raise FormatError("envelope: a payload that is not base64") from None


def _statement(row: Mapping[str, Json], field: str) -> Iterator[Claim]:
    if "predicateType" not in row:
        return
    predicate = mapping(row.get("predicate"))
    run, build = mapping(predicate.get("runDetails")), mapping(predicate.get("buildDefinition"))
    builder = mapping(run.get("builder")) or mapping(predicate.get("builder"))
    subjects = [mapping(subject).get("name") for subject in items(row.get("subject"))]
    yield from present(
        claim("provenance.type", row.get("predicateType"), f"{field}predicateType"),
        claim("provenance.subjects", subjects, f"{field}subject"),
        claim("provenance.builder", builder.get("id"), f"{field}predicate.builder.id"),
        claim(
            "provenance.invocation",
            mapping(run.get("metadata")).get("invocationId"),
            f"{field}predicate.runDetails.metadata.invocationId",
        ),
    )
    materials = build.get("resolvedDependencies") or predicate.get("materials")
    for i, material in enumerate(items(materials)):
        digest = mapping(mapping(material).get("digest"))
        commit = digest.get("gitCommit") or (digest.get("sha1") if "materials" in predicate else None)
        if commit:
            yield from present(claim("commit", commit, f"{field}predicate.resolvedDependencies[{i}].digest"))
            return
