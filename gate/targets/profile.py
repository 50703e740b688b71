"""Profile: a machine, or a kind of machines, that a model is meant to run on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gate.core.report import Json
from gate.targets import profile_file as file
from gate.targets import tables
from gate.targets.versions import numbers


@dataclass(frozen=True, slots=True)
class Profile:
    """One target; `digest` is the sha256 of the file that it was read from. docs/profiles.md describes the file.

    `arch` is the name of its machine, `libc` glibc or musl, both "" where the file does not say. `versions` holds the
    highest symbol version of each family (GLIBC, GLIBCXX, CXXABI, ...). `allow` are globs of sonames that are there.
    `cuda` are the majors of the toolkit, `cuda_libs` those of single components; None: the file does not say.
    `packages` are Python packages with their versions, None where the file does not say which there are.
    `host_bytes`, `gpu_bytes` and `disk_bytes` are the memory of the host, that of one GPU and the space for what
    is unpacked, None where the file does not say. `rest` is what it says beyond that, checked and not used yet.
    """

    name: str
    digest: str
    arch: str = ""
    libc: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    cuda: tuple[int, ...] | None = None
    cuda_libs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    packages: Mapping[str, str] | None = None
    python: str = ""
    gpu: bool = False
    host_bytes: int | None = None
    gpu_bytes: int | None = None
    disk_bytes: int | None = None
    rest: Mapping[str, Json] = field(default_factory=dict)


def read_profile(data: bytes, name: str) -> Profile:
    """A profile from the YAML or JSON of a file called `name`; UsageError with the path to the wrong value."""
    value = file.load(data, name, _PROFILE)
    libc: dict[str, str] = value.get("libc", {})
    versions: dict[str, str] = dict(value.get("versions", {}))
    if libc.get("family") == "glibc" and "version" in libc:
        versions["GLIBC"] = libc["version"]
    return Profile(
        name=value["name"],
        digest=hashlib.sha256(data).hexdigest(),
        arch=value.get("arch", ""),
        libc=libc.get("family", ""),
        versions=versions,
        allow=tuple(value.get("libs", {}).get("allow", ())),
        cuda=value.get("cuda", {}).get("major"),
        cuda_libs=value.get("cuda_libs", {}),
        packages=value.get("packages"),
        python=value.get("python", {}).get("version", ""),
        gpu="gpu" in value,
        host_bytes=_bytes(value.get("memory", {}).get("host_mib")),
        gpu_bytes=_bytes(value.get("memory", {}).get("gpu_mib")),
        disk_bytes=_bytes(value.get("disk", {}).get("free_mib")),
        rest={key: value[key] for key in ("isa", "gpu") if key in value},
    )


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * 2**20


def _arch(value: object) -> str:
    name = tables.machine_name(file.text(value))
    if not name:
        raise file.Wrong("is no machine that is known here, as x86_64 or aarch64 is")
    return name


def _family(value: object) -> str:
    if value not in tables.families():
        raise file.Wrong(f"must be one of {', '.join(tables.families())}")
    return str(value)


def _version(value: object) -> str:
    if isinstance(value, int | file.Unquoted) and not isinstance(value, bool):
        raise file.Wrong(f'is a number, and YAML drops the last zero of 2.30: put it into quotes, as "{value}"')
    if not isinstance(value, str) or numbers(value) is None:
        raise file.Wrong('must be a version of dotted integers in quotes, as "2.31"')
    return value


def _mebibytes(value: object) -> int:
    """A number of MiB whose bytes every reader of JSON keeps."""
    number = file.whole(value)
    if number > 2**32:
        raise file.Wrong("must be at most 4294967296 MiB")
    return number


def _component(name: str) -> bool:
    return name in tables.components()


_PROFILE = file.mapping(
    {
        "schema": file.one_of("gate.target/v1"),
        "name": file.name,
        "arch": _arch,
        "isa": file.text,
        "libc": file.mapping({"family": _family, "version": _version}, required=("family",)),
        "versions": file.each(_version, file.family, "is no family of symbol versions, as GLIBCXX is"),
        "libs": file.mapping({"allow": file.many(file.text), "from": file.text}),
        "cuda": file.mapping({"major": file.many(file.whole)}),
        "cuda_libs": file.each(
            file.many(file.whole), _component, f"is no component; there are {', '.join(tables.components())}"
        ),
        "python": file.mapping({"version": _version, "tags": file.many(file.text), "free_threaded": file.flag}),
        "packages": file.each(_version, file.anything, ""),
        "gpu": file.mapping(
            {
                "vendor": file.text,
                "cc": file.many(_version),
                "tegra": file.flag,
                "driver": _version,
                "forward_compat": file.maybe(_version),
            }
        ),
        "memory": file.mapping({"host_mib": _mebibytes, "gpu_mib": _mebibytes}),
        "disk": file.mapping({"free_mib": _mebibytes}),
    },
    required=("schema", "name"),
)
