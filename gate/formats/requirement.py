"""One requirement of a list: a name with versions (PEP 508), a URL, a repository, a path, or what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion

_ARGS = 2048
"""Characters of a requirement without its options."""
_PARENTHESES = 40
"""In one marker: the parser behind it recurses."""
_COMMAS = 64
"""Clauses and extras in one requirement; real ones have 20."""
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EXTRAS = re.compile(r"\s*\[([^\[\]]*)\]")
_DIGITS = re.compile(r"[0-9]{100}")
"""Python refuses to make numbers of more than 4300 digits; no version has 100 in a row."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_VCS = ("git", "hg", "svn", "bzr")
_FETCHED = frozenset({"http", "https", "ftp", "file", "ssh", "sftp"})
_EGG = re.compile(r"[#&]egg=([^&\[]+)(?:\[([^\]]*)\])?")
_LOCAL_LABEL = re.compile(r"((?:[<>~]=?)\s*[^,;\s+]+)\+[A-Za-z0-9._-]+")
"""`>=2.1+cpu`: pip took it for `>=2.1` until version 24.1."""
ARCHIVES = (
    ".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma",
)  # fmt: skip


class Span(NamedTuple):
    """Bytes [start, end) of a logical line and the 1-based number of its first line."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: name as written, "" where a URL or path tells none; specifier and marker as PEP 508 has them.

    `kind` is index, url, vcs, path or editable; `target` is the URL or path where it is not index. `hashes` are the
    algorithms of the digests that pin it, joined by commas.
    """

    span: Span
    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    kind: str = "index"
    target: str = ""
    hashes: str = ""


@dataclass(frozen=True, slots=True)
class Include:
    """`-r` or `-c`: another list, relative to the folder of this one."""

    span: Span
    target: str
    constraint: bool


@dataclass(frozen=True, slots=True)
class Index:
    """Where packages are looked for: index-url, extra-index-url, find-links or trusted-host."""

    span: Span
    option: str
    value: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """A line that an installer refuses; `name` is what it seems to ask for. Never quotes the line."""

    span: Span
    name: str
    problem: str


Item: TypeAlias = Requirement | Include | Index | Invalid


def parse(text: str, span: Span, hashes: str = "") -> Iterator[Item]:
    """What a line asks for, without its options; an Invalid besides where no installer of today takes it."""
    if _is_heavy(text):
        yield from _unreadable(text, span, "it is too long or too deep to be one")
        return
    kind = _kind(text)
    if kind in ("vcs", "url"):
        yield located(text, span, kind)
    else:
        yield from _named(text, span, hashes)


def _named(text: str, span: Span, hashes: str) -> Iterator[Item]:
    try:
        parsed = Pep508(text)
    except InvalidRequirement:
        if _is_path(text):
            yield located(text, span, "path")
        else:
            yield from _unreadable(text, span, _why(text))
        return
    marker = str(parsed.marker) if parsed.marker else ""
    extras = tuple(sorted(parsed.extras))
    if parsed.url is None and not _is_path(text):
        yield Requirement(span, parsed.name, str(parsed.specifier), extras, marker, hashes=hashes)
    elif parsed.url is None:
        yield located(text, span, "path")
    elif (kind := _kind(parsed.url)) == "":
        yield Invalid(span, "", "it names an address that no installer takes")
    else:
        version = _of_file(parsed.url)[1]
        yield Requirement(span, parsed.name, version, extras, marker, kind, parsed.url, hashes)


def located(text: str, span: Span, kind: str) -> Requirement:
    """A requirement that is a URL or a path: its name is in the fragment or the file name, if anywhere."""
    url = _SCHEME.match(text) is not None
    target, _, marker = text.partition("; " if url else ";")
    target = target.strip()
    name, version = _of_file(target)
    extras: tuple[str, ...] = ()
    egg = _EGG.search(target)
    if egg is not None:
        name = name or egg[1].strip()
        extras = _extras(egg[2] or "")
    elif not url and target.endswith("]"):
        target, _, inside = target[:-1].rpartition("[")
        name, version = _of_file(target)
        extras = _extras(inside)
    if not _NAME.fullmatch(name):
        name, version = "", ""
    return Requirement(span, name, version, extras, marker.strip(), kind, target)


