"""Container images as they lie in a folder or a tar: the order of the layers that make up a file system.

OCI image layout and manifest (https://github.com/opencontainers/image-spec/blob/main/image-layout.md, manifest.md), and
the manifest.json of `docker save` (https://github.com/moby/docker-image-spec).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import read_json

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
"""A file of this name deletes its namesake, or all of its folder, in the layers below (layer.md, "Whiteouts")."""
_LAYERS = 1024
"""Layers of one image; overlay file systems take 128 at most."""
_FILE_SYSTEM = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers of one image, the lowest first, as paths below the folder that holds the image."""

    layers: tuple[str, ...]


def read_manifest(source: Source) -> Stack | None:
    """The layers of an OCI image manifest; None where it is another document, or its layers are no file system.

    Raises FormatError, or NotExamined as read_json().
    """
    value = read_json(source).value
    layers = value.get("layers") if isinstance(value, dict) else None
    if not isinstance(layers, list) or not any(_is_file_system(layer) for layer in layers):
        return None
    return Stack(_bounded(tuple(_blob(layer) for layer in layers if _is_file_system(layer))))


def read_saved(source: Source) -> tuple[Stack, ...]:
    """The images that `docker save` wrote down; none where it is another document. Raises as read_manifest()."""
    value = read_json(source).value
    if not isinstance(value, list):
        return ()
    stacks = []
    for image in value[:_LAYERS]:
        layers = image.get("Layers") if isinstance(image, dict) else None
        if isinstance(layers, list):
            stacks.append(Stack(_bounded(tuple(layer for layer in layers if isinstance(layer, str)))))
    return tuple(stacks)


def _is_file_system(layer: Json) -> bool:
    kind = layer.get("mediaType") if isinstance(layer, dict) else None
    return isinstance(kind, str) and kind.startswith(_FILE_SYSTEM)


def _blob(layer: Json) -> str:
    digest = layer.get("digest") if isinstance(layer, dict) else None
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None:
        raise FormatError("image manifest: a layer without a sha256 digest")
    return f"blobs/sha256/{match[1]}"


def _bounded(layers: tuple[str, ...]) -> tuple[str, ...]:
    if len(layers) > _LAYERS:
        raise FormatError(f"image manifest: {len(layers)} layers")
    return layers
