"""What does an archive say about the model in it, and do its documents agree?

Nothing is believed here: every value keeps the place that it comes from, sources that disagree are all kept, and no
file of an archive configures anything. Which documents are read, and what their fields mean, is the table
rules/data/metadata/sources.yaml; other inspectors add to the record by yielding `Claimed` rows of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.facts.dependencies import Package
from gate.facts.metadata import Claimed, MetadataRead, MetadataValue, ModelMetadata
from gate.facts.structure import ModelStructure, Parts
from gate.formats.licences import spdx
from gate.formats.model_files import Form, form_of
from gate.formats.model_headers import Header, header_of
from gate.formats.model_kinds import model_kind
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.records.conflicts import Conflict, conflicts
from gate.records.record import Record, Records
from gate.records.structure import parts, structures
from gate.records.summary import pinned, published, summary
from gate.records.times import moment
from gate.records.variants import Variants, variants

CLAIMS = 100_000
"""Claims of a whole archive that are brought together: 40 MB; a registry of 1,000 models has 15,000."""
_SHOWN = 200
"""Characters of a list in a message."""


class Metadata(Inspector):
    """Reads each document by itself; what they say together is seen at the end."""

    consumes = (Claimed, Package)
    produces = (Claimed, MetadataValue, ModelMetadata, MetadataRead, ModelStructure, Parts)

    def wants(self, member: Member) -> Need | None:
        source = _source(member)
        return None if source is None else Need.SEEK if source.jumps else Need.STREAM

    def inspect(self, member: Member) -> Iterator[Said]:
        form = _source(member)
        if form is None:
            return
        try:
            said = member.read(form.reader)
        except NotExamined:
            if form.guess:
                return
            raise
        for row in said.claims:
            yield Claimed(member.path, row.key, row.values, form.name, row.field, form.rank, row.line)
            if row.key == "expires" and not moment(row.values[0])[0]:
                yield _gap(member.path, GapReason.CORRUPT, f"{row.field} is no time, so nobody knows when it expires")
        if said.repeated:
            keys = ", ".join(sorted(said.repeated))[:_SHOWN]
            yield found("metadata.duplicate-key", member, by="", keys=keys, count=len(said.repeated))
        if said.cut:
            yield _gap(member.path, GapReason.TOO_MANY, f"says more than {len(said.claims)} things")
        if said.claims or isinstance(form, Header):  # a document that says nothing is of something else
            yield from parts(member.path, form.name, member.read)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Bring the claims together, compare them, and publish the record."""
        claims = list(islice(seen.rows(Claimed), CLAIMS))
        if (count := seen.count(Claimed)) > len(claims):
            yield _gap("", GapReason.TOO_MANY, f"{count} claims about models, of which {CLAIMS} were compared")
        yield from structures(seen.rows(Parts))
        yield from map(_mixed, variants(row.path for row in archive.inventory()))
        if not claims:
            return
        records = Records(claims)
        main = records.main()
        record = records.record(main)
        about_main = set()
        for conflict in conflicts(records, seen.rows(Package), archive.root.name):
            yield _conflict(conflict)
            if conflict.place == main:
                about_main.add(conflict.key)
        values = list(published(records, main))
        yield from values
        yield summary(record, tuple(sorted(about_main)), pinned(seen.rows(Package), main))
        yield _read(record, claims, len(records), len(values))

    def section(self, seen: Seen) -> Section:
        """Booleans and words; times are compared with the clock of the decision here."""
        read = next(seen.rows(MetadataRead), MetadataRead("", 0, 0, 0, 0, (), 0, 0, 0))
        model = next(seen.rows(ModelMetadata), ModelMetadata(""))
        keys, now = frozenset(read.keys), self.inputs.effective_time
        return {
            "sources": read.sources,
            "claims": read.claims,
            "published": read.published,
            "models": read.models,
            "conflicts": seen.found("metadata.conflict"),
            "conflicting": list(model.conflicts),
            "duplicate_keys": seen.found("metadata.duplicate-key"),
            "mixed_variants": seen.found("metadata.mixed-variants"),
            **_said(model),
            **{f"has_{name}": bool(keys & wanted) for name, wanted in _HAS.items()},
            "has_version": bool(model.version),
            "has_licence": bool(model.licences),
            "licence_is_spdx": bool(read.spdx_all),
            "created_zone_known": bool(read.created_zone),
            "created_in_future": bool(now and model.created > now),
            "expired": bool(now and model.expires and model.expires <= now),
        }


inspector = Metadata()


def _source(member: Member) -> Form | Header | None:
    """A document by its name and first bytes, else a model by its first bytes alone."""
    return form_of(member.path, member.head) or header_of(member.told(model_kind))


_HAS = {
    "name": {"name"},
    "owner": {"owner"},
    "build_id": {"build_id", "run_id", "model_id"},
    "run_id": {"run_id"},
    "commit": {"commit"},
    "data_digest": {"data-digest"},
    "seed": {"seed"},
    "parameters": {"param"},
    "metrics": {"metric"},
    "schema": {"io"},
    "base_model": {"base_model"},
    "intended_use": {"intended_use"},
    "hardware": {"hardware"},
    "remote_code": {"remote_code"},
}
"""What a policy may ask for, by the families of keys that answer it."""
_DIGEST = re.compile(r"[a-z0-9-]+:[0-9A-Fa-f]{32,128}(?:\.dir)?")


def _said(model: ModelMetadata) -> dict[str, Json]:
    return {
        "name": model.name or None,
        "version": model.version or None,
        "version_kind": model.version_kind,
        "build_id": model.build_id or None,
        "framework": model.framework or None,
        "framework_version": model.framework_version or None,
        "architecture": model.architecture or None,
        "task": model.task or None,
        "stage": model.stage or None,
        "licences": list(model.licences),
        "spdx": list(model.spdx),
        "base_model": list(model.base_model),
        "created": model.created or None,
        "expires": model.expires or None,
    }


def _read(record: Record, claims: list[Claimed], models: int, values: int) -> MetadataRead:
    licences = record.values("licence", "licence.name")
    keys = record.families()
    digests = (row for key, rows in record.rows.items() if key.startswith("data.") for row in rows)
    if any(_DIGEST.fullmatch(value) for row in digests for value in row.values):
        keys |= {"data-digest"}
    created = moment(record.value("created"))
    return MetadataRead(
        "",
        sources=len({row.path for row in claims}),
        claims=len(claims),
        models=models,
        published=values,
        keys=tuple(sorted(keys)),
        spdx_all=int(bool(licences) and all(map(spdx, licences))),
        expires_known=int(bool(moment(record.value("expires"))[0])),
        created_zone=int(created[1]),
    )


def _gap(path: str, reason: GapReason, detail: str) -> Gap:
    return Gap(Location(path), reason, detail=detail)


def _conflict(conflict: Conflict) -> Finding:
    row = conflict.row
    here, there = ", ".join(row.values)[:_SHOWN], ", ".join(conflict.says)[:_SHOWN]
    args = {"key": row.key, "here": here, "field": row.field, "there": there, "other": conflict.other}
    args |= {"source": row.source, "model": conflict.place}
    return Finding(row.location, "metadata.conflict", row.key, tuple(args.items()))


def _mixed(files: Variants) -> Finding:
    precisions = ", ".join(precision or "one without a name" for precision in files.precisions)
    return found("metadata.mixed-variants", files.path, stem=files.path.rpartition("/")[2], precisions=precisions)
