"""What holds whatever an engine answers: the data of the standard bundle that is part of this package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gate.core.errors import EngineError


@dataclass(frozen=True, slots=True)
class Standard:
    """The codes that always deny, and the stages that the standard policy knows."""

    mandatory: frozenset[str]
    stages: frozenset[str]


@cache
def standard() -> Standard:
    """Read once from compiled/data.json; raises EngineError (unavailable) when the package is damaged."""
    path = Path(__file__).with_name("compiled") / "data.json"
    try:
        config = json.loads(path.read_bytes())["gate"]["config"]
        return Standard(frozenset(config["mandatory"]), frozenset(config["stages"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError("unavailable", f"{path}: the standard policy cannot be read; install mlgate again") from error
