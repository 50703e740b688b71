"""gate explain."""

from __future__ import annotations

import typer


def explain(code: str = typer.Argument(metavar="ID", help="Rule id, reason code (gap.encrypted), or global.")) -> None:
    """Say what a rule or reason code means, or what a pickle does that uses a global; why it matters, what to do."""
    import textwrap

    from gate.cli import emit
    from gate.cli.explain_global import explained
    from gate.core.errors import UsageError
    from gate.output.remedies import KNOWN
    from gate.registry import load

    rule = load().rules.get(code)
    if rule is None:
        advice = KNOWN.get(code)
        if advice is not None:
            emit.write_stdout(f"{code}: {advice.title}\n\n{textwrap.fill('Fix: ' + advice.remedy, 100)}\n")
            return
        text = explained(code)
        if text is None:
            raise UsageError(
                f"{code}: no such rule or reason, nor a global of the tables; gate rules list shows all rules"
            )
        emit.write_stdout(text)
        return
    parts = [f"{rule.id} ({rule.level}): {rule.title}"]
    parts += [textwrap.fill(f"{name}: {text}", 100) for name, text in (("Why", rule.why), ("Fix", rule.remediation))]
    links = [*(f"https://cwe.mitre.org/data/definitions/{n}.html" for n in rule.cwe), *rule.references]
    parts += ["\n".join(links)] if links else []
    emit.write_stdout("\n\n".join(part.strip() for part in parts) + "\n")
