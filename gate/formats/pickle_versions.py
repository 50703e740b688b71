"""Which library wrote a pickle, where its state says so under a key that is known.

scikit-learn adds `_sklearn_version` to the state of each of its estimators (BaseEstimator.__getstate__);
configurations of transformers and checkpoints of Lightning have such a key, too. XGBoost, LightGBM and CatBoost keep
their version inside of the embedded model only, and PyTorch keeps none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gate.formats.pickle_values import Dict, Value

VERSIONS = 16
"""Different versions that one walk keeps; a pickle has one a library."""
_BY_MODULE: Final[Mapping[str, tuple[str, str]]] = {
    "sklearn": ("_sklearn_version", "scikit-learn"),
    "transformers": ("transformers_version", "transformers"),
}
"""Package of the class -> key of its state, and the distribution that it is a version of."""
_OUTERMOST: Final = {"pytorch-lightning_version": "pytorch-lightning"}
"""The same for the dictionary that a whole file is."""
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!_-]{0,63}")


class Version(NamedTuple):
    """A distribution, its version, the key, and the bytes of the opcode that set it."""

    library: str
    version: str
    key: str
    start: int
    end: int


def of_state(module: str, state: Value, span: tuple[int, int]) -> Version | None:
    """What the state of an instance of a class says; `state` may be one of slots as well."""
    known = _BY_MODULE.get(module.partition(".")[0])
    part = state[0] if known and type(state) is tuple and state else state
    return _version(*known, part, span) if known and type(part) is Dict else None


def of_file(value: Value, span: tuple[int, int]) -> Version | None:
    """What the dictionary says that a file is."""
    if type(value) is Dict:
        for key, library in _OUTERMOST.items():
            if (found := _version(key, library, value, span)) is not None:
                return found
    return None


def keep(kept: dict[tuple[str, str], Version], found: Version | None) -> None:
    """The first place of each version."""
    if found is not None and len(kept) < VERSIONS:
        kept.setdefault((found.library, found.version), found)


def _version(key: str, library: str, state: Dict, span: tuple[int, int]) -> Version | None:
    said = state.get(key)
    return Version(library, said, key, *span) if type(said) is str and _VERSION.fullmatch(said) else None
