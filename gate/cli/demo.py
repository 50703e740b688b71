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
    from gate.cli import emit
    from gate.cli.judge import engine, judge, paint
    from gate.cli.setup import prepare
    from gate.output import renderer

    where = folder or tempfile.mkdtemp(prefix="gate-demo-")
    built = resources.fixture("churn").build(where)
    targets = [os.fspath(built.dirty_mar), os.fspath(built.clean_mar)]
    setup = prepare(targets, stage="production")
    judged, _ = judge(targets, setup, engine("", ""), jobs=1)
    render = renderer("text")
    for title, (report, decision) in zip(("A model as it is often found", "The same model, cleaned"), judged, strict=True):
        emit.write_stdout(f"== {title}\n")
        emit.write_stdout(render(report, setup.request, decision, setup.registry.rules, color=paint("auto")) + "\n")
    emit.write_stdout(f"Both archives are in {where}; try: gate scan {targets[0]} -f json\n")
    if [decision.outcome for _, decision in judged] != ["deny", "allow"]:
        raise typer.Exit(70)
