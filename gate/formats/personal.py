"""Which personal values are searched for, and what a finding of Presidio must be besides to count."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from gate.core.errors import UsageError
from gate.formats.personal_choice import SHIPPED, Choice
from gate.resources import data

SMALL = 4096
"""Characters of a text in which one look for each recognizer costs less than what it may save."""
CELL = "\x1e"
"""Stands between the cells of a column that are searched together (RECORD SEPARATOR)."""
_BY_CONTEXT = 0.6
"""What a match is worth, of those that overlap, whose check chance passes too often."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_COUNTRY_RULE, _CUSTOM_RULE = "pii.national-id", "pii.custom-entity"

Configuration = Mapping[str, Any]
"""A registry in Presidio's own form; what is in it is for Presidio to judge."""


@dataclass(frozen=True, slots=True)
class Row:
    """What gate adds to an entity type; rules/data/pii/README.md says what each field means."""

    name: str
    entity: str
    rule: str
    recognizers: frozenset[str] = frozenset()
    value: Any = None
    narrows: bool = False
    before: Any = None
    after: Any = None
    ignore: Any = None
    threshold: float = 0.5
    spoken: bool = False
    columns: bool = False
    candidates: re.Pattern[str] | None = None
    allowed: frozenset[str] = frozenset()
    wanted: str = ""
    """A pattern (of `regex`) of which each value holds a match."""

    def span(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Where in text[start:end] the value of this row stands, None where none does."""
        if self.value is not None:
            match = (self.value.search if self.narrows else self.value.fullmatch)(text, start, end)
            if match is None:
                return None
            start, end = match.span()
        if CELL in text[start:end] or (self.ignore and self.ignore.fullmatch(text, start, end)):
            return None
        if (self.before and self.before.match(text, 0, start)) or (self.after and self.after.match(text, end)):
            return None
        if (
            self.allowed
            and hashlib.sha256(text[start:end].encode("utf-8", "surrogatepass")).hexdigest() in self.allowed
        ):
            return None
        return start, end

    def counts(self, score: float, spoken: bool) -> bool:
        """Whether a match with this score counts by itself."""
        return score >= self.threshold and (spoken or not self.spoken)

    def weight(self, score: float) -> float:
        """What a match with this score is worth beside another that overlaps it."""
        return min(score, _BY_CONTEXT) if self.spoken else score


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a text: rows by their number; words that speak for every match.

    In a `column` matches that do not count by themselves are wanted too, where the row says so. Whoever asks may add to
    `done` while the answers come: rows that were asked enough; to `chance`: whose weak matches were.
    """

    rows: tuple[int, ...]
    words: frozenset[str] = frozenset()
    column: bool = False
    done: set[int] = field(default_factory=set)
    chance: set[int] = field(default_factory=set)
    tried: Counter[int] = field(default_factory=Counter)
    """Matches of each row whose check digits were computed, right or wrong."""
    passed: Counter[int] = field(default_factory=Counter)
    parsed: Counter[int] = field(default_factory=Counter)
    """Matches that a slow library was asked about."""
    choice: Choice = SHIPPED

    def weak(self, number: int, row: Row) -> bool:
        """Whether matches of this row that do not count by themselves are wanted."""
        return self.column and row.columns and number not in self.chance


@dataclass(frozen=True, slots=True)
class Profile:
    """The rows of one choice, and the registry of recognizers whose findings they judge."""

    rows: tuple[Row, ...]
    configuration: Configuration
    countries: frozenset[str]
    context: Mapping[str, tuple[str, ...]]
    """Words that speak for the findings of a recognizer, in lower case, where the registry names them."""

    def possible(self, text: str, asked: Asked | None = None) -> bool:
        """False only where nothing can be found in this text; what is escaped in JSON can be all."""
        if asked is None and "\\" in text:
            return True
        lower = ""
        for number, row in enumerate(self.rows):
            if row.candidates is None:
                return True
            if (asked and number not in asked.rows) or row.candidates.search(text) is None:
                continue
            if not row.spoken or (asked is None or asked.words or asked.column):
                return True
            lower = lower or text.replace("\u0130", "I").lower()  # the only letter that is two in lower case
            if any(word in lower for name in row.recognizers for word in self.context.get(name, ())):
                return True
        return False


def words_of(name: str) -> frozenset[str]:
    """What the name of a column says: customerPhone_no -> customer, phone, no, and customerphone."""
    parts = _WORD.findall(name[:200])
    pieces = [piece for part in parts for piece in _CAMEL.split(part)]
    return frozenset(word.lower() for word in (*parts, *pieces, "".join(parts)))


def mask(value: str) -> str:
    """The first two characters of a value of 8 or more, nothing of a shorter one, and never its length."""
    return f"{value[:2]}******" if len(value) >= 8 else "********"


@cache
def profile(choice: Choice = SHIPPED) -> Profile:
    """The shipped recognizers of the chosen countries, and those that the user brought; UsageError for a bad one."""
    shipped = _load("registry")
    countries = choice.countries
    if countries is None:
        countries = frozenset(shipped["supported_countries"])
    recognizers = [one for one in shipped["recognizers"] if one.get("country_code") in (None, *countries)]
    rows = [_row(row) for row in _load("entities")]
    named = {name for row in rows for name in row.recognizers}
    rows = [row for row in rows if row.recognizers & {one["name"] for one in recognizers}]
    rows += [_plain(one, _COUNTRY_RULE) for one in recognizers if one["name"] not in named]
    for registry in choice.registries:
        own = given_registry(registry)
        recognizers += own
        rows += [_plain(one, _CUSTOM_RULE) for one in own]
    configuration = {
        "supported_languages": shipped["supported_languages"],
        "global_regex_flags": shipped["global_regex_flags"],
        "recognizers": recognizers,
    }
    return Profile(tuple(rows), configuration, countries, {one["name"]: _context(one) for one in recognizers})


def countries() -> frozenset[str]:
    """Those that the shipped registry knows."""
    return frozenset(one["country_code"] for one in _load("registry")["recognizers"] if "country_code" in one)


def given_registry(text: bytes) -> list[dict[str, Any]]:
    """The recognizers of a registry in Presidio's YAML, of whatever language; UsageError says what is wrong with it."""
    try:
        read = yaml.load(text, _Loader)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        raise UsageError("--pii-recognizers: not YAML") from None
    found = read.get("recognizers") if isinstance(read, dict) else None
    if not isinstance(found, list) or not found:
        raise UsageError("--pii-recognizers: has no list of `recognizers`, as Presidio's registry has")
    flags = read.get("global_regex_flags", 26)
    return [_given(one, flags) for one in found if not (isinstance(one, dict) and one.get("enabled") is False)]


def _given(one: object, flags: object) -> dict[str, Any]:
    import regex  # noqa: PLC0415  # of the extra `scan`, and not needed to know that nothing is to be searched

    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise UsageError("--pii-recognizers: each recognizer needs a `name`")
    name = one["name"]
    if one.get("type", "custom") != "custom":
        raise UsageError(
            f"--pii-recognizers: {name}: bring patterns of your own (type: custom); choose --pii-country for more"
        )
    if not isinstance(one.get("supported_entity"), str):
        raise UsageError(f"--pii-recognizers: {name}: needs a `supported_entity`")
    for pattern in one.get("patterns") or ():
        try:
            compiled = regex.compile(pattern["regex"], int(flags) if isinstance(flags, int) else 26)
        except (regex.error, TypeError, KeyError, ValueError, RecursionError):
            raise UsageError(f"--pii-recognizers: {name}: a pattern has no valid `regex`") from None
        if compiled.fullmatch(""):
            raise UsageError(f"--pii-recognizers: {name}: a pattern matches the empty text")
    context = [*(one.get("context") or ())]
    for language in one.get("supported_languages") or ():
        context += language.get("context") or () if isinstance(language, dict) else ()
    return {key: value for key, value in one.items() if key not in ("supported_language", "supported_languages")} | {
        "type": "custom",
        "context": context or None,
        "name": name,
    }


def _load(name: str) -> Any:
    return yaml.load(data(f"pii/{name}.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader


def _context(one: Mapping[str, Any]) -> tuple[str, ...]:
    words: Iterable[str] = one.get("context") or ()
    for language in one.get("supported_languages") or ():
        words = (*words, *(language.get("context") or ()))
    return tuple(word.lower() for word in words)


def _plain(one: Mapping[str, Any], rule: str) -> Row:
    """For an entity of which the table says nothing: not within a word, and a country's only beside a word for it."""
    import regex  # noqa: PLC0415  # of the extra `scan`, and not needed to know that nothing is to be searched

    within = regex.compile(r"(?r)\w"), regex.compile(r"\w")
    entity = str(one.get("supported_entity") or one.get("entity") or "")
    return Row(
        one["name"],
        entity,
        rule,
        frozenset((one["name"],)),
        before=within[0],
        after=within[1],
        threshold=0.4,
        spoken=rule == _COUNTRY_RULE,
        columns=rule == _COUNTRY_RULE,
    )


def _row(row: dict[str, Any]) -> Row:
    import regex  # noqa: PLC0415  # of the extra `scan`, and not needed to know that nothing is to be searched

    known: dict[str, Any] = dict(row)
    if "value" in row:
        verbose = "(?x)" if row["value"].startswith("(?x)") else ""
        before = f"(?<!{row['before']})" if "before" in row else ""
        known["wanted"] = f"{verbose}{before}(?:{row['value'].removeprefix(verbose)})(?!{row.get('after', '(?!)')})"
    for key in ("value", "ignore", "after"):
        if key in known:
            known[key] = regex.compile(known[key])
    if "before" in known:
        known["before"] = regex.compile(f"(?r)(?:{known['before']})")
    if "candidates" in known:
        known["candidates"] = re.compile(known["candidates"])
    for key in ("recognizers", "allowed"):
        known[key] = frozenset(known.get(key, ()))
    return Row(**known)
