"""How the data base lies on disk: SQLite as a file of rows that are found by name.

    about     one row: facts, a JSON object of what Facts holds; seal, the sha256 over it and all packages
    package   name (canonical, PEP 503), advisories: a zlib stream of a JSON array of entries, ordered by id
    record    id, record: a zlib stream of the OSV record as it came, withdrawn ones among them, ordered by id

A scan reads packages only, so the seal leaves records out; the facts hold one of theirs, for those that pass them on.

One entry is what one record says about the package, ranges evaluated as far as that can be done without a version:

    {"id": "PYSEC-1", "aliases": ["CVE-1"], "summary": "...", "severity": "high", "malicious": false,
     "intervals": [["1.0", "1.2", false, true]], "listed": ["0.9"], "fixes": ["1.2"]}

An interval is lower ("" from the first), upper ("" to the last), whether upper belongs to it, whether it is precise.
SQLite notices a damaged page only where its structure breaks; a name that changed would just not be found any more.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import chain

from packaging.version import Version

from gate.advisories.interval import Interval, parsed
from gate.advisories.record import SEVERITIES, Record
from gate.core.canonical import canonical
from gate.core.errors import FormatError
from gate.core.report import Json

APPLICATION = 0x67617465
"""SQLite's application_id: "gate"."""
VERSION = 2
"""SQLite's user_version; another one is another layout."""
TABLES = {
    "about": "CREATE TABLE about(facts TEXT NOT NULL, seal TEXT NOT NULL)",
    "package": "CREATE TABLE package(name TEXT PRIMARY KEY, advisories BLOB NOT NULL) WITHOUT ROWID",
    "record": "CREATE TABLE record(id TEXT PRIMARY KEY, record BLOB NOT NULL)",
}
_ROW_BYTES = 64 * 2**20
"""Of the JSON of one package; the largest of real ones has 0.3 MB."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one record says about one package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    malicious: bool
    intervals: tuple[Interval, ...]
    listed: tuple[Version, ...]
    fixes: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the data base says about itself; times are RFC 3339 in UTC.

    `data_time` is when the newest record was modified and `fetched` when the feed was got: how old the knowledge is,
    and how long ago anybody looked. `kinds` are numbers of records by the letters before the first dash of their ids.
    `refused` records of the feed could not be read, `withdrawn` ones are kept but hold for no version. A `label` that
    is not empty must be shown wherever a result is. `url`, `etag` and `last_modified` are where it was fetched and how
    its server called it, `signer` who signed it; each may be "".
    """

    data_time: str
    fetched: str
    records: int
    refused: int
    withdrawn: int
    packages: int
    kinds: tuple[tuple[str, int], ...]
    source: str
    label: str
    url: str
    etag: str
    last_modified: str
    signer: str
    record_seal: str


_NUMBERS = ("records", "refused", "withdrawn", "packages")
_TEXTS = tuple(one.name for one in fields(Facts) if one.name not in (*_NUMBERS, "kinds"))


def entries_of(record: Record) -> Iterable[tuple[str, str]]:
    """The packages of a record, each with its entry as JSON."""
    for affected in record.affected:
        entry: dict[str, Json] = {
            "id": record.id,
            "aliases": record.aliases,
            "summary": record.summary,
            "severity": record.severity,
            "malicious": record.malicious,
            "intervals": [
                [str(one.lower or ""), str(one.upper or ""), one.inclusive, one.precise] for one in affected.intervals
            ],
            "listed": [str(version) for version in affected.listed],
            "fixes": [str(version) for version in affected.fixes],
        }
        yield affected.package, canonical(entry).decode()


def pack(entries: Iterable[str]) -> bytes:
    """The row of a package from its entries as JSON; FormatError for more than unpack() takes."""
    stream, parts, size = zlib.compressobj(6), [], 1
    for number, entry in enumerate(entries):
        data = (("," if number else "[") + entry).encode()
        size += len(data)
        if size > _ROW_BYTES:
            raise FormatError(f"more than {_ROW_BYTES} bytes about one package")
        parts.append(stream.compress(data))
    return b"".join([*parts, stream.compress(b"]"), stream.flush()])


