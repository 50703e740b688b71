"""Make a data base out of a feed: whole and beside the old one first, then in its place."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from gate.advisories import layout
from gate.advisories.database import About, open_database
from gate.advisories.feed import LIMITS, Document, opened, utc
from gate.advisories.record import Record, read
from gate.advisories.replacing import put, scratch, sync, translated
from gate.core.errors import FormatError, NotExamined, UsageError
from gate.core.limits import Limits
from gate.core.text import printable

_NAMED = 5
"""Refused records that are named; all are counted."""
_SHRINK = 0.8
"""A feed with less than this part of the records that are there was cut off on its way, or is another feed."""
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feed is from, as far as somebody else knows it better than its file does.

    `fetched` is when it was got, in seconds since 1970; None: when its file was written. The rest is as in Facts.
    """

    fetched: float | None = None
    source: str = ""
    label: str = ""
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import; `refused` names the first few records that are not in it, and why.

    `withdrawn` records hold for no version, and those of `elsewhere` (other ecosystems) are left out.
    """

    about: About
    withdrawn: int
    elsewhere: int
    refused: tuple[str, ...]


def import_feed(
    source: str | Sequence[str],
    target: str,
    *,
    now: float,
    fetched: float | None = None,
    origin: Origin | None = None,
    force: bool = False,
    limits: Limits = LIMITS,
) -> Imported:
    """Read the feed at `source`, or several, and make the data base at `target`; times are in seconds since 1970.

    `fetched` is when the feed was got, by default when its file was written, which a copy made by hand should preserve.
    The same feed got at the same time gives the same bytes. Raises UsageError for what is
    no feed, for one without any usable record, for a `target` that cannot be written, and without `force` for a feed
    that is older or much smaller than what `target` holds, or when something else lies there. OutOfSpace when the disk
    is full. The old one stays until the new one is complete, and is then kept (see gate.advisories.replacing).
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    origin = origin or Origin(fetched)
    old = _old(sources, target, force)
    named = ", ".join(sources)
    with scratch(target) as path, translated(target):
        written: list[float] = []
        with contextlib.closing(_Writer(path)) as writer:
            for one in sources:
                with opened(one, limits) as feed:
                    for document in feed.documents():
                        writer.add(document)
                    written.append(feed.written)
            withdrawn, elsewhere = writer.count("withdrawn"), writer.count("elsewhere")
            if not writer.count("used"):
                raise UsageError(f"{named}: holds no advisory for PyPI{_because(writer.refused)}")
            name = origin.source or ", ".join(os.path.basename(os.path.abspath(one)) for one in sources)
            known = replace(
                origin,
                fetched=min(min(written) if origin.fetched is None else origin.fetched, now),
                source=name,
            )
            try:
                facts = writer.finish(now, known)
            except FormatError as error:
                raise UsageError(f"{named}: {error}") from error
        if old is not None and not force:
            _compare(named, old, facts)
        sync(path)
        put(path, target, keep=old is not None and old.record_seal != facts.record_seal)
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
        self._db.execute(
            "CREATE TEMP TABLE given(id TEXT PRIMARY KEY, modified TEXT, state TEXT, text TEXT, record BLOB)"
        )
        self._db.execute("CREATE TEMP TABLE entry(id TEXT, package TEXT, text TEXT, PRIMARY KEY(id, package))")
        self._db.execute("BEGIN")

    def add(self, document: Document) -> None:
        """One more record; one that cannot be read is counted."""
        try:
            if document.problem:
                raise FormatError(document.problem)
            self._keep(read(document.data, yaml=document.yaml))
        except FormatError as error:
            self._refused += 1
            if len(self.refused) < _NAMED:
                self.refused.append(f"{printable(document.name, 100)}: {error}")

    def count(self, state: str) -> int:
        """Records that were `used`, `withdrawn`, or are about packages `elsewhere`."""
        (n,) = self._db.execute("SELECT count(*) FROM given WHERE state = ?", (state,)).fetchone()
        return int(n)

    def finish(self, now: float, origin: Origin) -> layout.Facts:
        """Write everything; what the data base says about itself."""
        for statement in layout.TABLES.values():
            self._db.execute(statement)
        rows = self._db.execute("SELECT package, text FROM entry ORDER BY package, id")
        packages = 0
        for name, texts in groupby(rows, key=itemgetter(0)):
            self._db.execute("INSERT INTO package VALUES(?, ?)", (name, layout.pack(text for _, text in texts)))
            packages += 1
        self._db.execute("INSERT INTO record SELECT id, record FROM given WHERE record != x'' ORDER BY id")
        facts = layout.Facts(
            data_time=self._newest(now),
            fetched=utc(origin.fetched or 0.0),
            records=self.count("used"),
            refused=self._refused,
            withdrawn=self.count("withdrawn"),
            packages=packages,
            kinds=self._kinds(),
            source=printable(origin.source, 200),
            label=f"ONLY A SAMPLE: {self._sample}" if self._sample else printable(origin.label, 300),
            url=printable(origin.url, 500),
            etag=printable(origin.etag, 200),
            last_modified=printable(origin.last_modified, 100),
            signer=printable(origin.signer, 100),
            record_seal=layout.seal("", self._db.execute("SELECT id, record FROM record ORDER BY id")),
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
        row = layout.pack_record(record.text) if record.text else b""
        self._db.execute(
            "INSERT OR REPLACE INTO given VALUES(?, ?, ?, ?, ?)", (record.id, record.modified, state, text, row)
        )
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


def _old(sources: Iterable[str], target: str, force: bool) -> layout.Facts | None:
    """What the data base that is to be replaced says about itself, None when there is none."""
    if not os.path.lexists(target):
        return None
    if not stat.S_ISREG(os.lstat(target).st_mode):
        raise UsageError(f"{target}: is not a file of its own; name the file that is to hold the data base")
    for source in sources:
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
