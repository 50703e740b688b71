"""--vex: what VEX documents say, as what covers findings."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gate.cli.files import SMALL, read_file, refuse_inside
from gate.core.decision import NEVER, Waiver
from gate.core.errors import NotExamined, UsageError
from gate.core.report import Json
from gate.core.text import printable

if TYPE_CHECKING:
    from gate.advisories.vex import Statement

_CODES = ("dependencies.vulnerable", "dependencies.possibly-vulnerable")
"""What a statement can be about; that a package is itself the attack is never waived."""


def exploitability(targets: Sequence[str], files: Sequence[str], stage: str) -> tuple[tuple[Waiver, ...], Json]:
    """What the documents say does not matter, and their digests.

    UsageError for one that is missing, malformed, or inside a target. Statements that name neither an archive nor a
    package are told of on standard error.
    """
    from gate.advisories.vex import cleared
    from gate.advisories.vex_read import read_vex

    refuse_inside(targets, files)
    statements: list[Statement] = []
    recorded: list[Json] = []
    for file in files:
        data = read_file(file, "--vex", SMALL)
        try:
            document = read_vex(data)
        except NotExamined as error:
            raise UsageError(f"--vex {file}: {error}") from error
        if document.unbound:
            print(
                f"gate: --vex {printable(file)}: {document.unbound} statements name neither an archive by its sha256"
                " nor a package of PyPI, and count for nothing",
                file=sys.stderr,
            )
        statements.extend(document.statements)
        recorded.append({"name": os.path.basename(file), "digest": {"sha256": hashlib.sha256(data).hexdigest()}})

    rows = (_waiver(one, own, code, stage) for one in cleared(statements) for own in one.ids for code in _CODES)
    return tuple(rows), recorded


def _waiver(one: Statement, own: str, code: str, stage: str) -> Waiver:
    return Waiver(
        code=code,
        subject="*",
        stages=(stage,),
        reason=f"VEX {one.reason}",
        owner=one.author,
        approved_by=one.author,
        ticket=one.document or "VEX",
        created=one.time,
        expires=NEVER,
        digest=one.digest or None,
        about=f"{own} {one.package}" if one.package else own,
        version=one.version or None,
    )
