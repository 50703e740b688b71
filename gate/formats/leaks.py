"""Fields of a document that name a place on the machine where it was made: paths of home folders, file:// addresses.

What such a field holds is for nobody; a person's account often stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from gate.core.report import Json
from gate.core.text import printable

LEAVES = 20_000
"""Texts of one document that are looked at."""
FIELDS = 100
"""Fields that are kept."""
SHARED: Final = (
    *("app", "appuser", "builder", "container", "docker", "ec2-user", "jenkins", "jovyan", "model-server", "mambauser"),
    *(
        "node",
        "nonroot",
        "runner",
        "sagemaker-user",
        "ubuntu",
        "user",
        "username",
        "vscode",
        "you",
        "airflow",
        "worker",
    ),
)
"""Accounts of images and examples: nobody is called so."""
_SIGN = re.compile(rb"(?i)file:/|/home/|/users/|\\users\\")
_NOBODY = "|".join(map(re.escape, (*SHARED, "shared", "public")))
_PLACE = re.compile(
    r"(?i)(?:^|[\s\"'=:,;(\[])(?:file://+|(?:file:/+)?(?:/home/|/users/|[a-z]:[\\/]+users[\\/]+)"
    rf"(?!(?:{_NOBODY})(?:[\\/]|$)|[{{$<%])[^\s\\/]+(?:[\\/]|$))"
)


def leaks(document: Json, raw: bytes | None = None) -> tuple[str, ...]:
    """The fields, at most FIELDS; `raw` are the bytes that the document was read from, which are searched first."""
    if raw is not None and not _SIGN.search(raw):
        return ()
    found = (field for field, text in islice(_texts(document, ""), LEAVES) if _PLACE.search(text[:4096]))
    return tuple(dict.fromkeys(printable(field, 200) for field in islice(found, FIELDS)))


def _texts(value: Json, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{field}.{key}" if field else key)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{field}[{i}]")
