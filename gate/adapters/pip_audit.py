"""Stand-in until the real adapter is merged: asks for each pin as the auditor of pip-audit does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from packaging.version import Version

from gate.core.advisory import Advisory


def audit(
    pins: Iterable[tuple[str, Version]], lookup: Callable[[str, Version], tuple[Advisory, ...]]
) -> Iterator[tuple[str, Version, tuple[Advisory, ...]]]:
    """Each pin with its advisories."""
    for name, version in pins:
        yield name, version, lookup(name, version)
