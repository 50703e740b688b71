"""The tables of rules/data/native, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import yaml

from gate import resources


@dataclass(frozen=True, slots=True)
class CudaLibrary:
    """One library of CUDA: its component, the component's own major, the majors of the toolkit that ship it.

    `toolkits` is empty for what does not come with the toolkit.
    """

    component: str
    major: int
    toolkits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hardening:
    """`symbols`: regular expressions by word; directories without a slash at the end; machines by name."""

    symbols: Mapping[str, tuple[str, ...]]
    system_dirs: tuple[str, ...]
    shared_dirs: tuple[str, ...]
    executable_stack: frozenset[str]


@cache
def _table(name: str) -> Mapping[str, Any]:
    value: Mapping[str, Any] = yaml.safe_load(resources.data(f"native/{name}.yaml").read_text("utf-8"))
    return value


def machine(kind: str, number: int, order: str = "") -> str:
    """The name of a machine by the number that elf, pe or macho files have for it; `unknown-<number>` for others."""
    names = _table("machines")[kind]
    return str(names.get(f"{number}-{order}") or names.get(number) or f"unknown-{number}")


def is_device(name: str) -> bool:
    """Whether a machine is a device that is handed code, as a GPU is."""
    return name in _table("machines")["device"]


def machine_name(text: str) -> str:
    """The name that is used here for an `arch`, "" for one that no table knows."""
    tables = _table("machines")
    name = str(tables["aliases"].get(text.lower(), text))
    return name if any(name in tables[kind].values() for kind in ("elf", "pe", "macho")) else ""


@cache
def hardening() -> Hardening:
    """What to look for, and which directories are whose."""
    table = _table("hardening")
    symbols = {word: tuple(patterns) for word, patterns in table["symbols"].items()}
    return Hardening(
        symbols, tuple(table["system_dirs"]), tuple(table["shared_dirs"]), frozenset(table["executable_stack"])
    )


@cache
def libc(family: str) -> frozenset[str]:
    """The sonames of a C library, glibc or musl, itself."""
    return frozenset(_table("base")[family]["libc"].split())


@cache
def base(family: str) -> frozenset[str]:
    """What a machine with that C library has without being asked."""
    return libc(family) | frozenset(_table("base")[family]["beside"].split())


@cache
def families() -> tuple[str, ...]:
    """The C libraries that there are tables for."""
    table = _table("base")
    return tuple(name for name in table if isinstance(table[name], dict) and "libc" in table[name])


def brought_by(soname: str) -> str:
    """The Python package that brings a library into the process, `python` for libpython, "" for others."""
    table = _table("base")
    for package, patterns in (*table["brought"].items(), ("python", table["python"])):
        if any(fnmatchcase(soname, pattern) for pattern in patterns.split()):
            return str(package)
    return ""


def since(version: str) -> str:
    """A numbered symbol version that is as old as one without a number; the same for all others."""
    return str(_table("base")["since"].get(version, version))


def floor(family: str) -> str:
    """The version of a family that every target has, "" where none is known."""
    return str(_table("base")["floor"].get(family, ""))


def cuda(soname: str) -> CudaLibrary | None:
    """What a library of CUDA is, None for any other."""
    for component, pattern, toolkits in _cuda():
        if fnmatchcase(soname, pattern):
            digits = soname.rpartition(".so.")[2].partition(".")[0]
            return CudaLibrary(component, int(digits) if digits.isdecimal() and len(digits) < 6 else 0, toolkits)
    return None


@cache
def _cuda() -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    def rows() -> Iterator[tuple[str, str, tuple[int, ...]]]:
        for component, patterns in _table("cuda").items():
            for pattern, toolkits in patterns.items():
                yield component, pattern, tuple(toolkits)

    return tuple(rows())


def components() -> tuple[str, ...]:
    """The components of CUDA by name."""
    return tuple(_table("cuda"))
