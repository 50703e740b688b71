"""Which personal data is searched for, as the user chose it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose: countries by their ISO 3166 code (None: those of the shipped table), registries (YAML)."""

    countries: frozenset[str] | None = None
    registries: tuple[bytes, ...] = ()
    kept: str = ""
    """The folder in which compiled patterns are kept between runs; "": in none."""


SHIPPED = Choice()
"""The shipped recognizers of the shipped countries."""
