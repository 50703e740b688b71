"""The record of one model in short: what is shown, compared and decided on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gate.core.model import version_kind
from gate.facts.dependencies import Package
from gate.facts.metadata import Claimed, MetadataValue, ModelMetadata
from gate.formats.licences import spdx
from gate.records.conflicts import LISTS
from gate.records.places import enclosing, folder
from gate.records.record import Record, Records, family
from gate.records.times import moment

_EVERY = frozenset({"data", "hardware", "io", "metric", "output", "param", "seed", "tag", "tags", "writer"})
"""Families of which each source may have its own: nothing is chosen among them."""
_ALIASES = {
    "paddle": "paddlepaddle",
    "pytorch": "torch",
    "pytorch_libtorch": "torch",
    "sklearn": "scikit-learn",
    "tensorflow_graphdef": "tensorflow",
    "tensorflow_savedmodel": "tensorflow",
    "tf": "tensorflow",
}
"""Names of frameworks in manifests and cards -> their distributions."""
PUBLISHED = 300
"""Values that one result lists as facts, those of the archive's own model first."""


def summary(record: Record, conflicts: tuple[str, ...], pinned: Mapping[str, str], weights: str = "") -> ModelMetadata:
    """What counts of one record; `pinned` are the versions that its list of requirements has, by package."""
    framework, framework_version = _framework(record)
    framework_version = framework_version or pinned.get(framework, "")
    version = record.value("version", "registry_version")
    licences = record.values("licence", "licence.name")
    return ModelMetadata(
        record.place,
        name=record.value("name"),
        version=version,
        version_kind=version_kind(version),
        build_id=record.value("build_id", "run_id", "model_id"),
        framework=framework,
        framework_version=framework_version,
        architecture=record.value("architecture", "family"),
        task=record.value("task"),
        parameters=record.value("parameters"),
        licences=licences,
        spdx=tuple(filter(None, map(spdx, licences))),
        base_model=record.values("base_model"),
        created=moment(record.value("created"))[0],
        expires=moment(record.value("expires"))[0],
        stage=record.value("stage"),
        conflicts=conflicts,
        weights=weights,
    )


def pinned(packages: Iterable[Package], place: str) -> dict[str, str]:
    """Exact versions in the lists of the folders around a model, the nearest one counts."""
    around = {outer: i for i, outer in enumerate(enclosing(place))}
    rows = [row for row in packages if row.version and row.origin in LISTS and folder(row.path) in around]
    return {row.name: row.version for row in sorted(rows, key=lambda row: -around[folder(row.path)])}


def _framework(record: Record) -> tuple[str, str]:
    """Its name and version: what is said by name, else the one with a version whose word counts most."""
    named = record.value("framework")
    named = _ALIASES.get(named.lower(), named)
    if named:
        return named, record.value(f"framework.{named}", f"writer.{named}")
    for group in ("framework", "writer"):
        rows = [rows[0] for key, rows in record.rows.items() if key.startswith(f"{group}.") and _is_framework(key)]
        if rows:
            best = min(rows, key=lambda row: (row.rank, row.key))
            return best.key.partition(".")[2], best.values[0]
    return "", ""


def _is_framework(key: str) -> bool:
    """What packs a model is no framework of it."""
    return key not in ("writer.mlflow", "writer.bentoml", "writer.torch-model-archiver")


def published(records: Records, main: str) -> Iterator[MetadataValue]:
    """The values of all models as facts, the archive's own first, at most PUBLISHED."""
    count = 0
    for place in sorted(records.places(), key=lambda place: (place != main, place)):
        for key, rows in records.record(place).rows.items():
            for i, row in enumerate(rows):
                if place == main or folder(row.path) == place:
                    if count >= PUBLISHED:
                        return
                    count += 1
                    yield _value(row, place, chosen=i == 0 or family(key) in _EVERY or row.values == rows[0].values)


def _value(row: Claimed, place: str, *, chosen: bool) -> MetadataValue:
    return MetadataValue(
        row.path, place, row.key, row.values, row.source, row.field, row.line, row.start, 1 if chosen else 0
    )