def _of_file(target: str) -> tuple[str, str]:
    """Name and exact specifier of a wheel or source distribution by its file name; "" and "" for anything else."""
    name = re.split(r"[#?]", target, maxsplit=1)[0].rstrip("/").rpartition("/")[2].replace("%2B", "+")
    try:
        if name.endswith(".whl"):
            project, version, *_ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return "", ""
    return project, f"=={version}"


def _unreadable(text: str, span: Span, problem: str) -> Iterator[Item]:
    """A line that no installer takes today; what it seems to ask for still counts, in any version if need be."""
    name = salvaged(text)
    yield Invalid(span, name, problem)
    if name:
        mended = _mended(text[:_ARGS])
        yield replace(mended, span=span) if mended else Requirement(span, name)


def _mended(text: str) -> Requirement | None:
    """The same without local version labels where they may not be, if that is all that was wrong."""
    mended = _LOCAL_LABEL.sub(r"\1", text)
    if mended == text or _is_heavy(text):
        return None
    try:
        parsed = Pep508(mended)
    except InvalidRequirement:
        return None
    marker = str(parsed.marker) if parsed.marker else ""
    return Requirement(
        Span(0, 0, 0), parsed.name, str(parsed.specifier), tuple(sorted(parsed.extras)), marker
    ) if parsed.url is None else None  # fmt: skip


def _is_heavy(text: str) -> bool:
    """Whether reading it would cost more than any requirement is worth."""
    return (
        len(text) > _ARGS
        or _DIGITS.search(text) is not None
        or text.count("(") > _PARENTHESES
        or text.count(",") > _COMMAS
    )


def _why(text: str) -> str:
    if _VARIABLE.search(text):
        return "it depends on a variable of the machine that installs it"
    return "it is no requirement in the sense of PEP 508"


def salvaged(text: str) -> str:
    """The name at the start of a line, if there is one and it cannot be anything else."""
    name = _NAME.match(text[:128])
    if name is None or text[name.end() : name.end() + 1] in (":", "/", "\\", "@", "$"):
        return ""
    return name[0]


def _kind(address: str) -> str:
    """Vcs or url by its scheme, path without one, "" for schemes that pip does not know."""
    scheme = _SCHEME.match(address)
    if scheme is None:
        return "path"
    name = scheme[0].lower()
    return "vcs" if name.partition("+")[0] in _VCS else "url" if name in _FETCHED else ""


def _is_path(text: str) -> bool:
    """Whether pip takes it for a file or folder: a separator, a leading dot, or the suffix of an archive."""
    path = text.partition(";")[0].strip()
    bare = path.rpartition("[")[0] if path.endswith("]") else path
    if "@" in bare and not bare.startswith((".", "/")):
        return False
    return "/" in bare or bare.startswith(".") or bare.lower().endswith(ARCHIVES)


def _extras(text: str) -> tuple[str, ...]:
    return tuple(sorted({extra.strip() for extra in text.split(",") if extra.strip()}))


@lru_cache(maxsize=2**15)
def exact(specifier: str) -> str:
    """The one version that a specifier allows, as it is written, "" when it allows more or none.

    `==1.2` and `===1.2` are exact, `==1.*` is not; further clauses must allow the version as well.
    """
    clauses = SpecifierSet(specifier)
    pins = [clause for clause in clauses if clause.operator in ("==", "===") and not clause.version.endswith(".*")]
    if not pins:
        return ""
    if len(clauses) == 1:
        return pins[0].version
    return next((pin.version for pin in pins if clauses.contains(pin.version, prereleases=True)), "")
