"""How a finding about packages is made."""

from __future__ import annotations

from gate.core.finding import Finding
from gate.core.location import Location


def told(location: Location, rule: str, by: str, **args: object) -> Finding:
    """A rule that holds there; `by` tells findings of one rule in one member apart."""
    return Finding(location, rule, by, tuple((name, str(value)) for name, value in args.items()))
