"""Make a data base out of a feed: whole and beside the old one first, then in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from secrets import token_hex

from gate.advisories import layout
from gate.advisories.database import About, open_database
from gate.advisories.feed import LIMITS, Document, opened, utc
from gate.advisories.record import Record, read
from gate.core.errors import FormatError, NotExamined, OutOfSpace, UsageError
from gate.core.limits import Limits
from gate.core.text import printable

_NAMED = 5
"""Refused records that are named; all are counted."""
_SHRINK = 0.8
"""A feed with less than this part of the records that are there was cut off on its way, or is another feed."""
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import; `refused` names the first few records that are not in it, and why.

    `withdrawn` records, and those of `elsewhere` (other ecosystems), are left out as they should be.
    """

    about: About
    withdrawn: int
    elsewhere: int
    refused: tuple[str, ...]


def import_feed(
    source: str,
    target: str,
    *,
    now: float,
    fetched: float | None = None,
    force: bool = False,
    limits: Limits = LIMITS,
) -> Imported:
    """Read the feed at `source` and make the data base at `target`; times are in seconds since 1970.

    `fetched` is when the feed was got, by default when its file was written, which a copy made by hand should preserve.
    The same feed got at the same time gives the same bytes. Raises UsageError for what is
    no feed, for one without any usable record, for a `target` that cannot be written, and without `force` for a feed
    that is older or much smaller than what `target` holds, or when something else lies there. OutOfSpace when the disk
    is full. The old one stays until the new one is complete.
    """
    old = _old(source, target, force)
    with opened(source, limits) as feed, _scratch(target) as path, _translated(target):
        with contextlib.closing(_Writer(path)) as writer:
            for document in feed.documents():
                writer.add(document)
            withdrawn, elsewhere = writer.count("withdrawn"), writer.count("elsewhere")
            if not writer.count("used"):
                raise UsageError(f"{source}: holds no advisory for PyPI{_because(writer.refused)}")
            got = utc(min(feed.written if fetched is None else fetched, now))
            try:
                facts = writer.finish(now, got, os.path.basename(os.path.abspath(source)))
            except FormatError as error:
                raise UsageError(f"{source}: {error}") from error
        if old is not None and not force:
            _compare(source, old, facts)
        _sync(path)
        os.replace(path, target)
        _sync(os.path.dirname(os.path.abspath(target)))
    with open_database(target) as database:
        return Imported(database.about, withdrawn, elsewhere, tuple(writer.refused))


