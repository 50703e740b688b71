"""How far two versions are apart, by how they are written; what cannot be told is said, and never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from gate.core.comparison import Bump, Step
from gate.core.model import VersionKind, version_kind

_LENGTH = 128
_SEMVER = re.compile(r"[vV]?([0-9]{1,20})\.([0-9]{1,20})\.([0-9]{1,20})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_WHY = {
    VersionKind.NONE: "none is stated",
    VersionKind.DATE: "a date says nothing about what changed",
    VersionKind.MOVING: "it names whatever is newest, a branch or a stage",
    VersionKind.INTEGER: "a number that a registry counts up says nothing about what changed",
    VersionKind.HASH: "a hash has no order",
    VersionKind.OTHER: "it is neither a semantic version nor one of PEP 440",
}
"""Kinds of versions that have no order, or none that means anything."""


def step(old: str, new: str) -> Step:
    """The step from one version to another: by https://semver.org where both are such versions, else by PEP 440.

    A pre-release is on its way to its release: from 1.2.0-rc.1 to 1.2.0-rc.2 or 1.2.0 is as large a step as 1.2.0 is
    (node-semver's `diff` does the same). https://peps.python.org/pep-0440/
    """
    old, new = old.strip(), new.strip()
    if old == new and old:
        return Step(bump=Bump.NONE)
    for which, text in (("old", old), ("new", new)):
        kind = version_kind(text)
        if kind in _WHY:
            return Step(why=f"{which} version{f' {text}' if text else ''}: {_WHY[kind]}")
    both = [_SEMVER.fullmatch(text) for text in (old, new) if version_kind(text) is VersionKind.SEMVER]
    if len(both) == 2 and both[0] and both[1]:
        return _semver(both[0], both[1])
    try:
        return _pep440(Version(old[:_LENGTH]), Version(new[:_LENGTH]))
    except InvalidVersion:
        return Step(why=f"versions {old[:_LENGTH]} and {new[:_LENGTH]}: not both are versions of PEP 440")


def _semver(old: re.Match[str], new: re.Match[str]) -> Step:
    before, after = _core(old), _core(new)
    first, second = _precedence(old[4]), _precedence(new[4])
    if (after, second) < (before, first):
        return Step("semver", Bump.NONE, back=True)
    if (after, second) == (before, first):  # only build metadata differ
        return Step("semver", Bump.NONE)
    return Step("semver", _differs(before, after) if before != after else _lowest(after))


def _core(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(part) for part in match.groups()[:3])


def _precedence(pre: str | None) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """Item 11: a release is above its pre-releases; numbers are compared as such and below words."""
    if pre is None:
        return 1, ()
    return 0, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in pre.split("."))


def _differs(old: Sequence[int], new: Sequence[int]) -> Bump:
    """The first part that is another; parts behind the third count as a patch."""
    for bump, (a, b) in zip((Bump.MAJOR, Bump.MINOR, Bump.PATCH), zip(old, new, strict=True), strict=False):
        if a != b:
            return bump
    return Bump.PATCH


def _lowest(core: Sequence[int]) -> Bump:
    """What a release is by its own number: 2.0.0 is major, 1.3.0 minor, 1.3.1 a patch."""
    if any(core[2:]):
        return Bump.PATCH
    return Bump.MINOR if len(core) > 1 and core[1] else Bump.MAJOR


def _pep440(old: Version, new: Version) -> Step:
    before, after = Version(old.public), Version(new.public)
    if after < before:
        return Step("pep440", Bump.NONE, back=True)
    if after == before:  # 1.4 and 1.4.0, or another local label
        return Step("pep440", Bump.NONE)
    if after.epoch != before.epoch:
        return Step("pep440", Bump.MAJOR)
    length = max(len(before.release), len(after.release), 3)
    a, b = (tuple(one.release) + (0,) * (length - len(one.release)) for one in (before, after))
    if a != b:
        return Step("pep440", _differs(a, b))
    if before.is_prerelease:
        return Step("pep440", _lowest(b))
    return Step("pep440", Bump.PATCH)  # a post-release


def initial(old: str, new: str) -> bool:
    """Whether both have the major version zero."""
    return all(re.match(r"[vV]?0+(?:\.|\Z)", text.strip()) is not None for text in (old, new))
