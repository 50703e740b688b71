"""The row that describes a library, from what its reader says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gate.adapters.lief_answer import Slice
from gate.facts.native import Cuda, CudaContainers, CudaImage, NativeLibrary
from gate.formats import binaries
from gate.formats.device_code import DeviceCode
from gate.targets import tables
from gate.targets.elf_file import ElfFile
from gate.targets.search_path import anonymous, entries
from gate.targets.versions import highest

_HIGHEST = ("GLIBC", "GLIBCXX", "CXXABI")


def of_elf(path: str, file: ElfFile) -> NativeLibrary:
    """An ELF file; by its header alone where no loader takes it."""
    elf, header = file.elf, file.header
    if elf is None:
        row = NativeLibrary(path, binaries.ELF, file.type, file.machine, header.bits)
        return replace(row, cuda=cuda(file.device), rocm=file.device.rocm)
    strong = _versions((v.library, v.name) for v in elf.needs if not v.weak)
    return NativeLibrary(
        path=path,
        format=binaries.ELF,
        type=file.type,
        machine=file.machine,
        bits=header.bits,
        soname=elf.soname,
        needed=tuple(map(anonymous, elf.needed)),
        rpath=entries(elf.rpath),
        runpath=entries(elf.runpath),
        versions=strong,
        weak_versions=_versions((v.library, v.name) for v in elf.needs if v.weak),
        highest=highest((tables.since(text.rpartition(":")[2]) for text in strong), _HIGHEST),
        hardening=file.hardening,
        cuda_major=_cuda_major(elf.needed),
        build_id=elf.notes.build_id,
        isa=elf.notes.isa_needed,
        cuda=cuda(file.device),
        rocm=file.device.rocm,
    )


def of_slice(path: str, kind: str, part: Slice) -> NativeLibrary:
    """One machine's part of a Windows or macOS file."""
    return NativeLibrary(
        path=path,
        format=kind,
        type=part.type,
        machine=tables.machine(kind, part.machine),
        bits=part.bits,
        soname=part.soname,
        needed=tuple(map(anonymous, part.needed)),
        rpath=tuple(map(anonymous, part.rpath)),
        runpath=entries(part.runpath),
        hardening=part.hardening,
        cuda_major=_cuda_major(part.needed),
    )


def cuda(device: DeviceCode) -> Cuda:
    """Its CUDA code; each image once, however many containers hold it."""
    images = sorted({kind for _, kinds, _ in device.containers for kind in kinds})
    numbers = {kind: i for i, kind in enumerate(images)}
    return Cuda(
        tuple(CudaImage(kind.kind, kind.arch, kind.suffix, kind.ptx_version) for kind in images),
        tuple(
            CudaContainers(n, relocatable, tuple(numbers[kind] for kind in kinds))
            for relocatable, kinds, n in device.containers
        ),
    )


def _versions(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{library}:{version}" for library, version in sorted(set(pairs)))


def _cuda_major(needed: tuple[str, ...]) -> str:
    """The major of the toolkit: by the runtime library, else by those that only one major ships."""
    libraries = [library for library in map(tables.cuda, needed) if library is not None]
    runtime = {toolkit for library in libraries if library.component == "cudart" for toolkit in library.toolkits}
    sure = runtime or {library.toolkits[0] for library in libraries if len(library.toolkits) == 1}
    return ",".join(map(str, sorted(sure)))