class _Writer:
    """Collects what the records say in tables that SQLite keeps on disk, then writes it by package."""

    def __init__(self, path: str) -> None:
        self.refused: list[str] = []
        self._refused, self._sample = 0, ""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")  # it is synced once, before it gets its name
        self._db.execute("CREATE TEMP TABLE given(id TEXT PRIMARY KEY, modified TEXT, state TEXT, text TEXT)")
        self._db.execute("CREATE TEMP TABLE entry(id TEXT, package TEXT, text TEXT, PRIMARY KEY(id, package))")
        self._db.execute("BEGIN")

    def add(self, document: Document) -> None:
        """One more record; one that cannot be read is counted."""
        try:
            if document.problem:
                raise FormatError(document.problem)
            self._keep(read(document.data))
        except FormatError as error:
            self._refused += 1
            if len(self.refused) < _NAMED:
                self.refused.append(f"{printable(document.name, 100)}: {error}")

    def count(self, state: str) -> int:
        """Records that were `used`, `withdrawn`, or are about packages `elsewhere`."""
        (n,) = self._db.execute("SELECT count(*) FROM given WHERE state = ?", (state,)).fetchone()
        return int(n)

    def finish(self, now: float, fetched: str, source: str) -> layout.Facts:
        """Write everything; what the data base says about itself."""
        for statement in layout.TABLES.values():
            self._db.execute(statement)
        rows = self._db.execute("SELECT package, text FROM entry ORDER BY package, id")
        packages = 0
        for name, texts in groupby(rows, key=itemgetter(0)):
            self._db.execute("INSERT INTO package VALUES(?, ?)", (name, layout.pack(text for _, text in texts)))
            packages += 1
        facts = layout.Facts(
            data_time=self._newest(now),
            fetched=fetched,
            records=self.count("used"),
            refused=self._refused,
            packages=packages,
            kinds=self._kinds(),
            source=printable(source, 200),
            label=f"ONLY A SAMPLE: {self._sample}" if self._sample else "",
        )
        text = layout.write_facts(facts)
        seal = layout.seal(text, self._db.execute("SELECT name, advisories FROM package ORDER BY name"))
        self._db.execute("INSERT INTO about VALUES(?, ?)", (text, seal))
        self._db.execute(f"PRAGMA application_id = {layout.APPLICATION}")
        self._db.execute(f"PRAGMA user_version = {layout.VERSION}")
        self._db.execute("COMMIT")
        return facts

    def close(self) -> None:
        self._db.close()

    def _keep(self, record: Record) -> None:
        """Of two records with one id the one that was modified last holds."""
        entries = [] if record.withdrawn else list(layout.entries_of(record))
        state = "used" if entries else "withdrawn" if record.affected else "elsewhere"
        text = "\n".join(text for _, text in entries)
        before = self._db.execute("SELECT modified, text FROM given WHERE id = ?", (record.id,)).fetchone()
        if before is not None and before >= (record.modified, text):
            return
        self._sample = max(self._sample, record.sample)
        self._db.execute("INSERT OR REPLACE INTO given VALUES(?, ?, ?, ?)", (record.id, record.modified, state, text))
        if before is not None:
            self._db.execute("DELETE FROM entry WHERE id = ?", (record.id,))
        self._db.executemany("INSERT INTO entry VALUES(?, ?, ?)", [(record.id, name, one) for name, one in entries])

    def _newest(self, now: float) -> str:
        """When the newest record was modified; a record from the future would make the data fresh for ever."""
        query = "SELECT max(modified) FROM given WHERE modified <= ? AND state != 'elsewhere'"
        (newest,) = self._db.execute(query, (utc(now + _DAY),)).fetchone()
        if not newest:
            raise UsageError("no record says when it was modified, so that nobody can tell how old the data are")
        return str(newest)

    def _kinds(self) -> tuple[tuple[str, int], ...]:
        kinds: dict[str, int] = {}
        for (own,) in self._db.execute("SELECT id FROM given WHERE state = 'used'"):
            kind = own.partition("-")[0]
            kinds[kind] = kinds.get(kind, 0) + 1
        return tuple(sorted(kinds.items()))


def _because(refused: list[str]) -> str:
    return f"; {refused[0]}" if refused else ""


def _old(source: str, target: str, force: bool) -> layout.Facts | None:
    """What the data base that is to be replaced says about itself, None when there is none."""
    if not os.path.lexists(target):
        return None
    if not stat.S_ISREG(os.lstat(target).st_mode):
        raise UsageError(f"{target}: is not a file of its own; name the file that is to hold the data base")
    if os.path.exists(source) and os.path.samefile(source, target):
        raise UsageError(f"{source}: is the feed; the data base needs another name")
    try:
        with open_database(target) as database:
            return database.facts
    except NotExamined as error:
        if force:
            return None
        raise UsageError(f"{error}; --force replaces it") from error


def _compare(source: str, old: layout.Facts, new: layout.Facts) -> None:
    if new.data_time < old.data_time:
        raise UsageError(
            f"{source}: its newest record is of {new.data_time}, the data base already knows until {old.data_time}; "
            "--force takes it nevertheless"
        )
    if new.records < _SHRINK * old.records:
        raise UsageError(
            f"{source}: holds {new.records} records, the data base has {old.records}; --force takes it nevertheless"
        )


@contextlib.contextmanager
def _scratch(target: str) -> Iterator[str]:
    """An empty file beside the target, removed at the end unless it was renamed by then."""
    folder, name = os.path.split(os.path.abspath(target))
    path = os.path.join(folder, f".{name}.{token_hex(8)}")
    with _translated(target):
        os.makedirs(folder, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _translated(target: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise OutOfSpace(f"{target}: no space left for the data base") from error
        raise UsageError(f"{target}: cannot be written: {error}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace(f"{target}: no space left for the data base") from error
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from error
