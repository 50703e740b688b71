"""What the native libraries of an archive are and need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact


@dataclass(frozen=True, slots=True)
class NativeLibrary(Fact):
    """One library, program or object file; a universal Mach-O file has one row for each of its machines.

    `format` is elf, pe, macho or ar; `type` shared, executable, object, core, debug-info, device-code, static-archive
    or other. `machine` is the name that Linux gives it, `bits` 32 or 64, 0 where there is none. `rpath` and `runpath`
    are the directories of the search path, in order. `versions` are symbol versions that must be there, as
    `libc.so.6:GLIBC_2.14`, `weak_versions` those that may be missing; `highest` is the highest of each of GLIBC,
    GLIBCXX and CXXABI. `hardening` are words for what protects it: relro-full, nx, canary, ... `cuda_major` is the
    major version of the CUDA toolkit whose libraries it needs, "" when none.
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

    @property
    def loaded(self) -> bool:
        """Whether a loader would take it: objects, cores and code for devices are never judged."""
        return self.type in ("shared", "executable")
