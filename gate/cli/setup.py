"""From options to the values that the pipeline takes. Nothing is read from inside a target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from gate.core.decision import Request, Waiver
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.report import Json
from gate.policy.engine import Engine
from gate.registry import Registry, load

_SCAN_EXTRA = ("isal", "lief", "pip_audit", "presidio_analyzer")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Setup:
    """What every command that scans needs."""

    registry: Registry
    limits: Limits
    request: Request


def prepare(
    targets: Sequence[str],
    *,
    stage: str,
    policy: Engine | None = None,
    environment: str = "",
    actor: str = "",
    model_name: str = "",
    model_version: str = "",
    waivers: str = "",
    limit: Sequence[str] = (),
    extension: Sequence[str] = (),
    effective_time: str = "",
) -> Setup:
    """Read and check everything besides the targets; UsageError says which option is wrong."""
    _require_extra()
    refuse_inside(targets, (waivers, *extension))
    limits = _limits(limit)
    registry = load(*(Path(folder) for folder in extension))
    rows, digest = _waivers(waivers)
    inputs: dict[str, Json] = {
        "policy": {} if policy is None or policy.digest is None else {"digest": {"sha256": policy.digest}},
        "rules": {"digest": {"sha256": registry.digest}},
        "waivers": {"digest": {"sha256": digest}} if digest else None,
        "limits": asdict(limits),
    }
    request = Request(
        stage,
        _time(effective_time),
        environment or None,
        actor or None,
        model_name,
        model_version or None,
        rows,
        inputs,
    )
    return Setup(registry, limits, request)


def refuse_inside(targets: Iterable[str], files: Iterable[str]) -> None:
    """An archive must not bring its own policy, waivers or rules along."""
    for file in filter(None, files):
        real = os.path.realpath(file)
        for target in targets:
            inside = os.path.realpath(target)
            if target != "-" and (real == inside or real.startswith(inside + os.sep)):
                raise UsageError(f"{file} lies inside the target {target}; what is judged must not bring its own rules")


def _require_extra() -> None:
    missing = [name for name in _SCAN_EXTRA if find_spec(name) is None]
    if missing:
        raise UsageError(f"scanning needs {', '.join(missing)}: pip install 'mlgate[scan]'")


def _limits(pairs: Sequence[str]) -> Limits:
    limits = Limits()
    for pair in pairs:
        name, _, value = pair.partition("=")
        limits = limits.changed(name, value)
    return limits


def _time(text: str) -> str:
    if not text:
        return datetime.now(UTC).strftime(_TIME)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--effective-time {text}: not an RFC 3339 time with a zone, as 2026-11-21T10:00:00Z")
    return moment.astimezone(UTC).strftime(_TIME)


def _waivers(file: str) -> tuple[tuple[Waiver, ...], str]:
    if not file:
        return (), ""
    from gate.policy.waiver_file import parse

    data = read_file(file, "--waivers")
    return parse(data, file), hashlib.sha256(data).hexdigest()


def read_file(file: str, option: str) -> bytes:
    """A small file that an option names; UsageError when it cannot be read."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}") from error
