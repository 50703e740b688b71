"""A Keras model, or its weights, in an HDF5 file (legacy_h5_format.py and saving_lib.py of Keras 3.15)."""

from __future__ import annotations

from dataclasses import dataclass

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.hdf5 import LONG, Hdf5
from gate.formats.keras_config import KerasConfig, keras_config


@dataclass(frozen=True, slots=True)
class KerasH5:
    """What Keras wrote. `training` is JSON; `layer_names` those whose weights are loaded.

    `config` is None for a file of weights alone; `conflicts` are attributes that stand twice with other values.
    """

    keras_version: str
    backend: str
    config: KerasConfig | None
    training: str
    layer_names: tuple[str, ...]
    parameters: int
    conflicts: tuple[str, ...]


def keras_h5(file: Hdf5) -> KerasH5 | None:
    """The Keras part of a file, None where it has none; raises as keras_config, or NotExamined where it was unread."""
    texts: dict[str, str] = {}
    conflicts: list[str] = []
    names: list[str] = []
    for item in file.attributes:
        if item.path not in ("", "/model_weights"):
            continue
        if item.name.rstrip("0123456789") == "layer_names":  # long lists are cut into numbered ones
            names += item.values
        elif item.values:
            value = "".join(item.values)
            if texts.setdefault(item.name, value) != value:
                conflicts.append(item.name)
    if not LONG & texts.keys() and not {"keras_version", "backend"} & texts.keys() and not names:
        return None
    if "model_config" not in texts and any(path == "" for path, _ in file.unread):
        raise NotExamined(GapReason.UNSUPPORTED, "HDF5: the root group was not read whole, model_config may be there")
    config = keras_config(texts["model_config"].encode()) if "model_config" in texts else None
    return KerasH5(
        texts.get("keras_version", ""),
        texts.get("backend", ""),
        config,
        texts.get("training_config", ""),
        tuple(names),
        sum(count for _, count in file.dtypes),
        tuple(conflicts),
    )
