"""What does a container image show of its layers, and what else does it ship?

Every layer is walked for itself, so that nothing depends on an overlay being understood; this inspector puts them on
top of each other (https://github.com/opencontainers/image-spec/blob/main/layer.md) and says what the result hides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import ClassVar

from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Section
from gate.core.row import Fact, Note
from gate.facts.spill import Spill
from gate.formats.image import OPAQUE, WHITEOUT, Stack, read_manifest, read_saved
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found

_BLOB = re.compile(r"(.*?)blobs/sha256/[0-9a-f]{64}")
_MANIFEST_BYTES = 4 * 2**20
"""Size of a manifest that registries take (distribution-spec, "Pushing Manifests")."""
_WHITEOUTS = 100_000
"""Whiteouts that are held in memory; a whole operating system that is deleted file by file has as many."""
_PACKAGES = re.compile(
    r"(.*!/|)(?:var/lib/dpkg/status|(?:var/lib/dpkg/status\.d)/[^/]+|(?:usr/)?lib/apk/db/installed"
    r"|(?:var/lib|usr/lib/sysimage|usr/share)/rpm/(?:Packages|Packages\.db|rpmdb\.sqlite))"
)
"""Data bases of dpkg, apk and rpm, and the distroless images' one file a package."""

_DATABASES = frozenset(("status", "installed", "Packages", "Packages.db", "rpmdb.sqlite"))


@dataclass(frozen=True, slots=True)
class Layered(Note):
    """An image, by its manifest; `layers` are member paths, the lowest first."""

    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packaged(Note):
    """A data base of installed packages of an operating system, in the container `inside`."""

    inside: str


@dataclass(frozen=True, slots=True)
class Layer(Fact):
    """One layer of an image: how many of its files the container shows, and how many later layers replace or delete."""

    kind: ClassVar[str] = "image.layer"
    image: str
    position: int
    visible: int
    replaced: int
    deleted: int


class Image(Inspector):
    """Reads manifests for the order of the layers, and lays the inventory of each on that of those below it."""

    produces = (Layered, Packaged, Layer)

    def wants(self, member: Member) -> Need | None:
        if _packages(member):
            return Need.HEAD
        return Need.STREAM if _is_manifest(member) or _is_saved(member) else None

    def inspect(self, member: Member) -> Iterator[Said]:
        packages = _packages(member)
        if packages is not None:
            yield Packaged(member.path, packages[1])
            return
        if _is_saved(member):
            stacks: tuple[Stack | None, ...] = member.read(read_saved)
            root = member.path.removesuffix("manifest.json")
        else:
            stacks = (member.read(read_manifest),)
            blob = _BLOB.fullmatch(member.path)
            root = "" if blob is None else blob[1]
        for stack in stacks:
            if stack is not None:
                yield Layered(member.path, tuple(root + layer for layer in stack.layers))

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        yield from _unaudited(seen)
        images: dict[tuple[str, ...], str] = {}
        for row in seen.rows(Layered):
            images.setdefault(row.layers, row.path)
        for layers, path in images.items():
            for layer in layers:
                if archive.rows.find(layer) is None:
                    detail = f"the layer {layer[-76:]} of this image is not in the archive"
                    yield Gap(Location(path), GapReason.NOT_FETCHED, detail=detail)
        if images:
            yield from _Overlay(images).conclude(archive)

    def section(self, seen: Seen) -> Section:
        counts: Counter[str] = Counter()
        images = set()
        for layer in seen.rows(Layer):
            images.add(layer.image)
            counts.update(layers=1, visible=layer.visible, replaced=layer.replaced, deleted=layer.deleted)
        return {
            "images": len(images),
            "package_databases": seen.count(Packaged),
            **{key: counts[key] for key in ("layers", "visible", "replaced", "deleted")},
        }


inspector = Image()


def _packages(member: Member) -> re.Match[str] | None:
    maybe = member.name in _DATABASES or "/status.d/" in member.path
    return _PACKAGES.fullmatch(member.path) if maybe else None


