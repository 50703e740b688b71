"""What do the native libraries of an archive need, how are they protected, and do they load on the targets?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gate.adapters import lief
from gate.adapters.lief_answer import Slice
from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.finding import Confidence, Finding
from gate.core.report import Section
from gate.facts.native import NativeLibrary
from gate.formats import binaries, device_code
from gate.formats.device_code import DeviceCode
from gate.inspectors import Archive, Inspector, Member, Need, Said, Seen, found
from gate.targets import cross_check, elf_file, judge, library, tables
from gate.targets.elf_file import ElfFile
from gate.targets.profile import Profile
from gate.targets.search_path import weakness

_FORMATS = {
    binaries.ELF: "a Linux (ELF) program or library",
    binaries.PE: "a Windows (PE) program or library",
    binaries.MACHO: "a macOS (Mach-O) program or library",
    binaries.AR: "an archive of object files",
    binaries.FATBIN: "code for GPUs",
}
_MISMATCHES = (
    "native.machine-mismatch",
    "native.version-too-new",
    "native.missing-library",
    "native.cuda-major-mismatch",
)


class Native(Inspector):
    """Reads each library on its own; judges all of them against each profile at the end."""

    produces = (NativeLibrary,)

    def wants(self, member: Member) -> Need | None:
        kind = binaries.kind(member.head, member.name)
        if kind == binaries.AR:
            return Need.HEAD
        if kind in (binaries.ELF, binaries.FATBIN):
            return Need.SEEK
        return Need.STREAM if kind else None

    def inspect(self, member: Member) -> Iterator[Said]:
        kind = binaries.kind(member.head, member.name)
        if binaries.is_data(member.name):
            yield found("native.disguised", member, format=_FORMATS[kind])
        if kind == binaries.AR:
            yield NativeLibrary(member.path, kind, "static-archive", "", 0)
        elif kind == binaries.ELF:
            yield from _elf(member)
        elif kind == binaries.FATBIN:
            yield from _fatbin(member)
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
        for row in seen.rows(NativeLibrary):
            for profile in self.inputs.profiles:
                for verdict in judge.judge(row, profile, bundled):
                    yield _mismatch(row, profile, verdict)

    def section(self, seen: Seen) -> Section:
        formats: Counter[str] = Counter()
        cuda: set[str] = set()
        judged = 0
        for row in seen.rows(NativeLibrary):
            formats[row.format] += 1
            cuda.update(row.cuda_major.split(",") if row.cuda_major else ())
            judged += row.loaded and row.format == binaries.ELF
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


def _elf(member: Member) -> Iterator[Said]:
    file = member.read(elf_file.read)
    if file.header.end > file.size:
        yield from _cut_off(member, file.size, file.header.end)
        return
    if file.misleading:
        yield found("native.misleading-headers", member, why=file.misleading)
        raise FormatError("a loader sees another library than a reader; neither was read")
    row = library.of_elf(member.path, file)
    yield row
    if file.elf is not None:
        if not file.header.sections:
            yield found("native.no-section-headers", member)
        yield from _weak(member, row, file.elf.traits)
        if file.size <= cross_check.BYTES:
            yield from _compared(member, file)
    _whole(file.device)


def _compared(member: Member, file: ElfFile) -> Iterator[Finding]:
    """The same file as another reader sees it."""
    part, refusal = member.read(cross_check.ask)
    if part is None:
        yield found("native.parser-discrepancy", member, why=f"LIEF refuses it ({refusal})")
    elif difference := cross_check.difference(file, part):
        yield found("native.parser-discrepancy", member, why=f"LIEF reads {difference} otherwise")


def _fatbin(member: Member) -> Iterator[Said]:
    device = member.read(device_code.in_fatbin)
    yield NativeLibrary(member.path, binaries.FATBIN, "device-code", "cuda", 0, cuda=library.cuda(device))
    _whole(device)


def _whole(device: DeviceCode) -> None:
    if device.damaged:
        raise FormatError(f"{device.damaged} containers of device code in it are damaged")


def _read_pe(source: Source) -> tuple[tuple[Slice, ...], int]:
    with lief.library(source) as copy:
        return copy.parse(binaries.PE, {}), copy.size


def _read_macho(source: Source) -> tuple[tuple[Slice, ...], int]:
    with lief.library(source) as copy:
        parts = copy.parse(binaries.MACHO, {})
        said = binaries.slices(copy.read_at(0, 8))
        if len(parts) < said:
            raise FormatError(f"LIEF reads {len(parts)} of its {said} machines")
        return parts, copy.size


def _other(member: Member, kind: str) -> Iterator[Said]:
    parts, size = member.read(_read_pe if kind == binaries.PE else _read_macho)
    end = max(part.end for part in parts)
    if end > size or any("cut-off" in part.traits for part in parts):
        yield from _cut_off(member, size, end)
        return
    for part in parts:
        row = library.of_slice(member.path, kind, part)
        yield row
        if row.loaded and "writable-code" in part.traits:
            yield found("native.writable-code", member, by=row.machine)


# -- what is wrong with it --------------------------------------------------------------------------------------------


def _cut_off(member: Member, size: int, end: int) -> Iterator[Finding]:
    yield found("native.truncated", member, size=size, end=max(end, size))
    raise FormatError("is shorter than its headers say; what it needs was not read")


def _weak(member: Member, library: NativeLibrary, traits: tuple[str, ...]) -> Iterator[Finding]:
    if "exec-stack" in traits:
        yield found("native.exec-stack", member, why="asks for one")
    elif "no-stack-header" in traits and library.machine in tables.hardening().executable_stack:
        confidence = Confidence.MEDIUM  # some loaders and kernels have another default
        yield found("native.exec-stack", member, why="does not say that it needs none", confidence=confidence)
    for trait in ("writable-code", "text-relocations", "no-relro"):
        if trait in traits:
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
