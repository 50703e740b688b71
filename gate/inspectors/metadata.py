"""What does an archive say about the model in it, and do its documents agree?

Nothing is believed here: every value keeps the place that it comes from, sources that disagree are all kept, and no
file of an archive configures anything. Which documents are read, and what their fields mean, is the table
rules/data/metadata/sources.yaml; other inspectors add to the record by yielding `Claimed` rows of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from gate.core.errors import NotExamined
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json, Section
from gate.facts.dependencies import Package
from gate.facts.metadata import Claimed, MetadataRead, MetadataValue, ModelMetadata
from gate.facts.pickles import PickleImports
from gate.facts.size import SizeRead, Weights, WeightSet
from gate.facts.structure import ModelStructure, Parts
from gate.formats.claims import Claims
from gate.formats.licence_kinds import categories
from gate.formats.licences import spdx
from gate.formats.model_files import Form, form_of
from gate.formats.model_headers import Header, header_of
from gate.formats.model_kinds import model_kind
from gate.formats.weights import Measured, measured_npy
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.records.conflicts import Conflict, conflicts
from gate.records.demand import counted, in_words, others, sized, target
from gate.records.loading import tables
from gate.records.record import Record, Records
from gate.records.size import files, sizes
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

    consumes = (Claimed, Package, PickleImports)
    produces = (
        Claimed, MetadataValue, ModelMetadata, MetadataRead, ModelStructure, Parts, Weights, WeightSet, SizeRead,
    )  # fmt: skip

    def wants(self, member: Member) -> Need | None:
        if form_of(member.path, member.head) is not None:
            return Need.STREAM
        kind = member.told(model_kind)
        header = header_of(kind)
        if header is not None:
            return Need.SEEK if header.jumps else Need.STREAM
        return Need.HEAD if kind in tables().formats else None

    def inspect(self, member: Member) -> Iterator[Said]:
        form = form_of(member.path, member.head)
        if form is None:
            yield from _model(member)
            return
        try:
            said = member.read(form.reader)
        except NotExamined:
            if form.guess:
                return
            raise
        yield from _claims(member, form, said)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        """Bring the claims together, compare them, and publish the record."""
        claims = list(islice(seen.rows(Claimed), CLAIMS))
        if (count := seen.count(Claimed)) > len(claims):
            yield _gap("", GapReason.TOO_MANY, f"{count} claims about models, of which {CLAIMS} were compared")
        yield from structures(seen.rows(Parts))
        yield from map(_mixed, variants(row.path for row in archive.inventory()))
        weights = list(_sized(seen, archive))
        yield from weights
        sets = [row for row in weights if isinstance(row, WeightSet)]
        for one, other in others(sets):
            words = f"{counted(one)}, and {other.path} as {counted(other)}"
            yield found("metadata.mixed-variants", one.path, stem=one.path.rpartition("/")[2], precisions=words)
        if not claims and not sets:
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
        yield summary(record, tuple(sorted(about_main)), pinned(seen.rows(Package), main), in_words(sets))
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
            "leaks": seen.found("metadata.leaks-path"),
            **_said(model),
            **{f"has_{name}": bool(keys & wanted) for name, wanted in _HAS.items()},
            "has_version": bool(model.version),
            "has_licence": bool(model.licences),
            "licence_is_spdx": bool(read.spdx_all),
            "licence_categories": list(categories(model.licences)),
            "created_zone_known": bool(read.created_zone),
            "created_in_future": bool(now and model.created > now),
            "expired": bool(now and model.expires and model.expires <= now),
            "size": sized(seen.rows(SizeRead), seen.rows(WeightSet)),
            "targets": [target(profile) for profile in self.inputs.profiles],
        }


inspector = Metadata()


def _model(member: Member) -> Iterator[Said]:
    """A file of weights: what its header says, and how many there are; of what cannot be read only its size."""
    kind = member.told(model_kind)
    header = header_of(kind)
    if header is None:
        array = measured_npy(member.head) if kind == "npy" else Measured()
        if kind != "npy" or array.tensors >= 0:  # one of objects is a pickle, and counts as such
            yield _weights(member, kind or "", array)
        return
    try:
        read = member.read(header.reader)
    except NotExamined:
        yield _weights(member, header.name, Measured())
        raise
    yield _weights(member, header.name, read.measured)
    yield from _claims(member, header, read.claims)


def _sized(seen: Seen, archive: Archive) -> Iterator[Said]:
    """Headers, pickles and what only names tell, brought together."""
    pickles = frozenset(row.path for row in seen.rows(PickleImports))
    found = files(((row.path, row.size) for row in archive.inventory()), pickles)
    if "" in pickles:  # the subject itself
        found.sizes[""] = archive.root.size
    of_pickles = (Weights(path, "pickle", size, -1, size) for path, size in sorted(found.sizes.items()))
    result = sizes(chain(seen.rows(Weights), of_pickles), found)
    yield from result.sets
    yield result.read
    if result.cut:
        yield _gap("", GapReason.TOO_MANY, f"{result.cut} files of weights more than are added up")


def _weights(member: Member, kind: str, measured: Measured) -> Weights:
    return Weights(member.path, kind, member.size, measured.parameters, measured.tensors, measured.dtypes)


def _claims(member: Member, source: Form | Header, said: Claims) -> Iterator[Said]:
    for row in said.claims:
        yield Claimed(member.path, row.key, row.values, source.name, row.field, source.rank, row.line)
        if row.key == "expires" and not moment(row.values[0])[0]:
            yield _gap(member.path, GapReason.CORRUPT, f"{row.field} is no time, so nobody knows when it expires")
    if said.repeated:
        keys = ", ".join(sorted(said.repeated))[:_SHOWN]
        yield found("metadata.duplicate-key", member, by="", keys=keys, count=len(said.repeated))
    if said.leaks:
        yield found("metadata.leaks-path", member, field=said.leaks[0], count=len(said.leaks))
    if said.cut:
        yield _gap(member.path, GapReason.TOO_MANY, f"says more than {len(said.claims)} things")
    if said.claims or isinstance(source, Header):  # a document that says nothing is of something else
        yield from parts(member.path, source.name, member.read)


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
