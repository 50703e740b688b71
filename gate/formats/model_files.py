"""Documents that describe a model: which member is one is in a table, and so is what most of their fields mean.

A new one is a row of rules/data/metadata/sources.yaml; one that needs code is a row and a function in EXTRAS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Any, TypeAlias

import yaml

from gate.archive.source import Source, whole
from gate.core.report import Json
from gate.formats.bom_texts import read_cyclonedx_xml, read_spdx_tags
from gate.formats.bounded import Document, parse_json, parse_yaml
from gate.formats.claims import Claim, Claims, ClaimsReader, Meaning, claimed, meanings
from gate.formats.front_matter import begins, read_front_matter
from gate.formats.leaks import leaks
from gate.formats.model_fields import card, dvc, mlmodel, skops
from gate.formats.model_statements import cyclonedx, read_statements, spdx
from gate.formats.triton import read_triton
from gate.resources import data

JSON_BYTES = 16 * 2**20
"""Size of a JSON document; a tokenizer's configuration with 250,000 added tokens has 8 MB."""
YAML_BYTES = 4 * 2**20
"""Size of a YAML document: it is parsed event by event."""
_NTH = re.compile(r"#[0-9]+\Z")
_HEAD = 2**16
"""Bytes in which a key is searched before a member is read; one that is shorter is told by them alone."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Extra: TypeAlias = Callable[[Json], Iterator[Claim]]
EXTRAS: dict[str, Extra] = {"card": card, "cyclonedx": cyclonedx, "dvc": dvc, "mlmodel": mlmodel}
EXTRAS |= {"skops": skops, "spdx": spdx}
"""What of a parsed document a table cannot say, by the name that a row has under `extra`."""
_OWN: dict[str, ClaimsReader] = {"triton": read_triton, "statements": read_statements}
_OWN |= {"cyclonedx-xml": read_cyclonedx_xml, "spdx-tags": read_spdx_tags}
"""Readers of what is neither JSON nor YAML."""


@dataclass(frozen=True, slots=True)
class Form:
    """One row of the table; `reader` is the same object for each member, so that it is read once.

    `begins` finds one of the keys of `holds`; `guess` is true where nothing but a name says what a member is.
    """

    name: str
    file: re.Pattern[str]
    folder: re.Pattern[str] | None
    holds: tuple[str, ...]
    rank: int
    card: bool
    guess: bool
    begins: re.Pattern[bytes]
    reader: ClaimsReader

    def fits(self, folder: str, head: bytes) -> bool:
        """Whether a member in this folder, that has the right name and begins so, may be such a document."""
        if self.folder and not self.folder.search(folder):
            return False
        if self.card:
            return begins(head)
        return not self.holds or len(head) >= _HEAD or self.begins.search(head) is not None


def form_of(path: str, head: bytes) -> Form | None:
    """What the table says about a member, by its encoded path and its first 64 KiB."""
    at = path.rfind("/") + 1
    name = path[at:]
    forms = _called(_NTH.sub("", name) if "#" in name else name)
    return next((form for form in forms if form.fits(path[:at], head)), None) if forms else None


@lru_cache(maxsize=4096)
def _called(name: str) -> tuple[Form, ...]:
    """The rows for a name; the same names come again and again."""
    any_form, forms = _forms()
    return tuple(form for form in forms if form.file.fullmatch(name)) if any_form.fullmatch(name) else ()


@cache
def _forms() -> tuple[re.Pattern[str], tuple[Form, ...]]:
    rows = yaml.load(data("metadata/sources.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
    forms = tuple(_form(row) for row in rows)
    return re.compile("|".join(f"(?:{form.file.pattern})" for form in forms)), forms


def _form(row: dict[str, Any]) -> Form:
    known = {"name", "file", "folder", "reads", "extra", "holds", "guess", "rank", "claims"}
    if unknown := row.keys() - known:
        raise ValueError(f"metadata/sources.yaml: {sorted(unknown)} in {row.get('name')}")
    folder = re.compile(f"(?:{row['folder']})\\Z") if "folder" in row else None
    holds = tuple(row.get("holds", ()))
    reader = _OWN.get(row["reads"]) or _reader(row["reads"], holds, row.get("claims", {}), row.get("extra"))
    keys = "|".join(map(re.escape, holds)).encode()
    begins_with = re.compile(rb"""(?:^|[{,"'\s])(?:%s)["']?\s*:""" % keys, re.MULTILINE)
    return Form(
        row["name"],
        re.compile(row["file"]),
        folder,
        holds,
        row["rank"],
        card=row["reads"] == "front-matter",
        guess=row.get("guess", False),
        begins=begins_with,
        reader=reader,
    )


def _reader(reads: str, holds: tuple[str, ...], table: dict[str, Any], extra: str | None) -> ClaimsReader:
    rows: tuple[Meaning, ...] = meanings(table)
    more = EXTRAS[extra] if extra else _nothing
    parse = {"json": _json, "yaml": _yaml, "front-matter": _front_matter}[reads]

    def read(source: Source) -> Claims:
        raw, document = parse(source)
        value = document.value
        if not isinstance(value, dict) or (holds and not value.keys() & set(holds)):
            return Claims()
        text = raw.decode("utf-8", "replace")
        return Claims.of(chain(claimed(rows, value, text), more(value)), document.repeated, leaks(value, raw))

    return read


def _nothing(_: Json) -> Iterator[Claim]:
    return iter(())


def _json(source: Source) -> tuple[bytes, Document]:
    raw = whole(source, JSON_BYTES)
    return raw, parse_json(raw, words=True)


def _yaml(source: Source) -> tuple[bytes, Document]:
    raw = whole(source, YAML_BYTES)
    return raw, parse_yaml(raw)


def _front_matter(source: Source) -> tuple[bytes, Document]:
    raw = read_front_matter(source)
    return raw, parse_yaml(raw)
