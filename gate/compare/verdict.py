"""Whether two versions say what changed between two archives."""

from __future__ import annotations

from collections.abc import Iterator

from gate.compare.versions import step
from gate.core.comparison import Bump, Side, Step
from gate.core.finding import Finding
from gate.core.location import Location


def made(old: Side, new: Side) -> Step:
    """The step that the versions make; versions of two models are not compared."""
    if old.name and new.name and old.name != new.name:
        return Step(why=f"two models: {old.name} and {new.name}")
    return step(old.version, new.version)


def findings(old: Side, new: Side, required: Bump, allowed: Bump, steps: Step) -> Iterator[Finding]:
    """What is wrong with the version of the new archive, which is not the old one byte for byte."""
    name = new.name or old.name or new.subject.name
    if _reused(old, new, required):
        yield _finding(
            "metadata.version-reused", name=name, version=new.version, digest=_digest(new), other=_digest(old)
        )
    if steps.bump is not None and steps.bump < allowed:
        makes = "a step back" if steps.back else f"a {steps.bump.word} step" if steps.bump else "no step"
        enough = "" if allowed is required else f", for which {allowed.word} is enough while the major version is 0"
        yield _finding(
            "metadata.version-bump-too-small",
            name=name,
            old=old.version,
            new=new.version,
            step=makes,
            required=f"{required.word} change{enough}",
        )


def _reused(old: Side, new: Side, required: Bump) -> bool:
    """Same name and version; and other digests, or other members where the digests are of two kinds."""
    if not old.name or old.name != new.name or not old.version or _plain(old.version) != _plain(new.version):
        return False
    return bool(required) or bool(old.subject.digest.keys() & new.subject.digest.keys())


def _plain(version: str) -> str:
    return version.strip().casefold().removeprefix("v")


def _digest(side: Side) -> str:
    return ", ".join(f"{name}:{value}" for name, value in sorted(side.subject.digest.items())) or "no known digest"


def _finding(rule: str, **args: str) -> Finding:
    return Finding(Location(), rule, "", tuple(args.items()))
