"""Stand-in until the real data base is merged: there is none yet."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gate.core.advisory import Advisory
from gate.core.errors import NotExamined
from gate.core.gap import GapReason


@dataclass(frozen=True, slots=True)
class About:
    """What a data base says about itself."""

    digest: str
    data_time: str
    fetched: str
    records: int
    refused: int
    packages: int
    kinds: tuple[tuple[str, int], ...]
    source: str
    label: str


class Database:
    """Advisories by package."""

    about: About

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None: ...

    def of_version(self, name: str, version: Version) -> tuple[Advisory, ...]:
        """Those of one version."""
        raise NotImplementedError

    def of_specifiers(self, name: str, specifiers: SpecifierSet) -> tuple[Advisory, ...]:
        """Those of the versions that are allowed."""
        raise NotImplementedError


def open_database(path: str) -> Database:
    """Raises NotExamined `unavailable`."""
    raise NotExamined(GapReason.UNAVAILABLE, f"{path}: no data base can be read yet")
