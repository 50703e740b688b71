"""What decide() needs of a Rego engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gate.core.report import Json


class Engine(Protocol):
    """Evaluates data.gate.decision.result; implemented in gate.adapters."""

    @property
    def name(self) -> str:
        """`embedded`, `opa`, or `embedded+opa` when both were asked."""

    @property
    def digest(self) -> str | None:
        """The policy digest of what it runs, None when that could not be read."""

    @property
    def data_digest(self) -> str | None:
        """Sha256 in hex of the organisation's data that lies beside the policy, None when there is none."""

    def evaluate(self, document: Mapping[str, Json]) -> Json:
        """The value of the entry point for one gate.input/v1 document.

        Raises EngineError and nothing else: unavailable, timed-out, trapped, undefined, bad-result, over-cap,
        engines-differ or digest-mismatch.
        """
