"""pip-audit's Auditor over our own data: no network, no pip, nothing of the current folder is run.

pip-audit promises no Python API; what is used here is pinned to 2.10 and held by a contract test.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import packaging
from packaging.version import Version

from gate.core.advisory import Advisory
from gate.core.errors import MissingExtra, NotExamined
from gate.core.gap import GapReason

Pin = tuple[str, Version]
Lookup = Callable[[str, Version], tuple[Advisory, ...]]


def audit(pins: Iterable[Pin], lookup: Lookup) -> Iterator[tuple[str, Version, tuple[Advisory, ...]]]:
    """Run the Auditor over pinned packages; each comes back with the advisories that `lookup` knows, in its order.

    Those that are still aliases of each other are merged as pip-audit does it. What `lookup` raises is passed on.
    Raises MissingExtra without pip-audit and NotExamined `unavailable` when it fails or leaves a package out.
    """
    auditor, source, service = _library()
    audited = auditor(service(lookup)).audit(source(pins))
    while (item := _next(audited)) is not None:
        dependency, results = item
        if dependency.is_skipped():
            raise NotExamined(GapReason.UNAVAILABLE, "pip-audit left a package out")
        yield dependency.name, dependency.version, tuple(map(_advisory, results))


def _next(audited: Iterator[Any]) -> Any:
    """The next package with its results, None at the end; pip-audit's exceptions become ours here."""
    from pip_audit._dependency_source import DependencySourceError
    from pip_audit._service import ServiceError

    try:
        return next(audited, None)
    except (ServiceError, DependencySourceError, SystemExit) as error:  # it is a command line inside and out
        raise NotExamined(GapReason.UNAVAILABLE, f"pip-audit gave up: {type(error).__name__}") from error


class _Plugins(NamedTuple):
    """pip-audit's Auditor and our plug-ins, which can be derived only once it is there."""

    auditor: Callable[[Any], Any]
    source: Callable[[Iterable[Pin]], Any]
    service: Callable[[Lookup], Any]


def _advisory(result: Any) -> Advisory:
    """Ours again, with the aliases that the Auditor found besides."""
    advisory = result.advisory
    assert isinstance(advisory, Advisory)
    if set(advisory.aliases) == result.aliases:
        return advisory
    return replace(advisory, aliases=tuple(sorted(result.aliases - {advisory.id})))


@cache
def _library() -> _Plugins:
    try:
        with _harmless():
            from pip_audit._audit import Auditor
            from pip_audit._dependency_source import DependencySource
            from pip_audit._service import ResolvedDependency, VulnerabilityResult, VulnerabilityService
    except ImportError as error:
        raise MissingExtra("pip-audit", "scan") from error

    @dataclass(frozen=True)
    class Result(VulnerabilityResult):  # type: ignore[misc]  # pip-audit has no types
        """Carries what a VulnerabilityResult has no room for: severity, malware."""

        advisory: Advisory | None = field(default=None, compare=False)

    class Pins(DependencySource):  # type: ignore[misc]
        """Packages whose versions are known; nothing is resolved."""

        def __init__(self, pins: Iterable[Pin]) -> None:
            self._pins = pins

        def collect(self) -> Iterator[Any]:
            return (ResolvedDependency(name, version) for name, version in self._pins)

        def fix(self, fix_version: object) -> None:
            raise NotImplementedError("gate changes no archive")

    class Service(VulnerabilityService):  # type: ignore[misc]
        """Answers from `lookup`."""

        def __init__(self, lookup: Lookup) -> None:
            self._lookup = lookup

        def query(self, spec: Any) -> tuple[Any, list[Any]]:
            if spec.is_skipped():  # what the interface asks of every service
                return spec, []
            return spec, [_result(advisory) for advisory in self._lookup(spec.name, spec.version)]

    def _result(advisory: Advisory) -> Result:
        fixed = [Version(text) for text in advisory.fixed_in]
        return Result(advisory.id, advisory.summary, fixed, set(advisory.aliases), None, advisory)

    return _Plugins(Auditor, Pins, Service)


@contextlib.contextmanager
def _harmless() -> Iterator[None]:
    """Import without consequences.

    pip-audit imports pip_api, which runs `python -m pip --version` when it is imported: a process, of whatever
    $PIPAPI_PYTHON_LOCATION says, that takes a pip.py of the current folder for pip. A stand-in has the one name that is
    read meanwhile; what of pip-audit needs pip does not work in this process. The libraries below it try optional
    imports, so the current folder is no place to look for them.
    """
    real, path = sys.modules.get("pip_api"), sys.path[:]
    if real is None:
        stand_in = ModuleType("pip_api")
        stand_in.__dict__["PIP_VERSION"] = "0"  # only asked whether it has a cache that is not used here
        sys.modules["pip_api"] = stand_in
    sys.path[:] = [entry for entry in path if not _here(entry)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries below it, about each other
            yield
    finally:
        sys.path[:] = path
        if real is None:
            del sys.modules["pip_api"]


def _here(entry: str) -> bool:
    """Whether a place of sys.path is the current folder, and not because Python was installed there."""
    try:
        current = os.path.realpath(os.getcwd())
    except OSError:  # it was deleted
        return entry == ""
    installed = {os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib", "platstdlib")}
    installed.add(os.path.realpath(os.path.join(os.path.dirname(packaging.__file__), os.pardir)))
    return os.path.realpath(os.path.join(current, entry)) == current and current not in installed