def unpack(row: Json | bytes) -> tuple[Entry, ...]:
    """The entries of a package; FormatError for a row that pack() did not write."""
    text = _unpacked(row)
    try:
        value: Json = json.loads(text)
        return tuple(_entry(_Object(item)) for item in _list(value))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise FormatError(f"a row is damaged: {type(error).__name__}") from error


def pack_record(text: bytes) -> bytes:
    """The row of a record."""
    return zlib.compress(text, 3)  # 6 takes twice as long for a tenth of the size


def unpack_record(row: Json | bytes) -> bytes:
    """The JSON of a record; FormatError for a row that pack_record() did not write."""
    return _unpacked(row)


def _unpacked(row: Json | bytes) -> bytes:
    if not isinstance(row, bytes):
        raise FormatError("a row is not a row of bytes")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(row, _ROW_BYTES)
    except zlib.error as error:
        raise FormatError("a row is damaged") from error
    if not stream.eof or stream.unused_data:
        raise FormatError("a row is cut off, or larger than a row is")
    return text


def write_facts(facts: Facts) -> str:
    """The row of `about`, as JSON."""
    return canonical({**asdict(facts), "kinds": dict(facts.kinds)}).decode()


def read_facts(text: Json | bytes) -> Facts:
    """What write_facts() wrote; FormatError for anything else."""
    if not isinstance(text, str):
        raise FormatError("it does not say what it is")
    try:
        value = _Object(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise FormatError("what it says about itself is damaged") from error
    kinds = _Object(value.of("kinds"))
    return Facts(
        **{name: value.text(name) for name in _TEXTS},  # type: ignore[arg-type]  # each has its own type
        **{name: value.number(name) for name in _NUMBERS},  # type: ignore[arg-type]
        kinds=tuple((name, kinds.number(name)) for name in sorted(kinds.names())),
    )


def seal(facts: str, rows: Iterable[tuple[str, bytes]]) -> str:
    """sha256 over the facts and the rows in the order of their names, each part with its length before it."""
    digest = hashlib.sha256()
    for part in chain([facts.encode()], *((name.encode(), row) for name, row in rows)):
        digest.update(b"%d " % len(part) + part)
    return digest.hexdigest()


class _Object:
    """A JSON object whose values have the types that they should have, else FormatError."""

    def __init__(self, value: Json) -> None:
        if not isinstance(value, Mapping):
            raise FormatError("not an object")
        self._value = value

    def names(self) -> list[str]:
        return list(self._value)

    def of(self, key: str) -> Json:
        return self._value.get(key)

    def text(self, key: str) -> str:
        return _text(self._value.get(key))

    def number(self, key: str) -> int:
        value = self._value.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise FormatError(f"{key} is no number")
        return value


def _entry(value: _Object) -> Entry:
    severity = value.text("severity")
    if severity not in SEVERITIES:
        raise FormatError("no such severity")
    return Entry(
        id=value.text("id"),
        aliases=tuple(map(_text, _list(value.of("aliases")))),
        summary=value.text("summary"),
        severity=severity,
        malicious=value.of("malicious") is True,
        intervals=tuple(map(_interval, _list(value.of("intervals")))),
        listed=tuple(map(_version, _list(value.of("listed")))),
        fixes=tuple(map(_version, _list(value.of("fixes")))),
    )


def _interval(value: Json) -> Interval:
    parts = _list(value)
    if len(parts) != 4:
        raise FormatError("an interval has four parts")
    lower, upper = (_version(text) if text else None for text in map(_text, parts[:2]))
    return Interval(lower, upper, inclusive=parts[2] is True, precise=parts[3] is True)


def _version(value: Json) -> Version:
    version = parsed(_text(value))
    if version is None:
        raise FormatError("a version that is none")
    return version


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise FormatError("not a list")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError("not a text")
    return value
