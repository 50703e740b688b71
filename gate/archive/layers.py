"""Layers of container images: tars that lie under their own digest, and are unpacked into a root of their own."""

from __future__ import annotations

import re

from gate.archive.member import Member

_BLOB = re.compile(r"(?:.*/)?blobs/sha256/([0-9a-f]{64})")
_SAVED = re.compile(r"(?:.*/)?[0-9a-f]{64}(?:/layer)?\.tar")


def is_layer(member: Member) -> bool:
    """Whether a tar is a layer: absolute links are the rule there, and lead to the root of the container.

    An OCI layout names a blob by its digest (image-layout.md, "Blobs"), so the name is true or this is none; what
    `docker save` wrote before Docker 25 is told by its names.
    """
    blob = _BLOB.fullmatch(member.path)
    return _SAVED.fullmatch(member.path) is not None if blob is None else blob[1] == member.sha256
