"""Content descriptors of OCI image layouts, and the manifest.json of `docker save`.

https://github.com/opencontainers/image-spec/blob/main/descriptor.md
https://github.com/moby/docker-image-spec/blob/main/v1.3.md#combined-image-json--filesystem-changeset-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.archive.source import Source
from gate.core.report import Json
from gate.formats.bounded import read_json
from gate.formats.file_claims import Claim, Elsewhere, Said

DOCUMENT = 4 * 2**20
"""Bytes of an index or manifest: the least that registries must take, and what most of them take."""
_DIGEST = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)")
_SAVED = re.compile(r"(?:.*/)?([0-9a-f]{64})\.json")
"""What `docker save` calls an image's configuration, by its digest."""


def read_index(source: Source) -> tuple[Said, ...]:
    """What index.json names, relative to its folder; FormatError or NotExamined."""
    return tuple(_document(read_json(source).value, top=True))


def read_blob(source: Source) -> tuple[Said, ...]:
    """What an index or manifest among the blobs names, relative to the folder of index.json."""
    return tuple(_document(read_json(source).value, top=False))


def read_saved(source: Source) -> tuple[Said, ...]:
    """What manifest.json of `docker save` names: configurations and layers of each image."""
    images = read_json(source).value
    return tuple(dict.fromkeys(_saved(images if isinstance(images, list) else ())))


def _document(value: Json, *, top: bool) -> Iterator[Said]:
    """An index inside the blobs often names the images of other machines, which are not in the layout."""
    if isinstance(value, dict):
        for key in ("config", "layers", "blobs", "manifests"):
            items = value.get(key)
            for item in items if isinstance(items, list) else (items,):
                if isinstance(item, dict):
                    yield from _descriptor(item, sure=top or key != "manifests")


def _descriptor(item: dict[str, Json], *, sure: bool) -> Iterator[Said]:
    digest, size, urls = item.get("digest"), item.get("size"), item.get("urls")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None:
        return
    name = f"blobs/{match[1]}/{match[2]}".encode()
    bytes_ = size if type(size) is int and 0 <= size < 2**63 else -1
    first = next((url for url in urls if isinstance(url, str)), "") if isinstance(urls, list) else ""
    if first:
        yield Elsewhere("url", first, f"{match[1]}:{match[2]}", bytes_, name)
    yield Claim(name, match[1], match[2], bytes_, sure=sure and not first)


def _saved(images: list[Json] | tuple[()]) -> Iterator[Claim]:
    for image in images:
        if isinstance(image, dict):
            config, layers = image.get("Config"), image.get("Layers")
            if isinstance(config, str) and config:
                named = _SAVED.fullmatch(config)
                yield Claim(config.encode(), "sha256", named[1]) if named else Claim(config.encode())
            for layer in layers if isinstance(layers, list) else ():
                if isinstance(layer, str) and layer:
                    yield Claim(layer.encode())
