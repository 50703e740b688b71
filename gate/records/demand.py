"""What weights demand, as policy asks it and as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gate.core.report import Json
from gate.facts.size import SizeRead, WeightSet
from gate.records.loading import STARTS, tables
from gate.targets.profile import Profile


def sized(reads: Iterable[SizeRead], sets: Iterable[WeightSet]) -> dict[str, Json]:
    """The section `size`: bytes and parameters as integers; `*_most` where all that is doubtful is counted."""
    read = next(iter(reads), SizeRead("", 0, 0, 0, 0, 1, (0, 0, 0, 0), (0, 0, 0, 0)))
    rows = list(sets)
    needed = [row for row in rows if not row.instead]
    return {
        "unpacked_bytes": read.unpacked,
        "unread_members": read.unread,
        "weight_files": sum(row.files for row in rows),
        "weight_bytes": sum(row.size for row in rows),
        "parameters": read.most[3],
        "parameters_known": bool(read.parameters_known),
        "dtypes": sorted({name for row in rows for name in row.dtypes}),
        "formats": [
            {"format": name, "files": files, "bytes": size, "mapped": tables().formats[name].mapped}
            for name, (files, size) in sorted(_by_format(rows).items())
        ],
        "resident_bytes": read.least[0],
        "load_bytes": read.least[1],
        "copied_bytes": read.least[2],
        "resident_bytes_most": read.most[0],
        "load_bytes_most": read.most[1],
        "copied_bytes_most": read.most[2],
        "unknown_files": read.unknown,
        "unknown_bytes": read.unknown_bytes,
        "start": max((row.start for row in needed), key=STARTS.index, default=None),
    }


def others(sets: Iterable[WeightSet]) -> Iterator[tuple[WeightSet, WeightSet]]:
    """Sets of the same weights by their names that cannot be: floating point, and more than twice as many."""
    rows = list(sets)
    by_path = {row.path: row for row in rows}
    for row in rows:
        one = by_path.get(row.instead)
        if one is not None and _plain(row) and _plain(one):
            less, more = sorted((row.parameters, one.parameters))
            if more > 2 * less:
                yield row, one


def _plain(row: WeightSet) -> bool:
    """Whether each element is a parameter: what is quantized packs several into one."""
    return row.parameters > 0 and all(name.startswith(("float", "bfloat")) for name in row.dtypes)


def counted(row: WeightSet) -> str:
    """How many parameters a set has, in words."""
    return f"{_short(row.parameters)} parameters"


def _by_format(rows: Iterable[WeightSet]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        files, size = found.get(row.format, (0, 0))
        found[row.format] = files + row.files, size + row.size
    return found


def target(profile: Profile) -> dict[str, Json]:
    """What one target has, in bytes; None where its profile does not say."""
    return {
        "name": profile.name,
        "gpu": profile.gpu,
        "host_bytes": profile.host_bytes,
        "gpu_bytes": profile.gpu_bytes,
        "disk_bytes": profile.disk_bytes,
    }


def in_words(sets: Iterable[WeightSet]) -> str:
    """The weights in a few words, those that replace each other once: `7.2B parameters, float16, 14.4 GB of gguf`.

    "" where there are none.
    """
    rows = [row for row in sets if not row.instead and row.sure]
    if not rows:
        return ""
    known = [row.parameters for row in rows if row.parameters > 0]
    count = [f"{_short(sum(known))} parameters"] if known and len(known) == len(rows) else []
    types = sorted({name for row in rows for name in row.dtypes if name.startswith(("float", "bfloat"))})
    formats = sorted({row.format for row in rows})
    return ", ".join([*count, *types[:2], f"{_bytes(sum(row.size for row in rows))} of {' and '.join(formats[:3])}"])


def _short(number: int, letters: str = "kMBT") -> str:
    """1234567 as `1.2M`."""
    for step, letter in ((10**12, letters[3]), (10**9, letters[2]), (10**6, letters[1]), (10**3, letters[0])):
        if number >= step:
            return f"{number // (step // 10) / 10:g}{letter}"
    return f"{number}"


def _bytes(number: int) -> str:
    """1234567 as `1.2 MB`."""
    text = _short(number, "kMGT")
    return f"{text[:-1]} {text[-1]}B" if text[-1].isalpha() else f"{text} B"
