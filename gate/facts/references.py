"""What is not in an archive, and is fetched when its model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact, Note


@dataclass(frozen=True, slots=True)
class Pointer(Note):
    """The member at `path` stands for, or names, something that may not be here.

    `what` is git-lfs, dvc, shard, tensors, url, path, oci, hugging-face, hugging-face-code, modelkit or bentoml.
    `target` is an address that may be shown. `digest` is `algorithm:hex` of what pins it, "" when nothing does; `size`
    in bytes, -1 unknown. `inside` is the path of the member or folder that it is when it is here, "" when it cannot be.
    """

    what: str
    target: str
    digest: str
    size: int
    inside: str


@dataclass(frozen=True, slots=True)
class ExternalReference(Fact):
    """Something that is fetched from elsewhere when the model is loaded, and was not examined; fields as in Pointer."""

    kind: ClassVar[str] = "archive.external-reference"
    what: str
    target: str
    digest: str
    size: int
