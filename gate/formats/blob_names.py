"""Stores that call a file by its digest: OCI layouts, Ollama, the caches of Hugging Face, git LFS and DVC."""

from __future__ import annotations

import re

_HEX = re.compile(r"(?:sha256-)?[0-9a-f]{30,128}(?:\.dir)?")
_STORES: tuple[tuple[re.Pattern[str], str], ...] = (
    # https://github.com/opencontainers/image-spec/blob/main/image-layout.md#blobs
    (re.compile(r"(?:.*/)?blobs/sha256/([0-9a-f]{64})", re.DOTALL), "sha256"),
    (re.compile(r"(?:.*/)?blobs/sha384/([0-9a-f]{96})", re.DOTALL), "sha384"),
    (re.compile(r"(?:.*/)?blobs/sha512/([0-9a-f]{128})", re.DOTALL), "sha512"),
    # ~/.ollama/models/blobs
    (re.compile(r"(?:.*/)?blobs/sha256-([0-9a-f]{64})", re.DOTALL), "sha256"),
    # https://huggingface.co/docs/huggingface_hub/guides/manage-cache: LFS files by sha256, others by their id in git
    (re.compile(r"(?:.*/)?(?:model|dataset|space)s--[^/]+/blobs/([0-9a-f]{64})", re.DOTALL), "sha256"),
    (re.compile(r"(?:.*/)?(?:model|dataset|space)s--[^/]+/blobs/([0-9a-f]{40})", re.DOTALL), "git-blob"),
    # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: .git/lfs/objects/OID[0:2]/OID[2:4]/OID
    (
        re.compile(r"(?:.*/)?lfs/objects/(?=([0-9a-f]{2})/([0-9a-f]{2})/)../../(\1\2[0-9a-f]{60})", re.DOTALL),
        "sha256",
    ),
    # https://dvc.org/doc/user-guide/project-structure/internal-files#structure-of-the-cache-directory
    (re.compile(r"(?:.*/)?files/md5/([0-9a-f]{2}/[0-9a-f]{30})(?:\.dir)?", re.DOTALL), "md5"),
    (re.compile(r"(?:.*/)?\.dvc/cache/([0-9a-f]{2}/[0-9a-f]{30})", re.DOTALL), "md5-dos2unix"),
    (re.compile(r"(?:.*/)?\.dvc/cache/([0-9a-f]{2}/[0-9a-f]{30})\.dir", re.DOTALL), "md5"),
)


def digest_in_name(path: str) -> tuple[str, str] | None:
    """Algorithm and hex of the digest that a store calls this file by; None for a file in no store."""
    if not _HEX.fullmatch(path, path.rfind("/") + 1):  # nearly every name
        return None
    for pattern, algorithm in _STORES:
        match = pattern.fullmatch(path)
        if match is not None:
            return algorithm, match[match.lastindex or 1].replace("/", "")
    return None
