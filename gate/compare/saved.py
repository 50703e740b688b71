"""A saved gate.result/v1 with its gate.inventory/v1, read strictly: a stranger may have written either.

Nothing is trusted for being there: what is of another shape is refused, and an inventory must be that of the result.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields

from gate.compare.snapshot import KINDS, Row, Snapshot, cut
from gate.core.comparison import Side, Uncompared
from gate.core.errors import FormatError
from gate.core.gap import Gap, GapReason
from gate.core.location import Location
from gate.core.report import Json
from gate.core.row import Fact
from gate.core.subject import Subject
from gate.formats.bounded import parse_json

RESULT_BYTES = 32 * 2**20
"""Size of a saved result; a thousand facts and all findings that are listed take less than 2 MB."""
SCHEMA = "gate.result/v1"
INVENTORY = "gate.inventory/v1"
_HEX = re.compile(r"[0-9a-f]{64}")
_OBJECT = re.compile(rb"\s*\{")
_RESULT = re.compile(rb'\s*\{\s*"decision"\s*:\s*\{\s*"outcome"\s*:')
"""Keys are sorted, so that a result begins with its decision."""
_OTHER = re.compile(rb'"schema"\s*:\s*"gate\.[a-z]+/v[0-9]')
_DIGESTS = ("sha256", "dirHash")
_MEMBERS = 2**53
_TEXT = 2**16


def begins(head: bytes) -> bool:
    """Whether the first bytes of a file are those of something that gate itself wrote in JSON, and no archive."""
    return _RESULT.match(head) is not None or (_OBJECT.match(head) is not None and _OTHER.search(head) is not None)


def read_saved(data: bytes, inventory: Callable[[], Iterator[bytes]] | None) -> Snapshot:
    """The snapshot of a result; `inventory` gives the lines of its inventory, each time from the first.

    Raises FormatError for what no scan wrote, and for an inventory of another archive.
    """
    document = parse_json(data)
    if document.repeated:
        raise FormatError(f"{document.repeated[0][:80]} stands twice in one object")
    row = _object(document.value, "the result")
    if row.get("schema") != SCHEMA:
        raise FormatError(f"is no {SCHEMA} of one target")
    side = _side(row)
    totals = _object(row.get("totals"), "totals")
    facts = _facts(row)
    gaps = tuple(_gap(item, f"gaps[{i}]") for i, item in enumerate(_list(row.get("gaps"), "gaps")))
    lacks = [*_truncated(totals), *cut(facts)]
    if inventory is None:
        lacks.append(Uncompared("", "no-inventory", "no inventory was given beside the result"))
        return Snapshot(side, None, facts, gaps, tuple(lacks))
    checked = SavedInventory(inventory, side)
    lacks += checked.check()
    return Snapshot(side, checked, facts, gaps, tuple(lacks))


class SavedInventory:
    """The members of a saved inventory, read line by line each time; raises FormatError for a line that is none."""

    def __init__(self, lines: Callable[[], Iterator[bytes]], side: Side) -> None:
        self._lines, self._side = lines, side

    def check(self) -> Iterator[Uncompared]:
        """Whether it is the inventory of the result, and has all of its members."""
        digest, count, unread = hashlib.sha256(), 0, 0
        for row in self:
            count += 1
            unread += not row.sha256
            digest.update(f"{row.sha256}  {row.path}\n".encode("utf-8", "surrogatepass"))
        if count > self._side.members:
            raise FormatError(f"inventory: {count} members, the result has {self._side.members}")
        if count < self._side.members:
            text = f"the inventory lists {count} of {self._side.members} members"
            yield Uncompared("", "inventory-cut", text)
        elif self._side.root is not None and not unread and digest.hexdigest() != self._side.root:
            raise FormatError("inventory: its members are not those of the result")

    def __iter__(self) -> Iterator[Row]:
        lines = self._lines()
        self._header(next(lines, b""))
        last = ""
        for number, line in enumerate(lines, 2):
            row = _row(line, number)
            if row.path <= last and number > 2:
                raise FormatError(f"inventory: line {number} is not behind the one before it")
            last = row.path
            yield row

    def _header(self, line: bytes) -> None:
        row = _object(_line(line, 1), "inventory: line 1")
        if row.get("schema") != INVENTORY:
            raise FormatError(f"is no {INVENTORY}")
        subject = _object(row.get("subject"), "inventory: subject")
        if subject.get("digest") != dict(self._side.subject.digest) or row.get("members") != self._side.members:
            raise FormatError("inventory: is that of another archive than the result")


def _line(line: bytes, number: int) -> Json:
    """Without the checks that a whole document gets: there may be millions."""
    try:
        value: Json = json.loads(line)
    except (ValueError, RecursionError):
        raise FormatError(f"inventory: line {number} is no JSON, or was cut off") from None
    return value


def _row(line: bytes, number: int) -> Row:
    where = f"inventory: line {number}"
    row = _object(_line(line, number), where)
    sha256, size = row.get("sha256"), row.get("size")
    if sha256 is None and size is None:
        return Row(_text(row.get("path"), f"{where}: path"), -1, "", str(row.get("media_type") or ""))
    return Row(
        _text(row.get("path"), f"{where}: path"),
        _count(size, f"{where}: size"),
        _hex(sha256, f"{where}: sha256"),
        _text(row.get("media_type") or "", f"{where}: media_type"),
    )


# -- the result -------------------------------------------------------------------------------------------------------


def _side(row: Mapping[str, Json]) -> Side:
    subject, model = _object(row.get("subject"), "subject"), _object(row.get("model"), "model")
    inventory = _object(row.get("inventory"), "inventory")
    digest = {name: _hex(value, "subject.digest") for name, value in _object(subject.get("digest"), "digest").items()}
    if not digest.keys() <= set(_DIGESTS):
        raise FormatError("subject.digest: of an algorithm that no scan uses")
    root = inventory.get("root")
    form = subject.get("format")
    return Side(
        "result",
        Subject(
            _text(subject.get("name"), "subject.name"),
            _text(subject.get("kind"), "subject.kind"),
            digest,
            _count(subject.get("size"), "subject.size"),
            None if form is None else _text(form, "subject.format"),
        ),
        _text(model.get("name") or "", "model.name"),
        _text(model.get("version") or "", "model.version"),
        _count(inventory.get("members"), "inventory.members"),
        _count(inventory.get("bytes"), "inventory.bytes"),
        None if root is None else _hex(_object(root, "inventory.root").get("sha256"), "inventory.root"),
    )


def _facts(row: Mapping[str, Json]) -> dict[type[Fact], tuple[Fact, ...]]:
    found: dict[type[Fact], list[Fact]] = {}
    for i, item in enumerate(_list(row.get("facts"), "facts")):
        where = f"facts[{i}]"
        fact = _object(item, where)
        kind = KINDS.get(_text(fact.get("kind"), f"{where}.kind"))
        if kind is not None:
            place = _object(fact.get("location"), f"{where}.location")
            data = {**_object(fact.get("data"), f"{where}.data"), "path": place.get("path")}
            found.setdefault(kind, []).append(_made(kind, data, where))
    return {kind: tuple(rows) for kind, rows in found.items()}


def _made(kind: type[Fact], data: Mapping[str, Json], where: str) -> Fact:
    """A fact of its fields: strings, counts and lists of strings; keys that are not known here are of a newer gate."""
    values: dict[str, str | int | tuple[str, ...]] = {}
    for field in fields(kind):
        place = f"{where}.{field.name}"
        if field.name not in data and field.default is not MISSING:
            continue
        value = data.get(field.name)
        if field.type == "str":
            values[field.name] = _text(value, place)
        elif field.type == "int":
            values[field.name] = _integer(value, place)
        else:
            values[field.name] = tuple(_text(one, place) for one in _list(value, place))
    return kind(**values)  # type: ignore[arg-type]  # checked field by field


def _gap(value: Json, where: str) -> Gap:
    row = _object(value, where)
    place = _object(row.get("location"), f"{where}.location")
    reason = _text(row.get("reason"), f"{where}.reason")
    if reason not in set(GapReason):
        raise FormatError(f"{where}.reason: none of gate's")
    path, by = _text(place.get("path"), f"{where}.path"), _text(row.get("inspector"), f"{where}.inspector")
    return Gap(Location(path), GapReason(reason), by, _text(row.get("detail"), f"{where}.detail"))


def _truncated(totals: Mapping[str, Json]) -> Iterator[Uncompared]:
    """What was counted in the scan and is not listed in its result."""
    for code, total in sorted(totals.items()):
        left = _count(_object(total, f"totals.{code}").get("truncated"), f"totals.{code}.truncated")
        if left and (code in KINDS or code.startswith("gap.")):
            yield Uncompared("", "result-cut", f"the result lists {code} without {left} of them")


# -- values -----------------------------------------------------------------------------------------------------------


def _object(value: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise FormatError(f"{where[:200]}: no object")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise FormatError(f"{where[:200]}: no list")
    return value


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT:
        raise FormatError(f"{where[:200]}: no text")
    return value


def _integer(value: Json, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_MEMBERS < value < _MEMBERS:
        raise FormatError(f"{where[:200]}: no number")
    return value


def _count(value: Json, where: str) -> int:
    number = _integer(value, where)
    if number < 0:
        raise FormatError(f"{where[:200]}: less than nothing")
    return number


def _hex(value: Json, where: str) -> str:
    text = _text(value, where)
    if not _HEX.fullmatch(text):
        raise FormatError(f"{where[:200]}: no digest in hex")
    return text
