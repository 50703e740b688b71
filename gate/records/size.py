"""How large the model of an archive is and what loading it needs: weights of all files, brought together by set.

Memory is that of weights alone: no activations, no caches, no framework. Weights that lie there in several formats or
precisions count once in `least`, as the cheapest of them, and once in `most`, as the dearest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from gate.facts.size import SizeRead, Weights, WeightSet
from gate.formats.weights import MOST
from gate.records.loading import Loading, Place, place_of, tables

FILES = 100_000
"""Files of weights that are brought together; the largest sharded models have 1,000."""
SETS = 100
"""Sets that one result lists as facts, the dearest first."""
_BY_NAME = ("data.pkl", ".bin")
_STORAGE = re.compile(r"(?P<root>.*!/(?:[^/]+/)?|(?:[^/]+/)?)(?:(?P<pickle>data\.pkl)|data/(?P<number>[0-9]+))")


@dataclass(slots=True)
class Files:
    """What only the names and sizes of members tell: `weights` of files that have no header, and sums of all."""

    weights: list[Weights] = field(default_factory=list)
    unpacked: int = 0
    unread: int = 0
    sizes: dict[str, int] = field(default_factory=dict)


def files(rows: Iterable[tuple[str, int]], wanted: frozenset[str]) -> Files:
    """One pass over the members, sorted by path: (path, size or -1); keeps the sizes of those that are `wanted`."""
    found, torch = Files(), dict[str, int]()
    by_name = tables().by_name
    for path, size in rows:
        if size < 0:
            found.unread += 1
            continue
        if "!/" not in path:
            found.unpacked += size
        if path in wanted:
            found.sizes[path] = size
        if path.endswith(_BY_NAME) or path[-1:].isdecimal():
            _storage(torch, path, size)
            found.weights += [Weights(path, name, size, -1, size) for name, file in by_name if file.fullmatch(path)]
    found.weights += [
        Weights(f"{root}data.pkl", "torch-zip", size, -1, size) for root, size in torch.items() if size >= 0
    ]
    return found


def _storage(torch: dict[str, int], path: str, size: int) -> None:
    """Sums up the storages behind each data.pkl, which sorts before them; -1 while there are none."""
    match = _STORAGE.fullmatch(path)
    if match is None:
        return
    root = match["root"]
    if match["pickle"]:
        torch[root] = -1
    elif root in torch:
        torch[root] = max(torch[root], 0) + size


@dataclass(slots=True)
class _Set:
    """Files that are loaded together, while they are added up."""

    path: str
    format: str
    loading: Loading
    files: int = 0
    size: int = 0
    parameters: int = 0
    dtypes: set[str] = field(default_factory=set)
    resident: int = 0
    load: int = 0
    host: int = 0

    def add(self, row: Weights) -> None:
        """One more file; what is not known of one is not known of all."""
        self.files += 1
        self.size += row.size
        self.dtypes.update(row.dtypes)
        self.parameters = _sum(self.parameters, row.parameters)
        kept, loaded, host = _needs(row, self.loading)
        self.resident, self.load = _sum(self.resident, kept), _sum(self.load, loaded)
        self.host = _sum(self.host, host)

    def fact(self, instead: str) -> WeightSet:
        how = self.loading
        least = (self.parameters, tuple(sorted(self.dtypes)), how.mapped, how.start)
        memory = (min(self.resident, MOST), min(self.load, MOST))
        return WeightSet(self.path, self.format, self.files, self.size, *least, *memory, int(how.sure), instead)


def _sum(one: int, other: int) -> int:
    return -1 if one < 0 or other < 0 else min(one + other, MOST)


def _needs(row: Weights, how: Loading) -> tuple[int, int, int]:
    """Bytes that stay, that are there while loading, and those of the latter that are copied; -1 unknown.

    What a header says lies outside of its file is mapped from there, whatever is done with the file.
    """
    tensors = row.size if how.whole else row.tensors
    if how.resident < 0 or tensors < 0:
        return -1, -1, -1
    outside = max(0, tensors - row.size) if how.outside else 0
    inside = tensors - outside
    load = inside * how.load // 100 + outside
    return inside * how.resident // 100 + outside, load, 0 if how.mapped == "yes" else load - outside


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is published, and what policy asks."""

    sets: tuple[WeightSet, ...]
    read: SizeRead
    cut: int


def sizes(weights: Iterable[Weights], found: Files) -> Sizes:
    """Everything brought together; `cut` is how many files were too many."""
    groups: dict[tuple[str, str], dict[Place, _Set]] = defaultdict(dict)
    torch = {row.path for row in found.weights if row.format == "torch-zip"}
    count = 0
    for row in chain(weights, found.weights):
        if row.format not in tables().formats or (row.format == "pickle" and row.path in torch) or _training(row.path):
            continue
        count += 1
        if count > FILES:
            continue
        where = place_of(_file(row), row.format)
        sets = groups[where.model]
        if where not in sets:
            sets[where] = _Set(row.path, row.format, tables().formats[row.format])
        sets[where].add(row)
    return Sizes(tuple(_listed(groups.values())), _read(groups.values(), found), max(0, count - FILES))


def _file(row: Weights) -> str:
    """The path of the file that is loaded: a member of a zip of PyTorch stands for the whole."""
    return row.path.rpartition("!/")[0] or row.path if row.format == "torch-zip" else row.path


def _training(path: str) -> bool:
    return any(
        tables().training.fullmatch(part) for part in path.rpartition("!/")[0::2] for part in [part.rpartition("/")[2]]
    )


def _ordered(sets: Iterable[_Set]) -> list[_Set]:
    """The dearest first; what nobody knows before that."""
    return sorted(sets, key=lambda one: (one.load >= 0, -one.load, -one.size, one.path))


def _listed(groups: Iterable[dict[Place, _Set]]) -> Iterator[WeightSet]:
    rows = []
    for group in groups:
        cheapest = min(group.values(), key=lambda one: (one.load < 0, one.load, one.path))
        rows += [(one, "" if one is cheapest else cheapest.path) for one in group.values()]
    first = {id(one): i for i, one in enumerate(_ordered(one for one, _ in rows))}
    for one, instead in sorted(rows, key=lambda row: first[id(row[0])])[:SETS]:
        yield one.fact(instead)


def _read(groups: Iterable[dict[Place, _Set]], found: Files) -> SizeRead:
    least, most = [0, 0, 0, 0], [0, 0, 0, 0]
    unknown = unknown_bytes = 0
    counted = True
    for group in groups:
        known = [one for one in group.values() if one.load >= 0]
        opaque = [one for one in group.values() if one.load < 0]
        unknown += sum(one.files for one in opaque)
        unknown_bytes += sum(one.size for one in opaque)
        needs = [(one.resident, one.load, one.host, max(0, one.parameters)) for one in known]
        counted = counted and all(one.parameters >= 0 for one in group.values())
        for i in range(4):
            values = [row[i] for row in needs]
            sure = all(one.loading.sure for one in known) and not opaque
            least[i] = _sum(least[i], min(values, default=0) if sure else 0)
            most[i] = _sum(most[i], max(values, default=0))
    return SizeRead(
        "",
        found.unpacked,
        found.unread,
        unknown,
        min(unknown_bytes, MOST),
        int(counted),
        _four(least),
        _four(most),
    )


def _four(values: list[int]) -> tuple[int, int, int, int]:
    a, b, c, d = values
    return a, b, c, d
