"""Does a library load on a target? Which library, which symbol version, what the target has.

Nothing is simulated here: no search path is followed, and a library that the archive bundles anywhere counts as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from gate.facts.native import NativeLibrary
from gate.targets import tables
from gate.targets.profile import Profile
from gate.targets.versions import node, numbers


@dataclass(frozen=True, slots=True)
class Machine:
    """The library is for another machine."""

    has: str


@dataclass(frozen=True, slots=True)
class Platform:
    """The library is for another operating system."""

    format: str


@dataclass(frozen=True, slots=True)
class TooNew:
    """A symbol version that is newer than what the target has."""

    version: str
    library: str
    has: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A symbol version of which the profile does not tell whether the target has it, and how many there are."""

    version: str
    library: str
    count: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A library that is neither in the archive nor on the target, as far as its profile tells."""

    library: str


@dataclass(frozen=True, slots=True)
class CudaMajor:
    """A library of CUDA in another major version than the target's."""

    library: str
    has: str


Verdict: TypeAlias = Machine | Platform | TooNew | Unknown | Missing | CudaMajor


class Bundled:
    """What an archive brings along: for each machine the file names and sonames of its libraries."""

    def __init__(self, libraries: Iterable[NativeLibrary]) -> None:
        self._names: dict[tuple[str, int], set[str]] = {}
        for library in libraries:
            if library.format == "elf" and library.loaded:
                names = self._names.setdefault((library.machine, library.bits), set())
                names.add(_file_name(library.path))
                if library.soname:
                    names.add(library.soname)

    def holds(self, name: str, machine: str, bits: int) -> bool:
        return name in self._names.get((machine, bits), ())


def judge(library: NativeLibrary, profile: Profile, bundled: Bundled) -> Iterator[Verdict]:
    """Why a library does not load on a target; nothing when it does, as far as can be told."""
    if not library.loaded:
        return
    if library.format != "elf":
        yield Platform({"pe": "Windows", "macho": "macOS"}.get(library.format, library.format))
        return
    if profile.arch and (library.machine, library.bits) != _machine(profile.arch):
        # Packages for several machines bring each library once for each: the loader takes the right one.
        if not bundled.holds(_file_name(library.path), *_machine(profile.arch)):
            yield Machine(profile.arch)
        return
    yield from _missing(library, profile, bundled)
    yield from _versions(library, profile, bundled)


def _machine(arch: str) -> tuple[str, int]:
    return arch, 32 if arch in ("i686", "armv7l", "armv7b", "mips", "mipsel", "ppc", "sparc") else 64


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


# -- libraries --------------------------------------------------------------------------------------------------------


def _missing(library: NativeLibrary, profile: Profile, bundled: Bundled) -> Iterator[Verdict]:
    for name in dict.fromkeys(library.needed):
        if _brought_along(name, library, bundled) or _allowed(name, profile):
            continue
        cuda = tables.cuda(name)
        if cuda is not None:
            yield from _cuda(name, cuda, profile)
        elif profile.libc and name not in tables.base(profile.libc) and not _brought(name, profile):
            yield Missing(name)


def _brought_along(name: str, library: NativeLibrary, bundled: Bundled) -> bool:
    """Whether the archive has it. A process has one C library, which is that of the target."""
    own = any(name in tables.libc(family) for family in tables.families())
    return not own and bundled.holds(_file_name(name), library.machine, library.bits)


def _allowed(name: str, profile: Profile) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in profile.allow)


def _brought(name: str, profile: Profile) -> bool:
    """Whether something that the profile speaks of, or does not rule out, has loaded it before."""
    package = tables.brought_by(name)
    if package == "python":
        return not profile.python or name.startswith((f"libpython{_minor(profile.python)}.", "libpython3.so"))
    return bool(package) and (profile.packages is None or package in profile.packages)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _cuda(name: str, cuda: tables.CudaLibrary, profile: Profile) -> Iterator[Verdict]:
    stated = profile.cuda_libs.get(cuda.component)
    toolkits = profile.cuda if profile.cuda is not None else profile.cuda_libs.get("cudart")
    if stated is not None:
        fits, has = cuda.major in stated, _majors(cuda.component, stated)
    elif toolkits is not None and cuda.toolkits:
        fits, has = bool(set(toolkits) & set(cuda.toolkits)), _majors("CUDA", toolkits)
    elif cuda.component == "driver":
        fits, has = profile.gpu or toolkits is not None, ""
    else:
        fits, has = False, ""
    if not fits:
        yield CudaMajor(name, has) if has else Missing(name)


def _majors(what: str, majors: tuple[int, ...]) -> str:
    return f"{what} {', '.join(map(str, sorted(majors)))}" if majors else f"no {what}"


# -- symbol versions --------------------------------------------------------------------------------------------------


def _versions(library: NativeLibrary, profile: Profile, bundled: Bundled) -> Iterator[Verdict]:
    unknown = []
    for text in library.versions:
        name, _, version = text.rpartition(":")
        if _brought_along(name, library, bundled) or _allowed(name, profile) or version == name:
            continue
        if profile.libc and name not in tables.base(profile.libc):
            continue  # it is missing, or something of another kind brings it
        has = _newer(version, profile)
        if has is None:
            unknown.append((version, name))
        elif has:
            yield TooNew(version, name, has)
    if unknown:
        version, name = min(unknown)
        yield Unknown(version, name, len(unknown))


def _newer(version: str, profile: Profile) -> str | None:
    """What the target has instead; "" when it has this version, None when that cannot be told."""
    wanted = node(tables.since(version))
    if wanted is None:
        return None
    if wanted.family not in profile.versions:
        return "" if wanted.number <= (numbers(tables.floor(wanted.family)) or ()) else None
    has = profile.versions[wanted.family]
    return f"{wanted.family}_{has}" if wanted.number > (numbers(has) or ()) else ""
