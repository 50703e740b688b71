"""Shows an archive of a few members to the metadata inspector, without a file and without the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

from gate.archive.budget import Budget
from gate.archive.inventory import Inventory, InventoryRow
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.core.location import Location
from gate.core.row import Row
from gate.facts.dependencies import Package
from gate.facts.metadata import MetadataValue, ModelMetadata
from gate.facts.seen import Seen
from gate.facts.size import WeightSet
from gate.facts.store import Store
from gate.inspectors import Inputs, Inspector
from gate.inspectors.metadata import Metadata
from gate.targets.profile import Profile

NOW = "2026-11-21T10:00:00Z"


class Archive:
    """Members by their encoded path, in a subject of some name."""

    def __init__(self, files: Mapping[str, bytes], name: str) -> None:
        self.files, self.root = files, SimpleNamespace(name=name, size=len(files.get("", b"")))

    def inventory(self) -> Iterator[InventoryRow]:
        """As the walker leaves it."""
        rows = Inventory()
        for path, data in self.files.items():
            rows.add(path, len(data), "00" * 32, None)
        return iter(rows)


class Described:
    """What the inspector says about an archive, as the pipeline collects it; `rows` are those of other inspectors."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        rows: Iterable[Row] = (),
        name: str = "model.zip",
        profiles: tuple[Profile, ...] = (),
    ) -> None:
        inspector, store = Metadata(Inputs(effective_time=NOW, profiles=profiles)), Store()
        self.wanted = []
        for path, data in files.items():
            member = Member(path, Entry(b"", None, window=Memory(data, Budget(Limits()))), Budget(Limits()))
            need = inspector.wants(member)
            if need is None:
                continue
            self.wanted.append(path)
            member.take(need)
            try:
                store.extend(inspector.inspect(member), "metadata")
            except NotExamined as error:
                store.add(Gap(Location(path), error.reason, detail=str(error)), "metadata")
        store.extend(rows, "others")
        seen = Seen(store, inspector.produces, inspector.consumes)
        store.extend(inspector.conclude(seen, cast(Any, Archive(files, name))), "metadata")
        self.all = list(store.findings)
        self.findings = [(f.rule.removeprefix("metadata."), f.location.path, f.discriminator) for f in self.all]
        self.gaps = [(gap.location.path, str(gap.reason)) for gap in store.gaps]
        self.facts = list(seen.rows(MetadataValue))
        self.model = next(seen.rows(ModelMetadata), ModelMetadata(""))
        self.sets = list(seen.rows(WeightSet))
        self.section = dict(inspector.section(seen))

    def values(self, path: str | None = None) -> dict[str, tuple[str, ...]]:
        """What is said, by key; of one member or of all."""
        return {row.key: row.values for row in self.facts if path in (None, row.path)}

    def args(self, number: int = 0) -> dict[str, str]:
        """The arguments of one finding."""
        return dict(self.all[number].args)


def package(path: str, name: str, version: str = "", specifier: str = "", origin: str = "requirements") -> Package:
    """A row of the dependencies inspector."""
    return Package(path, 3, name, version, specifier, origin)


def said(name: str, data: bytes) -> dict[str, tuple[str, ...]]:
    """What one document says, by key, when it is all there is and nothing is wrong with it."""
    told = Described({name: data})
    assert (told.gaps, [row for row in told.findings if row[0] != "conflict"]) == ([], [])
    return told.values()


def said_by(inspector: Inspector, path: str, data: bytes) -> list[object]:
    """What another inspector says about one member."""
    member = Member(path, Entry(b"", None, window=Memory(data, Budget(Limits()))), Budget(Limits()))
    need = inspector.wants(member)
    assert need is not None
    member.take(need)
    return list(inspector.inspect(member))
