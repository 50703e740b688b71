"""The code for GPUs that lies inside of an ELF file: CUDA containers, and bundles for AMD's.

Their sections have names, which a loader never reads: where these are missing or were changed, the segments that are
loaded are searched for the containers themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gate.archive.source import Source
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import elf_sections, fatbin, offload
from gate.formats.elf_header import LOAD, REL, ElfHeader
from gate.formats.find import find

_CUDA = {b".nv_fatbin": False, b"__nv_fatbin": False, b"__nv_relfatbin": True}
"""Sections of containers, and whether these have to be linked before they run."""
_ROCM = b".hip_fatbin"
_W = 2
KINDS, CONTAINERS = 256, 1024
"""Different kinds of images, and different sets of them, in one file; libraries have 20 and 60 at most."""


class Kind(NamedTuple):
    """One kind of image: `ptx_version` as 9.0, "" for what is no PTX."""

    kind: str
    arch: int
    suffix: str
    ptx_version: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """`containers`: how many hold the same kinds of images, by (relocatable, kinds); `rocm`: targets of AMD bundles.

    `damaged` is the number of containers that could not be read to their end.
    """

    containers: tuple[tuple[bool, tuple[Kind, ...], int], ...] = ()
    rocm: tuple[str, ...] = ()
    damaged: int = 0


_Images: TypeAlias = tuple[tuple[str, int, str, tuple[int, int]], ...]
"""What tells the images of a container apart, as fatbin has it."""
NONE = DeviceCode()


def in_elf(source: Source, header: ElfHeader) -> DeviceCode:
    """All device code of a library, program or object file; NotExamined for more than the bounds of its readers.

    FormatError for an object file whose sections contradict each other: it has nothing else.
    """
    try:
        sections = elf_sections.read(source.read_at, header, source.size)
    except FormatError:
        if header.type == REL:
            raise
        sections = ()  # loaders do not mind
    cuda = [(s.offset, s.size, _CUDA[s.name]) for s in sections if s.name in _CUDA]
    rocm = [(s.offset, s.size) for s in sections if s.name == _ROCM]
    if not cuda and not rocm and header.type != REL and (not sections or _registers(source, header)):
        loads = [(s.offset, s.size) for s in header.segments if s.kind == LOAD]
        cuda, rocm = [(*load, False) for load in loads], loads
    return _folded(source, cuda, rocm)


def in_fatbin(source: Source) -> DeviceCode:
    """A file that is a container itself."""
    return _folded(source, [(0, source.size, False)], [])


def _registers(source: Source, header: ElfHeader) -> bool:
    """Whether data of the file registers containers: such a record holds addresses, so it is loaded writable."""
    wrappers = (fatbin.WRAPPER + b"\x01\0\0\0", fatbin.WRAPPER + b"\x02\0\0\0", offload.WRAPPER + b"\x01\0\0\0")
    return any(
        find(source, s.offset, s.offset + s.size, wrappers, 8) >= 0
        for s in header.segments
        if s.kind == LOAD and s.flags & _W
    )


def _folded(source: Source, cuda: Iterable[tuple[int, int, bool]], rocm: Iterable[tuple[int, int]]) -> DeviceCode:
    alike: Counter[tuple[bool, _Images]] = Counter()
    targets: set[str] = set()
    damaged = 0
    for start, size, relocatable in cuda:
        for container in fatbin.containers(source, start, size):
            damaged += bool(container.damaged)
            alike[relocatable, tuple([image[:4] for image in container.images if not image.stub])] += 1
            _bound(0, len(alike))
    for start, size in rocm:
        try:
            targets.update(offload.targets(source, start, size))
        except FormatError:
            damaged += 1
        _bound(len(targets), 0)
    found: Counter[tuple[bool, tuple[Kind, ...]]] = Counter()
    for (relocatable, images), n in alike.items():
        if images:
            found[relocatable, tuple(sorted(set(map(_kind, images))))] += n
    _bound(len({kind for _, kinds in found for kind in kinds}), 0)
    folded = tuple((relocatable, kinds, n) for (relocatable, kinds), n in sorted(found.items()))
    return DeviceCode(folded, tuple(sorted(targets)), damaged)


def _kind(image: tuple[str, int, str, tuple[int, int]]) -> Kind:
    kind, arch, suffix, version = image
    return Kind(kind, arch, suffix, ".".join(map(str, version)) if kind == "ptx" else "")


def _bound(kinds: int, containers: int) -> None:
    if kinds > KINDS or containers > CONTAINERS:
        raise NotExamined(GapReason.TOO_MANY, f"more than {KINDS} kinds of device code, or {CONTAINERS} sets of them")
