"""The inputs of the action: environment variables, so that no value is ever part of a script."""

from __future__ import annotations

import enum
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gate.core.errors import UsageError

PREFIX = "GATE_INPUT_"


class FailOn(enum.StrEnum):
    """Which decisions fail the job; errors always do."""

    INCONCLUSIVE = "inconclusive"
    """deny and inconclusive: the default."""
    DENY = "deny"
    NEVER = "never"

    def status(self, code: int) -> int:
        """The exit code of the action for an exit code of gate."""
        spared = {FailOn.INCONCLUSIVE: (), FailOn.DENY: (3,), FailOn.NEVER: (1, 3)}[self]
        return 0 if code in spared else code


@dataclass(frozen=True, slots=True)
class Supplies:
    """Files that have a say in the decision; "" is none."""

    policy_data: str
    waivers: str
    trust: str
    profiles: tuple[str, ...]
    db: str


@dataclass(frozen=True, slots=True)
class Given:
    """What a workflow asks for."""

    targets: tuple[str, ...]
    supplies: Supplies
    request: tuple[tuple[str, str], ...]
    """Options of `gate scan` that are passed on as they are."""
    limits: tuple[str, ...]
    fail_on: FailOn
    format: str
    sarif_file: str
    report_file: str


def read(environment: Mapping[str, str], workspace: str) -> Given:
    """Check every input; UsageError names the wrong one."""

    def lines(name: str) -> tuple[str, ...]:
        value = environment.get(PREFIX + name.upper().replace("-", "_"), "")
        rows = tuple(line.strip() for line in value.split("\n") if line.strip())
        for row in rows:
            if not row.isprintable():
                raise UsageError(f"{name}: has a control character: {row}")
        return rows

    def line(name: str, default: str = "") -> str:
        rows = lines(name)
        if len(rows) > 1:
            raise UsageError(f"{name}: takes one line")
        return rows[0] if rows else default

    def written(name: str) -> str:
        return _written(line(name), name, workspace, [os.path.normpath(os.path.join(workspace, t)) for t in targets])

    targets = tuple(_relative(path, workspace) for path in lines("path"))
    if not targets:
        raise UsageError("path: names no archive")
    fail_on = line("fail-on", FailOn.INCONCLUSIVE)
    if fail_on not in set(FailOn):
        raise UsageError(f"fail-on: {fail_on}: {', '.join(FailOn)}")
    return Given(
        targets=targets,
        supplies=Supplies(line("policy-data"), line("waivers"), line("trust"), lines("profile"), line("db")),
        request=tuple(
            (f"--{name}", line(name)) for name in ("stage", "environment", "model-name", "model-version") if line(name)
        ),
        limits=lines("limits"),
        fail_on=FailOn(fail_on),
        format=line("format", "text"),
        sarif_file=written("sarif-file"),
        report_file=written("report-file"),
    )


def _relative(path: str, workspace: str) -> str:
    """As GitHub addresses files of a repository; what lies elsewhere stays absolute. A lone "-" is a file here."""
    path = os.path.normpath(path)
    if path.startswith(workspace.rstrip(os.sep) + os.sep):
        path = os.path.relpath(path, workspace)
    return os.path.join(os.curdir, path) if path.startswith("-") else path


def _written(path: str, name: str, workspace: str, targets: Collection[str]) -> str:
    """A file to write, absolute; a link in the tree of a pull request must not lead it out of the workspace."""
    if not path:
        return ""
    whole = os.path.normpath(os.path.join(workspace, path))
    folder = os.path.dirname(whole)
    below = os.path.relpath(folder, workspace)
    within = below.split(os.sep)[0] != os.pardir
    if within and os.path.realpath(folder) != os.path.normpath(os.path.join(os.path.realpath(workspace), below)):
        raise UsageError(f"{name}: {path}: goes through a symbolic link")
    if os.path.lexists(whole) and (os.path.islink(whole) or not os.path.isfile(whole)):
        raise UsageError(f"{name}: {path}: is there and is no regular file")
    if whole in targets:
        raise UsageError(f"{name}: {path}: is an archive that is to be judged")
    if not os.path.isdir(folder):
        raise UsageError(f"{name}: {path}: the folder does not exist")
    return whole
