"""Which personal data a scan is asked for: --pii-country and --pii-recognizers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gate.cli.embedded import kept_files
from gate.cli.files import SMALL, read_file, refuse_inside
from gate.core.errors import UsageError
from gate.core.report import Json
from gate.formats.personal import countries
from gate.formats.personal_choice import Choice

_RECOGNIZERS = "--pii-recognizers"
_ALL = "all"


def choice(targets: Sequence[str], chosen: str, files: Sequence[str]) -> Choice:
    """What the two options say; UsageError for an unknown country, or a file that is missing, wrong or in a target."""
    refuse_inside(targets, files)
    kept = kept_files(targets, "patterns")
    registries = tuple(read_file(file, _RECOGNIZERS, SMALL) for file in files)
    made = Choice(_countries(chosen), registries, kept.folder if kept else "")
    if registries:
        from gate.adapters.presidio import analyzer

        analyzer(made)
    return made


def _countries(chosen: str) -> frozenset[str] | None:
    if not chosen:
        return None
    known = countries()
    if chosen == _ALL:
        return known
    asked = frozenset(code.strip().lower() for code in chosen.split(","))
    if unknown := asked - known:
        names = ", ".join(sorted(known))
        raise UsageError(f"--pii-country {sorted(unknown)[0]}: no recognizers for it; there are {names}, and all")
    return asked


def recorded_choice(made: Choice) -> dict[str, Json]:
    """What the decision records of it: nothing where nothing was chosen."""
    recorded: dict[str, Json] = {}
    if made.countries is not None:
        recorded["pii_countries"] = sorted(made.countries)
    if made.registries:
        recorded["pii_recognizers"] = [
            {"digest": {"sha256": hashlib.sha256(one).hexdigest()}} for one in made.registries
        ]
    return recorded
