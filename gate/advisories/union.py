"""Names that mean one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def joined(sets: Iterable[Sequence[str]]) -> Mapping[str, str]:
    """Every name, with the one that stands for all that share a set with it, directly or through others."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for names in sets:
        for name in names:
            parent[root(name)] = root(names[0])
    return {name: root(name) for name in list(parent)}
