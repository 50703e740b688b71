"""gate demo."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    folder: Annotated[str, typer.Option(metavar="DIR", help="Keep the archives there; default: a new folder.")] = "",
) -> None:
    """Build a dirty and a clean model archive, scan both for production, and show the two decisions."""
    import os
    import tempfile

    from gate import resources
    from gate.advisories.sample import sample
    from gate.cli import emit
    from gate.cli.judge import engine, judge, paint, rendering
    from gate.cli.setup import prepare
    from gate.core.errors import GateError

    where = folder or tempfile.mkdtemp(prefix="gate-demo-")
    built = resources.fixture("churn").build(where)
    targets = [os.fspath(built.dirty_mar), os.fspath(built.clean_mar)]
    supplies = resources.fixture("churn", "surroundings").supply(where, built)
    advisories = sample(where)
    decider = engine("", supplies.policy_data, targets=targets)
    setup = prepare(
        targets,
        stage="production",
        policy=decider,
        db=advisories,
        trust=supplies.trust,
        profile=[supplies.profile],
    )
    judged, _ = judge(targets, setup, decider, jobs=1)
    render = rendering("text", paint("auto"))
    for title, one in zip(("A model as it is often found", "The same model, cleaned"), judged, strict=True):
        emit.write_stdout(f"== {title}\n")
        emit.write_stdout(render(one.report, one.request, one.decision, setup.registry.rules) + "\n")
    emit.write_stdout(
        f"Everything is in {where}; try:\n  gate scan {targets[0]} --trust {supplies.trust}"
        f" --profile {supplies.profile} --db {advisories} --policy-data {supplies.policy_data}\n"
    )
    if [one.decision.outcome for one in judged] != ["deny", "allow"]:
        raise GateError("the demo did not end in one deny and one allow; this installation is broken")
