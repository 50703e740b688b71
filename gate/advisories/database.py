"""The data base of advisories: which of them hold for a version, or for what a requirement allows."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from urllib.parse import quote

from packaging.ranges import VersionRange
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from gate.advisories import interval, layout
from gate.advisories.merge import advisory, affects, fixes, groups, in_order
from gate.core.advisory import Advisory, Certainty
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

_KEPT = 256
"""Packages whose entries are kept; an archive asks for the same ones in several manifests."""
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class About(layout.Facts):
    """Which data base it is; `digest` is the sha256 of the file."""

    digest: str


@dataclass(frozen=True, slots=True)
class _Sets:
    """An entry, and the versions that it names as sets."""

    entry: layout.Entry
    certain: VersionRange
    possible: VersionRange


class Database:
    """An opened data base; open_database() makes it, close() or leaving a `with` block closes it.

    Every method raises NotExamined `unavailable` when the file turns out to be damaged.
    """

    def __init__(self, path: str, descriptor: int, connection: sqlite3.Connection, facts: layout.Facts) -> None:
        self.path, self.facts = path, facts
        self._descriptor, self._connection = descriptor, connection
        self._entries = functools.lru_cache(_KEPT)(self._read)
        self._sets = functools.lru_cache(_KEPT)(self._as_sets)

    @functools.cached_property
    def about(self) -> About:
        """What it says about itself, and its digest; reads the whole file once."""
        return About(digest=self._digest(), **asdict(self.facts))

    def safe(self, name: str, specifiers: SpecifierSet) -> str:
        """What to ask for instead: a part of what a requirement allows that no advisory holds for, "" for none."""
        if any(one.operator == "===" for one in specifiers):
            return ""
        sets = self._sets(canonicalize_name(name))
        spans = (span for one in sets for span in one.entry.intervals)
        return interval.safe(specifiers, interval.union([one.possible for one in sets]), spans)

    def ids(self, name: str, version: Version | None) -> list[str]:
        """The ids of the records that hold for a version of a package, for any version of it where None is asked."""
        entries = self._entries(canonicalize_name(name))
        return [one.id for one in entries if version is None or affects(one, version) is not None]

    def record(self, own: str) -> bytes | None:
        """A whole OSV record in JSON by its id, None where there is none."""
        with _unavailable(self.path):
            row = self._connection.execute("SELECT record FROM record WHERE id = ?", (own,)).fetchone()
            return layout.unpack_record(row[0]) if row else None

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Every record by its id, in the order of the ids, once all of them are as they were written."""
        with _unavailable(self.path):
            rows = self._connection.execute("SELECT id, record FROM record ORDER BY id")
            if layout.seal("", _typed(rows)) != self.facts.record_seal:
                raise FormatError("is damaged; import the advisories again")
            for own, row in self._connection.execute("SELECT id, record FROM record ORDER BY id"):
                yield own, layout.unpack_record(row)

    def of_version(self, name: str, version: Version) -> tuple[Advisory, ...]:
        """What is known about one version of a package; the worst first.

        CERTAIN, but POSSIBLE where a record's range could not be read in full and its readable part holds the version.
        """
        known = [(entry, affects(entry, version)) for entry in self._entries(canonicalize_name(name))]
        certain = {entry.id for entry, sure in known if sure is Certainty.CERTAIN}
        found = []
        for group in groups(entry for entry, sure in known if sure is not None):
            sure = Certainty.POSSIBLE if certain.isdisjoint(entry.id for entry in group) else Certainty.CERTAIN
            later = [fix for fix in fixes(group) if interval.compare(version, fix) < 0]
            found.append(advisory(group, sure, later))
        return in_order(found)

    def of_specifiers(self, name: str, specifiers: SpecifierSet) -> tuple[Advisory, ...]:
        """What is known about the versions that a requirement allows; the worst first.

        CERTAIN when every allowed version is affected, POSSIBLE when some may be. Versions are all that PEP 440 can
        spell, for nobody knows which ones an index will have. Fixes are versions that are not below all allowed ones.
        """
        name = canonicalize_name(name)
        exact = {one.version.lower() for one in specifiers if one.operator == "==="}
        if exact:
            return self._of_exact(name, specifiers, exact)
        allowed = interval.allowed(specifiers)
        hits = {one.entry.id: one for one in self._sets(name) if not allowed.is_disjoint(one.possible)}
        found = []
        for group in groups(one.entry for one in hits.values()):
            sure = allowed.is_subset(interval.union([hits[entry.id].certain for entry in group]))
            later = [fix for fix in fixes(group) if not allowed.is_disjoint(interval.up_to(fix))]
            found.append(advisory(group, Certainty.CERTAIN if sure else Certainty.POSSIBLE, later))
        return in_order(found)

    def current(self) -> bool:
        """Whether it is still the one that lies at its path; also where none lies there any more."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        except OSError:
            return True

    def close(self) -> None:
        self._connection.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _of_exact(self, name: str, specifiers: SpecifierSet, exact: set[str]) -> tuple[Advisory, ...]:
        """`===` compares texts: one that is a version is that version, of any other nobody knows what it is."""
        (text, *others) = sorted(exact)
        version = interval.parsed(text)
        if others:
            return ()
        if version is None:
            return in_order(advisory(group, Certainty.POSSIBLE, fixes(group)) for group in groups(self._entries(name)))
        rest = SpecifierSet(",".join(str(one) for one in specifiers if one.operator != "==="))
        return self.of_version(name, version) if rest.contains(version, prereleases=True) else ()

    def _as_sets(self, name: str) -> tuple[_Sets, ...]:
        return tuple(
            _Sets(
                entry, interval.certain(entry.intervals, entry.listed), interval.possible(entry.intervals, entry.listed)
            )
            for entry in self._entries(name)
        )

    def _read(self, name: str) -> tuple[layout.Entry, ...]:
        with _unavailable(self.path):
            row = self._connection.execute("SELECT advisories FROM package WHERE name = ?", (name,)).fetchone()
            return layout.unpack(row[0]) if row else ()

    def _digest(self) -> str:
        digest, at = hashlib.sha256(), 0
        with _unavailable(self.path):
            while block := os.pread(self._descriptor, _BLOCK, at):
                digest.update(block)
                at += len(block)
        return digest.hexdigest()


def open_database(path: str) -> Database:
    """Open a data base that `gate db import` made, read-only; its seal is checked, at some 10 ms for all of OSV.

    It may be used by one thread after the other, not by two at once. NotExamined `unavailable` when there is none, or
    it is something else, of another version of gate, or damaged.
    """
    if not path:
        raise NotExamined(GapReason.UNAVAILABLE, "no data base of advisories was given; run `gate db update`")
    with contextlib.ExitStack() as undo, _unavailable(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        undo.callback(os.close, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FormatError("is not a file")
        uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        undo.callback(connection.close)
        connection.execute("PRAGMA trusted_schema = OFF")
        facts = _facts(connection)
        if not os.path.samestat(os.fstat(descriptor), os.stat(path)):
            raise FormatError("was replaced while it was opened; try again")
        undo.pop_all()
        return Database(path, descriptor, connection, facts)


def _facts(connection: sqlite3.Connection) -> layout.Facts:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != layout.APPLICATION:
        raise FormatError("is no data base of gate")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != layout.VERSION:
        raise FormatError(f"has layout {version}, this gate reads {layout.VERSION}; import the advisories again")
    if dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")) != layout.TABLES:
        raise FormatError("does not have the tables of a data base of gate")
    facts, seal = connection.execute("SELECT facts, seal FROM about").fetchone() or ("", "")
    packages = connection.execute("SELECT name, advisories FROM package ORDER BY name")
    if not isinstance(facts, str) or layout.seal(facts, _typed(packages)) != seal:
        raise FormatError("is damaged; import the advisories again")
    return layout.read_facts(facts)


def _typed(rows: Iterable[tuple[object, object]]) -> Iterator[tuple[str, bytes]]:
    """SQLite keeps any type in any column."""
    for name, row in rows:
        if not isinstance(name, str) or not isinstance(row, bytes):
            raise FormatError("is damaged; import the advisories again")
        yield name, row


@contextlib.contextmanager
def _unavailable(path: str) -> Iterator[None]:
    """Whatever is wrong with the file is one error."""
    try:
        yield
    except OSError as error:
        raise NotExamined(GapReason.UNAVAILABLE, f"the data base of advisories {path}: {error.strerror}") from error
    except (sqlite3.Error, ValueError, FormatError) as error:
        # sqlite3 decodes texts, a ValueError; a file that is none of its own, or damaged, is a DatabaseError
        raise NotExamined(GapReason.UNAVAILABLE, f"the data base of advisories {path}: {error}") from error
