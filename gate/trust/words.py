"""Trust: who may sign what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust.yaml; `digest` is the sha256 of the file that it was read from."""

    digest: str