def _is_manifest(member: Member) -> bool:
    head = member.head
    return (
        head[:1] in b"{ \t\r\n"
        and len(head) > 1
        and member.size <= _MANIFEST_BYTES
        and b'"layers"' in head
        and _BLOB.fullmatch(member.path) is not None
    )


def _is_saved(member: Member) -> bool:
    return member.name == "manifest.json" and member.head.lstrip()[:1] == b"[" and b'"Layers"' in member.head


def _unaudited(seen: Seen) -> Iterator[Gap]:
    """One gap for all packages of one layer."""
    for _, rows in groupby(seen.rows(Packaged), key=lambda row: row.inside):
        detail = "the operating system's packages are not audited"
        yield Gap(Location(next(rows).path), GapReason.UNSUPPORTED, detail=detail)


@dataclass(slots=True)
class _Whiteouts:
    """Names that a layer deletes from those below: the highest such layer by name, and by folder for opaque ones."""

    names: dict[tuple[int, str], int] = field(default_factory=dict)
    folders: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, image: int, folder: str, name: str, position: int) -> bool:
        """Whether there was still room."""
        table, key = (self.folders, folder) if name == OPAQUE else (self.names, folder + name[len(WHITEOUT) :])
        table[image, key] = max(table.get((image, key), 0), position)
        return len(self.names) + len(self.folders) <= _WHITEOUTS

    def above(self, image: int, name: str) -> int:
        """The highest layer that deletes a file, or a folder that it lies in; -1 for none."""
        highest = max(self.names.get((image, name), -1), self.folders.get((image, ""), -1))
        at = name.find("/")
        while at >= 0 and (self.names or self.folders):
            highest = max(
                highest, self.names.get((image, name[:at]), -1), self.folders.get((image, name[: at + 1]), -1)
            )
            at = name.find("/", at + 1)
        return highest


class _Overlay:
    """All images of one archive at once, in one pass over the inventory and one over what lies in layers."""

    def __init__(self, images: dict[tuple[str, ...], str]) -> None:
        self._images = list(images.items())
        self._places: dict[str, list[tuple[int, int]]] = {}
        for image, (layers, _) in enumerate(self._images):
            for position, layer in enumerate(layers):
                self._places.setdefault(layer, []).append((image, position))
        self._files: Spill[tuple[int, str, int, str]] = Spill()
        self._gone = _Whiteouts()

    def conclude(self, archive: Archive) -> Iterator[Said]:
        for row in archive.inventory():
            if not self._place(row.path):
                yield Gap(Location(), GapReason.TOO_MANY, detail=f"more than {_WHITEOUTS} whiteouts in the images")
                return
        counts: Counter[tuple[int, int, str]] = Counter()
        for (image, name), rows in groupby(self._files, key=lambda file: file[:2]):
            yield from self._settle(image, name, [(position, path) for _, _, position, path in rows], counts)
        for image, (layers, path) in enumerate(self._images):
            for position, layer in enumerate(layers):
                said = [counts[image, position, what] for what in ("visible", "replaced", "deleted")]
                yield Layer(layer, path, position, *said)

    def _place(self, path: str) -> bool:
        """Put a member where its layer has it; false when there are too many whiteouts to hold."""
        layer, mark, name = path.rpartition("!/")  # what lies in a file of a layer is that file's
        places = self._places.get(layer, ()) if mark else ()
        name = re.sub(r"#[0-9]+\Z", "", name)
        folder, slash, last = name.rpartition("/")
        for image, position in places:
            if not last.startswith(WHITEOUT):
                self._files.add((image, name, position, path))
            elif not self._gone.add(image, folder + slash, last, position):
                return False
        return True

    def _settle(
        self, image: int, name: str, files: list[tuple[int, str]], counts: Counter[tuple[int, int, str]]
    ) -> Iterator[Said]:
        """The uppermost file of a name is seen, unless a layer above it deletes it; the others ship all the same."""
        gone, top = self._gone.above(image, name), files[-1][0]
        for position, path in files:
            if position < gone:
                counts[image, position, "deleted"] += 1
                layer = self._images[image][0][gone]
                yield found("image.deleted-file", path, by=name, layer=layer)
            else:
                counts[image, position, "visible" if position == top else "replaced"] += 1
