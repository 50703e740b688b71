"""When two spellings mean the same: versions by PEP 440, licences by SPDX, names without their punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from gate.formats.licences import same as same_licence
from gate.formats.licences import says_nothing

_LENGTH = 100
"""Characters of a version."""
_SEPARATORS = re.compile(r"[-_.\s]+")


def version_of(text: str) -> Version | None:
    """A version without its local part, so that 2.1.0+cu118 is 2.1.0; None for what is none."""
    if len(text) > _LENGTH:
        return None
    try:
        return Version(Version(text.strip()).public)
    except InvalidVersion:
        return None


def versions(values: Iterable[str]) -> frozenset[str]:
    """2.3, 2.3.0 and v2.3 are one version; what is none is compared as it is written."""
    known = ((text, version_of(text)) for text in values)
    return frozenset(_release(version) if version else text.strip().casefold() for text, version in known)


def _release(version: Version) -> str:
    text = str(version)
    plain = ".".join(str(part) for part in version.release)
    short = re.sub(r"(?:\.0)+\Z", "", plain)
    return text.replace(plain, short, 1)


def licences(values: Iterable[str]) -> frozenset[str]:
    """The licences that say something, in their canonical spelling."""
    return frozenset(same_licence(text) for text in values if not says_nothing(text))


def names(values: Iterable[str]) -> frozenset[str]:
    """Names without case and separators; of `organisation/name` the name."""
    return frozenset(_SEPARATORS.sub("-", text.rpartition("/")[2]).casefold() for text in values)


def plain(values: Iterable[str]) -> frozenset[str]:
    """Identifiers, without case."""
    return frozenset(text.casefold() for text in values)


def allows(version: str, exact: str, specifier: str) -> bool:
    """Whether a requirement is fulfilled by a version, or one of them cannot be read."""
    have = version_of(version)
    if have is None:
        return True
    if exact:
        want = version_of(exact)
        return want is None or want == have
    try:
        return SpecifierSet(specifier).contains(have, prereleases=True)
    except InvalidSpecifier:
        return True
