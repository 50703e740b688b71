"""Licences as they are declared: SPDX where they are in it, and which of the others say nothing.

https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/
https://huggingface.co/docs/hub/repositories-licenses
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from gate.resources import data

_LENGTH = 200
"""Characters of one expression; the parser of packaging is quadratic."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def spdx(licence: str) -> str:
    """The SPDX expression of a declared licence in its canonical spelling, "" where it is none."""
    text = licence.strip()
    text = _table()["aliases"].get(text.lower(), text)
    if len(text) > _LENGTH or text.lower() in _table()["ambiguous"]:
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def same(licence: str) -> str:
    """What two spellings of one licence have in common."""
    return spdx(licence) or licence.strip().lower()


def says_nothing(licence: str) -> bool:
    """Whether this is a word for "somewhere else" or "nobody knows"."""
    return licence.strip().lower() in _table()["unknown"]


@cache
def _table() -> Any:
    return yaml.load(data("metadata/licences.yaml").read_bytes(), _Loader)  # noqa: S506  # a safe loader
