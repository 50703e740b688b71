"""Would a requirement's marker hold where a model runs?

A model runs on Linux under CPython, and often nobody knows under which version. So a marker is tried in every
environment that is possible there, and never in that of the scanner.
https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

PYTHONS = tuple(f"3.{minor}" for minor in range(7, 16))
"""Versions under which a model may run when nothing says which: those that frameworks of the last years supported."""
MOST = 1000
"""Different markers that are tried in one archive; a large lock file has 60."""
_MACHINES = ("x86_64", "aarch64")
_LITERAL = re.compile(r"""["'](3\.[0-9]{1,3}(?:\.[0-9]{1,3})?)["']""")
_LITERALS = 8
"""Versions named in one marker that are tried besides; real markers name two."""
_PYTHON = re.compile(r"([0-9]{1,3}\.[0-9]{1,3})(?:\.[0-9]{1,3})?")
_OF_THE_MACHINE = re.compile(r"\bplatform_(?:release|version)\b")
"""The kernel, which nothing in an archive can tell."""


class Holds(enum.Enum):
    """In every possible environment, in none of them, in some."""

    YES = "yes"
    NO = "no"
    PERHAPS = "perhaps"


def holds(marker: str, python: str = "") -> Holds:
    """Whether a marker holds; `python` is the version of the target, as 3.12 or 3.12.11, "" when it is not known.

    A marker that cannot be read, or that depends on the kernel, holds perhaps.
    """
    if not marker:
        return Holds.YES
    if _OF_THE_MACHINE.search(marker):
        return Holds.PERHAPS
    try:
        parsed = Marker(marker)
        answers = {parsed.evaluate(environment) for environment in _environments(marker, python)}
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return Holds.PERHAPS
    if len(answers) != 1:
        return Holds.PERHAPS
    return Holds.YES if answers.pop() else Holds.NO


class Markers:
    """Answers the same question often; after MOST different markers of one archive the answer is perhaps."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Holds] = {}

    def holds(self, marker: str, python: str = "") -> Holds:
        if not marker:
            return Holds.YES
        key = marker, python
        if key not in self._known:
            if len(self._known) >= MOST:
                return Holds.PERHAPS
            self._known[key] = holds(marker, python)
        return self._known[key]


def _environments(marker: str, python: str) -> Iterator[dict[str, str]]:
    machines = _MACHINES if "platform_machine" in marker else _MACHINES[:1]
    versions = _versions(marker, python) if "python" in marker or "implementation_version" in marker else ["3.12.0"]
    for full in versions:
        for machine in machines:
            yield {
                "implementation_name": "cpython",
                "implementation_version": full,
                "os_name": "posix",
                "platform_machine": machine,
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_system": "Linux",
                "platform_version": "",
                "python_full_version": full,
                "python_version": ".".join(full.split(".")[:2]),
                "sys_platform": "linux",
                "extra": "",
            }


def _versions(marker: str, python: str) -> list[str]:
    """Full versions to try: one if it is known, else the first and a late one of each, and those that are named."""
    known = _PYTHON.fullmatch(python)
    if known is not None and known[0] != known[1]:
        return [python]
    minors = (known[1],) if known is not None else PYTHONS
    named = [text for text in _LITERAL.findall(marker) if text.count(".") == 2][:_LITERALS]
    micros = (0, 30) if "full" in marker or "implementation_version" in marker else (0,)
    return [
        *(f"{minor}.{micro}" for minor in minors for micro in micros),
        *(full for full in named if full.rpartition(".")[0] in minors),
    ]
