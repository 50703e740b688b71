"""What the native libraries of an archive are and need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from gate.core.row import Fact


class CudaImage(NamedTuple):
    """Code for one CUDA architecture: `kind` is cubin, ptx, nvvm, mercury or unknown-<number>, `arch` 90 for sm_90.

    `suffix` is a, f or "". `ptx_version` is the version of the PTX language, as 9.0, "" for what is no PTX.
    """

    kind: str
    arch: int
    suffix: str
    ptx_version: str


class CudaContainers(NamedTuple):
    """`number` containers of the same images, by their place in the list; relocatable ones must be linked to run."""

    number: int
    relocatable: bool
    images: tuple[int, ...]


class Cuda(NamedTuple):
    """CUDA code of a library: each kind of image once, and which of them lie together in containers."""

    images: tuple[CudaImage, ...] = ()
    containers: tuple[CudaContainers, ...] = ()


_NO_CUDA = Cuda()


@dataclass(frozen=True, slots=True)
class NativeLibrary(Fact):
    """One library, program or object file; a universal Mach-O file has one row for each of its machines.

    `format` is elf, pe, macho, ar or fatbin; `type` shared, executable, object, core, debug-info, device-code,
    static-archive or other. `machine` is the name that Linux gives it, `bits` 32 or 64, 0 where there is none.
    `rpath` and `runpath` are the directories of the search path, in order. `versions` are symbol versions that must
    be there, as `libc.so.6:GLIBC_2.14`, `weak_versions` those that may be missing; `highest` is the highest of each
    of GLIBC, GLIBCXX and CXXABI. `hardening` are words for what protects it: relro-full, nx, canary, ...
    `cuda_major` is the major version of the CUDA toolkit whose libraries it needs, "" when none. `build_id` is
    hexadecimal, `isa` the level of the processor that it says it needs, as x86-64-v3; "" where it does not say.
    `rocm` are the targets of its code for AMD GPUs, as gfx90a:xnack-.
    """

    kind: ClassVar[str] = "native.library"
    format: str
    type: str
    machine: str
    bits: int
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    weak_versions: tuple[str, ...] = ()
    highest: tuple[str, ...] = ()
    hardening: tuple[str, ...] = ()
    cuda_major: str = ""
    build_id: str = ""
    isa: str = ""
    cuda: Cuda = _NO_CUDA
    rocm: tuple[str, ...] = ()

    @property
    def loaded(self) -> bool:
        """Whether a loader would take it: objects, cores and code for devices are never judged."""
        return self.type in ("shared", "executable")
