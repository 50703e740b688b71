"""Which modules an archive brings itself, and which of its folders hold what an installer put there."""

from __future__ import annotations

from collections.abc import Iterable

from gate.formats.dist_info import PATH
from gate.formats.requirement_lists import plain

_MOST = 200_000
"""Names of modules that are held."""
_CODE = (".py", ".pyc", ".pyd", ".so", ".pyi", ".pyx")


def own_modules(paths: Iterable[str]) -> frozenset[str]:
    """Names that can be imported from somewhere in an archive: files of code, and every folder above one."""
    names: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        if plain(path).lower().endswith(_CODE) and len(names) < _MOST:
            folder, _, name = plain(path).rpartition("/")
            names.add(name.partition(".")[0])
            if folder not in folders:
                folders.add(folder)
                names.update(folder.split("/"))
    return frozenset(names)


def sites(installed: Iterable[str]) -> tuple[str, ...]:
    """The folders that distributions were installed in, by the paths of their metadata; what lies there is theirs."""
    found = {match["site"] for path in installed if (match := PATH.fullmatch(plain(path)))}
    return tuple(sorted(found))
