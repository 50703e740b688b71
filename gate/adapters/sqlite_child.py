"""Reads the plain tables of a SQLite data base (https://www.sqlite.org/fileformat2.html) for store_child.py.

Nothing that the schema says is executed: no view, trigger, index, generated column, virtual table or function
(https://www.sqlite.org/security.html).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

TABLES = 1000
COLUMNS = 2000
"""As SQLite has it, unless it was built for more."""
VALUE = 2**25
"""Bytes of one value."""
BATCH = 2**20
"""Characters after which the values are handed over."""
_ROWS = 2048
"""Rows that are read at once, as long as they are short: fewer than _FEW characters together."""
_FEW = 2**18
_STEPS = 100_000
"""Instructions of the virtual machine between two looks at the clock: about a millisecond."""
_NUMBER = 10**6
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA}
_HIDDEN = 1
"""From table_xinfo: 0 is a column like any other, 1 that of a virtual table, 2 and 3 are computed."""


def read(path: str, say: Any, seconds: float) -> None:
    """All tables, one after the other; a table that is damaged does not hide the next.

    The file loses its name as soon as it is open.
    """
    name = os.readlink(path) if os.path.islink(path) else path  # SQLite does so too, and cannot open a nameless file
    connection = sqlite3.connect(f"file:{quote(name)}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection.text_factory = _text
    for limit, most in (
        (sqlite3.SQLITE_LIMIT_LENGTH, VALUE),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 10**6),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
        (sqlite3.SQLITE_LIMIT_VDBE_OP, 10**6),
        (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    ):
        connection.setlimit(limit, most)
    end = time.process_time() + 0.9 * seconds
    connection.set_progress_handler(lambda: int(time.process_time() > end), _STEPS)
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.set_authorizer(_only_reading)
        tables = connection.execute(
            "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' LIMIT ?", (TABLES + 1,)
        ).fetchall()
        os.unlink(name)
    except sqlite3.Error as error:
        say.missed(*_why(error, "its schema"))
        return
    if len(tables) > TABLES:
        say.missed("too-many", f"tables beyond the first {TABLES}")
    for i, (name, root) in enumerate(tables[:TABLES]):
        if not root:  # a virtual table: what it holds in this file lies in plain tables beside it
            continue
        try:
            _table(connection, str(name), say)
        except sqlite3.Error as error:
            say.missed(*_why(error, f"table {i + 1}"))


def _only_reading(action: int, what: str | None, _how: str | None, *_: str | None) -> int:
    if action not in _READING or (action == sqlite3.SQLITE_PRAGMA and what != "table_xinfo"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _table(connection: sqlite3.Connection, name: str, say: Any) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    info = connection.execute(f"PRAGMA table_xinfo({quoted})").fetchmany(COLUMNS)
    names = [str(row[1]) for row in info if row[6] == 0]
    if not names:
        return
    say(table=name)
    say(names=names)
    columns = ", ".join('"' + column.replace('"', '""') + '"' for column in names)
    cursor = connection.execute(f"SELECT {columns} FROM {quoted} NOT INDEXED")  # noqa: S608  # quoted, only reading
    counters: list[Counter[str]] = [Counter() for _ in names]
    held = rows = 0
    some = 16
    try:
        while batch := cursor.fetchmany(some):
            rows += len(batch)
            size = 0
            for counter, column in zip(counters, zip(*batch, strict=True), strict=True):
                texts = column if set(map(type, column)) == {str} else list(map(_shown, column))
                counter.update(texts)
                size += sum(map(len, texts))
            held += size + 4 * len(batch)
            some = min(2 * some, _ROWS) if size < _FEW else 16
            if held >= BATCH:
                _hand_over(say, counters, rows)
                held = rows = 0
    finally:
        _hand_over(say, counters, rows)


def _hand_over(say: Any, counters: list[Counter[str]], rows: int) -> None:
    say(rows=rows)
    for column, counter in enumerate(counters):
        say.counted(column, counter)
        counter.clear()


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) >= _NUMBER else ""
    if isinstance(value, bytes) and b"\0" not in value[:64]:
        return _text(value) if _text(value).isprintable() else ""
    return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _why(error: sqlite3.Error, what: str) -> tuple[str, str]:
    """A reason and words; the message of an error may quote what stands in the file."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if name == "SQLITE_INTERRUPT":
        return "timed-out", f"{what} was not read to its end in time"
    if name in {"SQLITE_TOOBIG", "SQLITE_NOMEM"}:
        return "too-large", f"{what}: {name}"
    return ("encrypted" if name == "SQLITE_NOTADB" else "corrupt"), f"{what} cannot be read to its end: {name}"
