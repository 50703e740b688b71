"""The policy digest: one name for everything that a bundle decides by."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gate.core.errors import UsageError

_DATA = frozenset({"data.json", "data.yaml", "data.yml"})
"""The only data files that OPA loads from a bundle: https://www.openpolicyagent.org/docs/management-bundles"""


def policy_digest(folder: Path) -> str:
    r"""Sha256 in hex over the lines `<hex sha256>  <path>\n` of a bundle's Rego and data files, sorted by path.

    Tests and the `.manifest`, which holds this digest, do not count. Raises UsageError where there is nothing to read.
    """
    try:
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _decides(path)}
        lines = [f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(files)]
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}; the policy cannot be read") from error
    if not lines:
        raise UsageError(f"{folder}: holds no Rego and no data files")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _decides(path: Path) -> bool:
    return path.name in _DATA or (path.suffix == ".rego" and not path.name.endswith("_test.rego"))
