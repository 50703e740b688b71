"""Which files a model signature covers: a signed list against what is there.

Names of the list are compared and never opened, so one that leaves the model is a file that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gate.archive.paths import encode
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.model_signing import Resource, SignedModel

Digest = Callable[[str, str, int, int], bytes]
"""Of the member at this path, with this algorithm, from start to end (-1, -1: all of it); raises NotExamined."""


@dataclass(frozen=True, slots=True)
class There:
    """A file of the model: its name in there, its member path, its size in bytes, and its sha256 in hex."""

    name: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Names of files; `covered` counts those that are as they were signed.

    `changed` are not; `missing` are listed and not there; `added` are not listed, and nobody said to ignore them;
    `ignored` are left out, because the signer said so or because they are empty and shards cannot tell.
    """

    covered: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    ignored: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is as it was signed."""
        return not (self.changed or self.missing or self.added)


def cover(model: SignedModel, files: Iterable[There], digest: Digest) -> Coverage:
    """Compare; `digest` is asked only for what a sha256 of the whole file cannot tell.

    Raises NotExamined when a listed file cannot be read, and for a model whose signer followed links.
    """
    listed: dict[str, list[Resource]] = {}
    for resource in model.resources:
        listed.setdefault(encode(resource.name.encode("utf-8", "surrogatepass")), []).append(resource)
    left = _encoded(model.ignored)
    covered, changed, added, ignored = 0, list[str](), list[str](), list[str]()
    for file in files:
        resources = listed.pop(file.name, None)
        if resources is None:
            left_out = _ignores(left, file.name) or (model.method == "shards" and file.size == 0)
            (ignored if left_out else added).append(file.name)
        elif not file.sha256:
            raise NotExamined(GapReason.UNREADABLE, "a file that it lists was not read to its end")
        elif _same(model, resources, file, digest):
            covered += 1
        else:
            changed.append(file.name)
    missing = tuple(sorted(listed))
    if missing and model.symlinks:
        raise NotExamined(GapReason.UNSUPPORTED, "its signer followed symbolic links, which are not followed here")
    return Coverage(covered, tuple(changed), missing, tuple(added), tuple(ignored))


def _same(model: SignedModel, resources: list[Resource], file: There, digest: Digest) -> bool:
    if model.method == "files":
        (resource,) = resources
        if model.algorithm == "sha256":
            return resource.digest.hex() == file.sha256
        return digest(file.path, model.algorithm, -1, -1) == resource.digest
    at = 0
    for resource in sorted(resources, key=lambda one: one.start):  # every byte, and each once
        if resource.start != at:
            return False
        at = resource.end
    if at != file.size:
        return False
    return all(digest(file.path, model.algorithm, one.start, one.end) == one.digest for one in resources)


def _encoded(ignored: tuple[str, ...]) -> tuple[str, ...]:
    """The paths as members are spelled, "" for the model itself."""
    plain = (path.removeprefix("./").rstrip("/").encode("utf-8", "surrogatepass") for path in ignored)
    return tuple("" if path in (b".", b"") else encode(path) for path in plain)


def _ignores(ignored: tuple[str, ...], name: str) -> bool:
    return any(not path or name == path or name.startswith(f"{path}/") for path in ignored)


def inside(rows: Mapping[str, tuple[int, str]], base: str, but: str) -> list[There]:
    """The files of a model: members whose path begins with `base`, not those of nested archives, nor `but` itself.

    `rows` are (size, sha256) by path.
    """
    at = len(base)
    return [
        There(path[at:], path, size, sha256)
        for path, (size, sha256) in rows.items()
        if path.startswith(base) and "!/" not in path[at:] and path != but
    ]
