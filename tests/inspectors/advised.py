"""Shows archives to the dependencies inspector, with a small data base of advisories in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from gate import pipeline, registry
from gate.advisories import database
from gate.core.advisory import Advisory, Certainty
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.inspectors import Inputs
from gate.registry import Registry
from tests.conftest import zipped

NOW = "2026-11-21T10:00:00Z"


@dataclass(frozen=True)
class Record:
    """Versions of a package that are affected."""

    id: str
    name: str
    affected: str
    fixed: str = ""
    malicious: bool = False

    def advisory(self, certainty: Certainty) -> Advisory:
        fixes = (self.fixed,) if self.fixed else ()
        return Advisory(self.id, (f"CVE-{self.id}",), "a hole", "high", self.malicious, fixes, certainty)


RECORDS = (
    Record("T-1", "holey", "<1.5", "1.5"),
    Record("T-2", "holey", ">=1.0,<1.1", "1.1"),
    Record("T-3", "setuptools", "<70", "70"),
    Record("M-1", "evil-pkg", "", malicious=True),
    Record("M-2", "taken-over", "==6.6.6", malicious=True),
)


@dataclass(frozen=True)
class About:
    digest: str = "ab" * 32
    data_time: str = "2026-11-20T04:30:00Z"
    fetched: str = "2026-11-20T05:00:00Z"
    records: int = len(RECORDS)
    packages: int = 4
    label: str = "made up for tests"


class Fake:
    """The interface of gate.advisories.database.Database over a handful of records."""

    about = About()

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def of_version(self, name: str, version: Version) -> tuple[Advisory, ...]:
        self.asked.append((name, str(version)))
        return tuple(
            record.advisory(Certainty.CERTAIN)
            for record in RECORDS
            if record.name == canonicalize_name(name)
            and SpecifierSet(record.affected).contains(version, prereleases=True)
        )

    def of_specifiers(self, name: str, specifiers: SpecifierSet) -> tuple[Advisory, ...]:
        self.asked.append((name, str(specifiers)))
        found = []
        for record in RECORDS:
            if record.name == canonicalize_name(name):
                affected, allowed = SpecifierSet(record.affected).to_range(), specifiers.to_range()
                if not allowed.is_disjoint(affected):
                    certain = allowed.is_subset(affected)
                    found.append(record.advisory(Certainty.CERTAIN if certain else Certainty.POSSIBLE))
        return tuple(found)

    def safe(self, name: str, specifiers: SpecifierSet) -> str:
        return ">=1.5" if name == "holey" else ""


class Result:
    """What the inspector says about an archive, through the whole pipeline."""

    def __init__(self, report, rules) -> None:
        self.report, self._rules = report, rules
        every = [f for f in report.findings if f.rule.startswith("dependencies.")]
        self.unhashed = [f for f in every if f.rule == "dependencies.unhashed"]  # few lists of tests have digests
        mine = [f for f in every if f not in self.unhashed]
        self.all = mine
        self.findings = [(f.rule.removeprefix("dependencies."), f.location.path, f.location.line) for f in mine]
        self.rules = [f.rule.removeprefix("dependencies.") for f in mine]
        self.sorted = sorted(self.rules)
        self.gaps = [(g.location.path, str(g.reason)) for g in report.gaps if g.inspector == "dependencies"]
        self.section = dict(report.sections["dependencies"])
        self.packages = [
            (f.path, f.name, f.version or f.specifier, f.origin)
            for f in report.facts
            if f.kind == "dependencies.package"
        ]

    def args(self, rule: str) -> dict[str, str]:
        """The arguments of the first finding of a rule."""
        return dict(next(f for f in self.all if f.rule == f"dependencies.{rule}").args)

    def messages(self) -> list[str]:
        return [self._rules[f.rule].say(dict(f.args)) for f in self.all]


class Scanner:
    """scan(files or bytes) -> Result; without data base when `db` is None."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self._folder, self._count = folder, 0
        self.database = Fake()
        monkeypatch.setattr(database, "open_database", self._open)

    def _open(self, path: str) -> Fake:
        if path != "good.db":
            raise NotExamined(GapReason.UNAVAILABLE, f"{path}: is no data base")
        return self.database

    def __call__(
        self,
        content: Mapping[str, bytes] | bytes,
        *,
        name: str = "model.zip",
        db: str | None = "good.db",
        limits: Limits = Limits(),
        now: str = NOW,
    ) -> Result:
        self._count += 1
        path = self._folder / str(self._count) / name
        path.parent.mkdir()
        path.write_bytes(content if isinstance(content, bytes) else zipped(content))
        return self.path(str(path), db, limits, now)

    def path(self, path: str, db: str | None = "good.db", limits: Limits = Limits(), now: str = NOW) -> Result:
        full = registry.load(inputs=Inputs(effective_time=now, advisories=db))
        team = Registry({"dependencies": full.inspectors["dependencies"]}, full.rules, full.digest)
        return Result(pipeline.scan(path, team, limits, jobs=0), full.rules)
