"""What an archive says about the model in it: every value with the place that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.location import Location
from gate.core.model import Model
from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Claimed(Note):
    """One thing that the member `path` says about the model that it belongs to; any inspector may yield some.

    `key` is one of docs/metadata.md, as `version` or `framework.torch`; `values` are fit to be published. `source` is
    the kind of document, `field` where in it, `line` 1-based, `start` and `end` bytes, each -1 where there is none.
    `rank` is whose word counts first: 0 measured, 10 the model's own file, 20 manifests, 30 configurations, 40 cards.
    """

    key: str
    values: tuple[str, ...]
    source: str
    field: str
    rank: int
    line: int = -1
    start: int = -1
    end: int = -1

    @property
    def location(self) -> Location:
        """Where it stands."""
        return Location(self.path, self.start, self.end, self.line)


@dataclass(frozen=True, slots=True)
class MetadataValue(Fact):
    """One value of the record `gate.metadata/v1`, and where it stands; `about` is the folder of the model.

    `chosen` is 1 where nobody whose word counts more says something else about the same key; sources that disagree are
    all here.
    """

    kind: ClassVar[str] = "metadata.value"
    about: str
    key: str
    values: tuple[str, ...]
    source: str
    field: str
    line: int
    start: int
    chosen: int


@dataclass(frozen=True, slots=True)
class ModelMetadata(Fact):
    """The model that an archive is about, in short; `path` is its folder. "" is what nobody says.

    `version_kind` is one of gate.core.model.VersionKind. `licences` are as declared, `spdx` the same in SPDX as far as
    they are in it. Times are RFC 3339 in UTC. `conflicts` are the keys about which sources of this model disagree.
    `weights` says in a few words how many there are.
    """

    kind: ClassVar[str] = "metadata.model"
    name: str = ""
    version: str = ""
    version_kind: str = "none"
    build_id: str = ""
    framework: str = ""
    framework_version: str = ""
    architecture: str = ""
    task: str = ""
    parameters: str = ""
    licences: tuple[str, ...] = ()
    spdx: tuple[str, ...] = ()
    base_model: tuple[str, ...] = ()
    created: str = ""
    expires: str = ""
    stage: str = ""
    conflicts: tuple[str, ...] = ()
    weights: str = ""

    @property
    def model(self) -> Model:
        """The same for the head of a result."""
        words = {
            "framework": f"{self.framework} {self.framework_version}".strip(),
            "architecture": self.architecture,
            "task": self.task,
            "parameters": "" if self.weights else self.parameters,
            "weights": self.weights,
            "licence": " and ".join(self.spdx or self.licences),
        }
        about = tuple((label, word) for label, word in words.items() if word)
        return Model(self.name, self.version or None, self.build_id or None, about)


@dataclass(frozen=True, slots=True)
class MetadataRead(Note):
    """How much was read over the whole archive (path ""), and which keys the record of its model has."""

    sources: int
    claims: int
    models: int
    published: int
    keys: tuple[str, ...]
    spdx_all: int
    expires_known: int
    created_zone: int
