"""gate rules."""

from __future__ import annotations

import typer

app = typer.Typer(help="What gate can find.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_() -> None:
    """List all rules: id, level, title."""
    from gate.cli import emit
    from gate.registry import load

    rules = load().rules
    width = max(map(len, rules))
    emit.write_stdout("".join(f"{r.id:{width}}  {r.level:8} {r.title}\n" for r in sorted(rules.values(), key=_id)))


@app.command("show")
def show(rule: str = typer.Argument(metavar="ID", help="Rule id, as serialization.dangerous-call.")) -> None:
    """Say what a rule means, why it matters, and how to fix what it finds."""
    from gate.cli.explain import explain

    explain(rule)


def _id(rule: object) -> str:
    return str(getattr(rule, "id", ""))
