"""Which files of an archive an import in a pickle would find, if the archive's folders are on the path of a loader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CODE_FOLDERS = frozenset({"code", "lib", "python", "src"})
"""Folders that tools put on sys.path: `code` of MLflow and SageMaker, `src` and `lib` of projects."""
SCRIPTED = "__torch__"
"""Folder of the sources of TorchScript, which torch compiles and Python never imports."""
_SUFFIX = r"(?:\.py|\.pyc|\.pyd|(?:\.[\w-]+)?\.so)"
_WHEEL = re.compile(r"(?:(?P<folder>.*)/)?(?P<name>[A-Za-z0-9._]+?)-[^/-]+\.dist-info/METADATA")


class Shipped(NamedTuple):
    """A file of the archive that answers to a top-level module: the folder that would have to be on the path."""

    module: str
    folder: str
    path: str
    installed: bool = False
    """Whether the folder holds a `.dist-info` of that name as well, as folders that pip installs into do."""


def shipped(modules: Iterable[str], paths: Iterable[str]) -> list[Shipped]:
    """The first file for each top-level module and folder; `paths` come sorted."""
    wanted = "|".join(sorted(map(re.escape, modules)))
    if not wanted:
        return []
    files = re.compile(rf"(?:(?P<folder>.*)/)?(?P<module>{wanted})(?:{_SUFFIX}|/(?:.*/)?[^/]+{_SUFFIX})")
    found: dict[tuple[str, str], str] = {}
    installed: set[tuple[str, str]] = set()
    for path in paths:
        match = files.fullmatch(path)
        if match and SCRIPTED not in (match["folder"] or "").split("/"):
            found.setdefault((match["module"], match["folder"] or ""), path)
        elif path.endswith(".dist-info/METADATA") and (wheel := _WHEEL.fullmatch(path)):
            installed.add((wheel["folder"] or "", _plain(wheel["name"])))
    return [
        Shipped(module, folder, path, (folder, _plain(module)) in installed)
        for (module, folder), path in sorted(found.items())
    ]


def _plain(name: str) -> str:
    """Distribution and module names compare without case and separators; scikit-learn installs sklearn."""
    plain = re.sub(r"[-_.]+", "", name.lower())
    return {"scikitlearn": "sklearn", "pythondateutil": "dateutil", "pillow": "pil"}.get(plain, plain)


def found_by(pickle: str, files: Iterable[Shipped]) -> Iterator[Shipped]:
    """Those that a loader of this pickle finds: in a folder around the pickle, or in a code folder of one of these."""
    for file in files:
        folder = file.folder
        around = folder if folder.rpartition("/")[2] not in CODE_FOLDERS else folder.rpartition("/")[0]
        if any(place == "" or pickle.startswith(f"{place}/") for place in (folder, around)):
            yield file
