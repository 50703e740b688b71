"""What do the native libraries of an archive need, how are they protected, and do they load on the targets?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gate.adapters import lief
from gate.adapters.lief_answer import Slice
from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.finding import Confidence, Finding
from gate.core.report import Section
from gate.facts.native import NativeLibrary
from gate.formats import binaries, elf_header, elf_loading
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.targets import judge, tables
from gate.targets.profile import Profile
from gate.targets.search_path import anonymous, entries, weakness
from gate.targets.versions import highest

_HIGHEST = ("GLIBC", "GLIBCXX", "CXXABI")
_FORMATS = {
    binaries.ELF: "a Linux (ELF) program or library",
    binaries.PE: "a Windows (PE) program or library",
    binaries.MACHO: "a macOS (Mach-O) program or library",
    binaries.AR: "an archive of object files",
}
_MISMATCHES = (
    "native.machine-mismatch",
    "native.version-too-new",
    "native.missing-library",
    "native.cuda-major-mismatch",
)


class Native(Inspector):
    """Reads each library in a process of its own; judges all of them against each profile at the end."""

    produces = (NativeLibrary,)

    def wants(self, member: Member) -> Need | None:
        kind = binaries.kind(member.head, member.name)
        if kind == binaries.AR:
            return Need.HEAD
        return Need.STREAM if kind else None

    def inspect(self, member: Member) -> Iterator[Said]:
        kind = binaries.kind(member.head, member.name)
        if binaries.is_data(member.name):
            yield found("native.disguised", member, format=_FORMATS[kind])
        if kind == binaries.AR:
            yield NativeLibrary(member.path, kind, "static-archive", "", 0)
        elif kind == binaries.ELF:
            yield from _elf(member)
        elif kind:
            yield from _other(member, kind)

    def conclude(self, seen: Seen, archive: Archive) -> Iterator[Said]:
        lief.close()  # nothing is parsed any more; the workers' processes end with them
        return self.judged(seen)

    def judged(self, seen: Seen) -> Iterator[Finding]:
        """Each library against each profile."""
        if not self.inputs.profiles:
            return
        bundled = judge.Bundled(seen.rows(NativeLibrary))
        for library in seen.rows(NativeLibrary):
            for profile in self.inputs.profiles:
                for verdict in judge.judge(library, profile, bundled):
                    yield _mismatch(library, profile, verdict)

    def section(self, seen: Seen) -> Section:
        formats: Counter[str] = Counter()
        cuda: set[str] = set()
        judged = 0
        for library in seen.rows(NativeLibrary):
            formats[library.format] += 1
            cuda.update(library.cuda_major.split(",") if library.cuda_major else ())
            judged += library.loaded and library.format == binaries.ELF
        return {
            "libraries": formats.total(),
            "formats": dict(sorted(formats.items())),
            "profiles": len(self.inputs.profiles),
            "judged": judged if self.inputs.profiles else 0,
            "cuda": sorted(cuda),
            "mismatches": sum(seen.found(rule) for rule in _MISMATCHES),
        }


inspector = Native()


# -- what a library is ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _File:
    """What a reader made of a file: its ELF header, if it has one, and what lief said where it was asked.

    `misleading` says in what a loader sees another file.
    """

    header: elf_header.ElfHeader | None
    parts: tuple[Slice, ...]
    size: int
    misleading: str = ""

    @property
    def end(self) -> int:
        return max((self.header.end if self.header else 0, *(part.end for part in self.parts)))


def _read_elf(source: Source) -> _File:
    """LIEF is asked only for what a loader would take, and only when the file is as long as its headers say."""
    with lief.library(source) as library:
        header = elf_header.read(library.read_at)
        if header.end > library.size or _elf_type(header):
            return _File(header, (), library.size)
        loading = elf_loading.loading(library.read_at, header)
        if loading.difference:
            return _File(header, (), library.size, loading.difference)
        parts = library.parse(binaries.ELF, tables.hardening().symbols)
        _agree(loading, parts[0])
        return _File(header, parts, library.size)


def _agree(loading: elf_loading.Loading, part: Slice) -> None:
    """LIEF leaves out what it cannot read, and a library that needs less than it does is no fact."""
    if len(part.needed) != loading.needed:
        raise FormatError(f"LIEF reads {len(part.needed)} of its {loading.needed} needed libraries")
    if loading.versioned and not part.versions:
        raise FormatError("LIEF does not read which symbol versions it needs")


def _read_pe(source: Source) -> _File:
    with lief.library(source) as library:
        return _File(None, library.parse(binaries.PE, {}), library.size)


def _read_macho(source: Source) -> _File:
    with lief.library(source) as library:
        parts = library.parse(binaries.MACHO, {})
        said = binaries.slices(library.read_at(0, 8))
        if len(parts) < said:
            raise FormatError(f"LIEF reads {len(parts)} of its {said} machines")
        return _File(None, parts, library.size)


def _elf_type(header: elf_header.ElfHeader) -> str:
    """What is described by its header alone; "" for what a loader takes."""
    if tables.is_device(tables.machine(binaries.ELF, header.machine, header.order)):
        return "device-code"
    known = {elf_header.REL: "object", elf_header.CORE: "core", elf_header.EXEC: "", elf_header.DYN: ""}
    return "debug-info" if header.stripped_of_code else known.get(header.type, "other")


def _elf(member: Member) -> Iterator[Said]:
    file = member.read(_read_elf)
    assert file.header is not None
    header, machine = file.header, tables.machine(binaries.ELF, file.header.machine, file.header.order)
    if file.end > file.size:
        yield from _cut_off(member, file)
        return
    kind = _elf_type(header)
    if kind:
        yield NativeLibrary(member.path, binaries.ELF, kind, machine, header.bits)
        return
    if file.misleading:
        yield found("native.misleading-headers", member, why=file.misleading)
        raise FormatError("a loader sees another library than a reader; neither was read")
    part = file.parts[0]
    library = _row(member, binaries.ELF, machine, part)
    yield library
    if not header.sections:
        yield found("native.no-section-headers", member)
    yield from _weak(member, library, part)


def _other(member: Member, kind: str) -> Iterator[Said]:
    file = member.read(_read_pe if kind == binaries.PE else _read_macho)
    if file.end > file.size or any("cut-off" in part.traits for part in file.parts):
        yield from _cut_off(member, file)
        return
    for part in file.parts:
        library = _row(member, kind, tables.machine(kind, part.machine), part)
        yield library
        if library.loaded and "writable-code" in part.traits:
            yield found("native.writable-code", member, by=library.machine)


def _row(member: Member, kind: str, machine: str, part: Slice) -> NativeLibrary:
    versions = sorted({(name, version, weak) for name, version, weak in part.versions})
    strong = tuple(f"{name}:{version}" for name, version, weak in versions if not weak)
    is_elf = kind == binaries.ELF
    return NativeLibrary(
        path=member.path,
        format=kind,
        type=part.type,
        machine=machine,
        bits=part.bits,
        soname=part.soname,
        needed=tuple(map(anonymous, part.needed)),
        rpath=entries(part.rpath) if is_elf else tuple(map(anonymous, part.rpath)),
        runpath=entries(part.runpath),
        versions=strong,
        weak_versions=tuple(f"{name}:{version}" for name, version, weak in versions if weak),
        highest=highest((tables.since(text.rpartition(":")[2]) for text in strong), _HIGHEST),
        hardening=part.hardening,
        cuda_major=_cuda(part.needed),
    )


def _cuda(needed: tuple[str, ...]) -> str:
    """The major of the toolkit: by the runtime library, else by those that only one major ships."""
    libraries = [library for library in map(tables.cuda, needed) if library is not None]
    runtime = {toolkit for library in libraries if library.component == "cudart" for toolkit in library.toolkits}
    sure = runtime or {library.toolkits[0] for library in libraries if len(library.toolkits) == 1}
    return ",".join(map(str, sorted(sure)))


# -- what is wrong with it --------------------------------------------------------------------------------------------


def _cut_off(member: Member, file: _File) -> Iterator[Finding]:
    yield found("native.truncated", member, size=file.size, end=max(file.end, file.size))
    raise FormatError("is shorter than its headers say; what it needs was not read")


def _weak(member: Member, library: NativeLibrary, part: Slice) -> Iterator[Finding]:
    if "exec-stack" in part.traits:
        yield found("native.exec-stack", member, why="asks for one")
    elif "no-stack-header" in part.traits and library.machine in tables.hardening().executable_stack:
        confidence = Confidence.MEDIUM  # some loaders and kernels have another default
        yield found("native.exec-stack", member, why="does not say that it needs none", confidence=confidence)
    for trait in ("writable-code", "text-relocations", "no-relro"):
        if trait in part.traits:
            yield found(f"native.{trait}", member)
    for tag, folders in (("RPATH", library.rpath), ("RUNPATH", library.runpath)):
        for folder in dict.fromkeys(folders):
            why = weakness(folder)
            if why:
                yield found("native.insecure-rpath", member, by=folder, tag=tag, folder=folder, why=why)


def _mismatch(library: NativeLibrary, profile: Profile, verdict: judge.Verdict) -> Finding:
    path, target = library.path, profile.name
    match verdict:
        case judge.Machine(has):
            machine, by = f"{library.machine} ({library.bits}-bit)", f"{target} {library.machine}"
            return found("native.machine-mismatch", path, by=by, machine=machine, target=target, has=has)
        case judge.Platform(system):
            return found("native.other-platform", path, by=f"{target} {library.machine}", system=system, target=target)
        case judge.TooNew(version, needed, has):
            by = f"{target} {needed}:{version}"
            return found("native.version-too-new", path, by=by, version=version, library=needed, target=target, has=has)
        case judge.Unknown(version, needed, n):
            return found(
                "native.version-unknown", path, by=target, version=version, library=needed, target=target, count=n
            )
        case judge.CudaMajor(needed, has):
            by = f"{target} {needed}"
            return found("native.cuda-major-mismatch", path, by=by, library=needed, target=target, has=has)
        case judge.Missing(needed):
            return found("native.missing-library", path, by=f"{target} {needed}", library=needed, target=target)
