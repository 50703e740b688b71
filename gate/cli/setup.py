"""From options to the values that the pipeline takes. Nothing is read from inside a target."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from gate.cli.chosen import choice
from gate.cli.files import read_file, refuse_inside
from gate.cli.given import expectations, given
from gate.cli.times import moment
from gate.cli.vex import exploitability
from gate.core.decision import Request, Waiver
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.report import Json
from gate.declared.expected import Expectation
from gate.policy.engine import Engine
from gate.registry import Registry, load

_SCAN_EXTRA = ("isal", "lief", "pip_audit", "presidio_analyzer")


@dataclass(frozen=True, slots=True)
class Setup:
    """What every command that scans needs."""

    registry: Registry
    limits: Limits
    request: Request
    expected: tuple[Expectation, ...] = ()

    def registry_for(self, number: int) -> Registry:
        """The inspectors for one of the targets, counted from 0."""
        return self.registry.expecting(self.expected[number]) if self.expected else self.registry


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
    vex: Sequence[str] = (),
    limit: Sequence[str] = (),
    extension: Sequence[str] = (),
    effective_time: str = "",
    db: str = "",
    profile: Sequence[str] = (),
    trust: str = "",
    signature: Sequence[str] = (),
    expect_digest: Sequence[str] = (),
    pii_allow: str = "",
    mask_key: str = "",
    pii_country: str = "",
    pii_recognizers: Sequence[str] = (),
) -> Setup:
    """Read and check everything besides the targets; UsageError says which option is wrong."""
    require_extra()
    refuse_inside(targets, (waivers, *extension))
    expected = expectations(targets, expect_digest)
    limits = limits_of(limit)
    now = moment(effective_time)
    supplied, recorded = given(
        targets,
        limits,
        db=db,
        profiles=profile,
        trust=trust,
        signatures=signature,
        pii_allow=pii_allow,
        mask_key=mask_key,
        effective_time=now,
        personal=choice(targets, pii_country, pii_recognizers),
    )
    registry = load(*(Path(folder) for folder in extension), inputs=supplied)
    rows, digest = _waivers(waivers)
    cleared, documents = exploitability(targets, vex, stage) if vex else ((), None)
    inputs: dict[str, Json] = {
        "policy": {} if policy is None or policy.digest is None else {"digest": {"sha256": policy.digest}},
        "rules": {"digest": {"sha256": registry.digest}},
        "waivers": {"digest": {"sha256": digest}} if digest else None,
        "limits": asdict(limits),
        **recorded,
        **({"vex": documents} if vex else {}),
        **({"expected": [{algorithm: digest} for algorithm, digest in expected]} if expected else {}),
    }
    request = Request(
        stage,
        now,
        environment or None,
        actor or None,
        model_name,
        model_version or None,
        rows,
        inputs,
        exploitability=cleared,
    )
    return Setup(registry, limits, request, expected)


def require_extra() -> None:
    """UsageError where the packages are not installed that a scan needs."""
    missing = [name for name in _SCAN_EXTRA if find_spec(name) is None]
    if missing:
        raise UsageError(f"scanning needs {', '.join(missing)}: pip install 'mlgate[scan]'")


def limits_of(pairs: Sequence[str]) -> Limits:
    """The limits with those changed that --limit names; UsageError for one that is none."""
    limits = Limits()
    for pair in pairs:
        name, _, value = pair.partition("=")
        limits = limits.changed(name, value)
    return limits


def _waivers(file: str) -> tuple[tuple[Waiver, ...], str]:
    if not file:
        return (), ""
    from gate.policy.waiver_file import parse

    data = read_file(file, "--waivers")
    return parse(data, file), hashlib.sha256(data).hexdigest()
