"""What kind of PyTorch file a zip archive is, by the names of its members.

https://docs.pytorch.org/docs/stable/notes/serialization.html ; torch/serialization.py, torch/export/pt2_archive,
torch/package of version 2.9
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

NAMES = 1000
"""Names of one kind that are listed; all are counted."""
_NATIVE = (".so", ".dll", ".dylib", ".pyd", ".cubin", ".hsaco", ".o", ".pt2.o")
_SOURCES = (".cpp", ".cc", ".cu", ".h")


@dataclass(frozen=True, slots=True)
class TorchLayout:
    """Members below one folder of an archive; names are relative to it.

    `kind` is state-dict, torchscript, lite (a script for mobile interpreters), package, pt2 or exported-program (its
    form up to PyTorch 2.7). `versions` are small texts: version, byteorder and others. `pickles` are loaded as such;
    `code` is source that is compiled or imported; `native` runs as it is. `storages` counts tensors.
    """

    root: str
    kind: str
    versions: tuple[str, ...]
    pickles: tuple[str, ...]
    code: tuple[str, ...]
    native: tuple[str, ...]
    programs: tuple[str, ...]
    storages: int
    extra: tuple[str, ...]


_VERSIONS = frozenset(
    {
        *("version", "byteorder", ".format_version", ".storage_alignment", "archive_format", "archive_version"),
        *(".data/serialization_id", ".data/version", ".data/extern_modules", "serialized_state_dict.version"),
    }
)
_PROGRAMS = frozenset({"serialized_exported_program.json", "serialized_export_program.json"})


def torch_layouts(names: Iterable[str]) -> tuple[TorchLayout, ...]:
    """The PyTorch files among the members of one archive, by folder; none where there is nothing of the kind."""
    everything = list(names)
    flat = _layout("", everything)
    if flat is not None:
        return (flat,)
    folders: dict[str, list[str]] = defaultdict(list)
    for name in everything:
        root, _, rest = name.partition("/")
        if rest:
            folders[root].append(rest)
    found = (_layout(root, members) for root, members in sorted(folders.items()))
    return tuple(layout for layout in found if layout is not None)


def _layout(root: str, members: list[str]) -> TorchLayout | None:
    there = frozenset(members)
    kind = _kind(there)
    if kind is None:
        return None
    pickles = [name for name in members if name.endswith((".pkl", ".pt", ".pth")) or name.startswith("serialized_")]
    code = [name for name in members if _is_code(name, kind)]
    return TorchLayout(
        root,
        kind,
        _listed(there & _VERSIONS),
        _listed(name for name in pickles if not name.endswith(".json")),
        _listed(code),
        _listed(name for name in members if name.endswith(_NATIVE)),
        _listed(name for name in members if name in _PROGRAMS or _is_program(name)),
        sum(_is_storage(name) for name in members),
        _listed(name for name in members if name.startswith("extra/")),
    )


def _kind(there: frozenset[str]) -> str | None:
    """The kind, by members without which no loader reads a file of it."""
    if "archive_format" in there:
        return "pt2"
    if there & _PROGRAMS:
        return "exported-program"
    if ".data/extern_modules" in there:
        return "package"
    if "data.pkl" not in there or not {"version", ".data/version"} & there:
        return None
    if "bytecode.pkl" in there:
        return "lite"
    script = "constants.pkl" in there or any(name.startswith("code/") for name in there)
    return "torchscript" if script else "state-dict"


def _is_program(name: str) -> bool:
    return name.startswith("models/") and name.endswith(".json")


def _is_storage(name: str) -> bool:
    """A tensor: a number in a folder of data, or a weight or constant of pt2."""
    folder, _, last = name.rpartition("/")
    if folder in ("data", "constants", "tensors", ".data"):
        return last.isdecimal() or last.endswith(".storage")
    return folder in ("data/weights", "data/constants") and last.startswith(("weight_", "tensor_"))


def _is_code(name: str, kind: str) -> bool:
    return name.endswith(".py") or name.endswith(_SOURCES) or (kind == "torchscript" and name.startswith("code/"))


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names)[:NAMES])
