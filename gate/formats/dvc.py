"""What DVC keeps outside of git: NAME.dvc, dvc.lock.

https://dvc.org/doc/user-guide/project-structure/dvc-files
https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#dvclock-file
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import read_yaml
from gate.formats.file_claims import Claim, Elsewhere, Said

_MD5 = re.compile(r"[0-9a-f]{32}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
FOLDER = ".dir"
_EXACT, _LOOSE = "md5", "md5-dos2unix"


def read_dvc(source: Source) -> tuple[Said, ...]:
    """The outputs of a .dvc file, relative to its folder: each is there, or is fetched; FormatError or NotExamined."""
    file = read_yaml(source).value
    outs = file.get("outs") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(outs, list):
        raise FormatError("DVC: no list `outs`")
    folder = file.get("wdir")
    pinned = _imported(file.get("deps"))
    return tuple(said for out in outs for said in _out(out, folder if isinstance(folder, str) else "", pinned))


def read_lock(source: Source) -> tuple[Claim, ...]:
    """The digests of dvc.lock; what is not there is data of an earlier stage, or lies in another folder."""
    lock = read_yaml(source).value
    stages = lock.get("stages", lock) if isinstance(lock, dict) else None
    if not isinstance(stages, dict):
        raise FormatError("DVC: no mapping `stages`")
    return tuple(_stages(stages))


def _stages(stages: dict[str, Json]) -> Iterator[Claim]:
    for stage in stages.values():
        for key in ("deps", "outs"):
            items = stage.get(key) if isinstance(stage, dict) else None
            for item in items if isinstance(items, list) else ():
                if isinstance(item, dict) and (claim := _claim(item, "")) is not None and claim.hex:
                    yield claim


def _imported(deps: Json) -> str:
    """A file that came from another repository is pinned by its commit."""
    for dep in deps if isinstance(deps, list) else ():
        repo = dep.get("repo") if isinstance(dep, dict) else None
        commit = repo.get("rev_lock") if isinstance(repo, dict) else None
        if isinstance(commit, str) and _COMMIT.fullmatch(commit):
            return f"gitCommit:{commit}"
    return ""


def _out(out: Json, folder: str, pinned: str) -> Iterator[Said]:
    claim = _claim(out, folder) if isinstance(out, dict) else None
    if claim is None or not isinstance(out, dict):
        raise FormatError("DVC: an output without a path")
    plain = claim.hex and not claim.algorithm.endswith(FOLDER)
    digest = f"{claim.algorithm}:{claim.hex}" if plain else _folder(out) or pinned
    yield Elsewhere("dvc", claim.name.decode(), digest, claim.size, claim.name)
    if claim.algorithm:
        yield claim


def _folder(out: dict[str, Json]) -> str:
    value = out.get("md5")
    return f"md5:{value}" if isinstance(value, str) and _MD5.fullmatch(value.removesuffix(FOLDER)) else ""


def _claim(item: dict[str, Json], folder: str) -> Claim | None:
    """A digest of a folder is one of the list of its files: its algorithm is theirs and ends in .dir."""
    path, value, size = item.get("path"), item.get("md5"), item.get("size")
    if not isinstance(path, str) or not path:
        return None
    name = f"{folder.rstrip('/')}/{path}".encode() if folder not in ("", ".") else path.encode()
    if not isinstance(value, str) or not value:
        return Claim(name, sure=False)
    exact = item.get("hash") == "md5"
    if value.endswith(FOLDER):
        digits = value.removesuffix(FOLDER).lower()
        return Claim(name, (_EXACT if exact else _LOOSE) + FOLDER, digits if _MD5.fullmatch(digits) else "", sure=False)
    # DVC 2 counts the bytes of the file, and hashes fewer of them
    return Claim(name, _EXACT if exact else _LOOSE, value.lower(), size if type(size) is int else -1, sure=False)
