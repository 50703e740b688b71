"""gate compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gate.cli.options import Jobs, Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.compare.snapshot import Snapshot
    from gate.core.limits import Limits
    from gate.registry import Registry

_WHAT = "a file, a folder, or a result that gate scan -o json=FILE saved."
_LINE = 2**20
"""Bytes of one line of an inventory; a path has at most some thousand."""
INSPECTORS = ("dependencies", "metadata", "native", "serialization")
"""Whose facts are compared: whether something is safe is asked by a scan."""


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"The archive that was: {_WHAT}")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The archive that is to follow it, of the same forms.")],
    old_inventory: Annotated[
        str, typer.Option(metavar="FILE", help="Members of OLD where that is a result: gate scan -o inventory=FILE.")
    ] = "",
    new_inventory: Annotated[str, typer.Option(metavar="FILE", help="The same for NEW.")] = "",
    model_name: Annotated[str, typer.Option(metavar="N", help="Name of the model, for both.")] = "",
    old_version: Annotated[str, typer.Option(metavar="V", help="Version of OLD, where it says none itself.")] = "",
    new_version: Annotated[str, typer.Option(metavar="V", help="Version of NEW.")] = "",
    limit: Limit = [],  # noqa: B006  # typer copies it
    format_: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text or json.")] = "text",
    output: Annotated[
        list[str], typer.Option("-o", "--output", metavar="FORMAT=PATH", help="Write a file as well.")
    ] = [],  # noqa: B006
    jobs: Jobs = 1,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever the comparison says.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no result; files are still written.")] = False,
) -> None:
    """Say what changed between two archives, and whether their versions say so; exit 1 for a step that is too small."""
    from dataclasses import replace

    from gate.cli import emit
    from gate.cli.setup import limits_of, require_extra
    from gate.compare.compare import compare as compared
    from gate.core.errors import UsageError
    from gate.output.comparison import RENDERERS
    from gate.registry import load

    emit.check_format(format_, "-f", tuple(RENDERERS))
    files = emit.outputs(output, tuple(RENDERERS))
    if old == new == "-":
        raise UsageError("OLD and NEW: only one of them can be standard input")
    require_extra()
    limits, registry = limits_of(limit), load()
    looking = replace(registry, inspectors={name: registry.inspectors[name] for name in registry.inspectors
                                            if name in INSPECTORS})  # fmt: skip
    before = _snapshot(old, old_inventory, "--old-inventory", looking, limits, jobs).named(model_name, old_version)
    after = _snapshot(new, new_inventory, "--new-inventory", looking, limits, jobs).named(model_name, new_version)
    answer = compared(before, after)
    for name, path in files:
        emit.write_file(path, RENDERERS[name](answer, registry.rules))
    if not quiet:
        emit.write_stdout(RENDERERS[format_](answer, registry.rules))
    raise typer.Exit(0 if exit_zero else answer.outcome.exit_code)


def _snapshot(target: str, inventory: str, option: str, registry: Registry, limits: Limits, jobs: int) -> Snapshot:
    """What is known of one of the two; UsageError for what can be neither read nor scanned."""
    from functools import partial

    from gate import pipeline
    from gate.cli.files import read_file
    from gate.compare.saved import RESULT_BYTES, begins, read_saved
    from gate.compare.snapshot import of_report
    from gate.core.errors import NotExamined, UsageError

    if not begins(_head(target)):
        if inventory:
            raise UsageError(f"{option}: {target} is no saved result; the members of an archive are read from itself")
        return of_report(pipeline.scan(target, registry, limits, jobs))
    data = read_file(target, "saved result", RESULT_BYTES)
    try:
        return read_saved(data, partial(_lines, inventory, option) if inventory else None)
    except NotExamined as error:
        raise UsageError(
            f"{target}: no saved result that can be compared: {error}; save one with gate scan -o json=FILE -o"
            " inventory=FILE"
        ) from error


def _head(target: str) -> bytes:
    """The first bytes of a regular file, nothing of anything else."""
    import os
    import stat

    if target == "-":
        return b""
    try:
        if not stat.S_ISREG(os.stat(target).st_mode):
            return b""
        with open(target, "rb") as file:
            return file.read(2**16)
    except OSError:
        return b""  # opening it as an archive says why


def _lines(file: str, option: str) -> Iterator[bytes]:
    from gate.core.errors import UsageError

    try:
        with open(file, "rb") as stream:
            while line := stream.readline(_LINE):
                yield line
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}") from error
