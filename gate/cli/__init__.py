"""The command line: parse, call, print, exit code. One file a command; no decision is made here."""

from __future__ import annotations

import sys
from typing import Any, Final

import typer

from gate.cli import admit, attest, compare, db, demo, explain, facts, keys, rules, scan, verify
from gate.cli.plain import PlainCommand, PlainGroup

app: Final = typer.Typer(
    name="gate",
    cls=PlainGroup,
    help="The policy and security gate for machine-learning model archives.",
    epilog="Exit codes: 0 allow, 1 deny, 2 usage or configuration error, 3 inconclusive, 70 internal error.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("scan")(scan.scan)
app.command("attest")(attest.attest)
app.command("admit", cls=PlainCommand)(admit.admit)
app.command("compare")(compare.compare)
app.command("verify", cls=PlainCommand)(verify.verify)
app.command("facts")(facts.facts)
app.command("demo")(demo.demo)
app.add_typer(rules.app, name="rules")
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="keys")
app.command("explain")(explain.explain)

_Refused: Any = typer.BadParameter.__bases__[0]
"""What typer raises for a wrong command line; of its exceptions only BadParameter is exported."""


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from gate import __version__

        typer.echo(f"gate {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; every error ends in its own exit code and one line, never in a traceback."""
    sys.exit(_run())


def _run() -> int:  # the table of exit codes
    from gate.core.errors import GateError, OutOfSpace, UsageError, site

    try:
        code: int = app(standalone_mode=False) or 0
        return _say("interrupted", 130) if code == 130 else code  # typer turns the exception into the code
    except _Refused as error:
        message: str = error.format_message()  # without the usage line that click would print
        if "\n" in message:  # nothing was asked: the whole help
            print(message, file=sys.stderr)
            return 2
        return _say(message, 2)
    except UsageError as error:
        return _say(str(error), 2)
    except OutOfSpace as error:
        return _say(str(error), 3)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", 130)
    except SystemExit as error:  # gate itself never exits from inside: whatever code a library chose means nothing here
        return _say(f"internal error: {site(error)}; please report it", 70)
    except GateError as error:
        return _say(str(error), 70)
    except Exception as error:  # noqa: BLE001  # the promise of this function: exit 70, never 1, which means deny
        return _say(f"internal error: {site(error)}; please report it", 70)


def _say(line: str, code: int) -> int:
    from gate.core.text import printable

    print(f"gate: {printable(line, 2000)}", file=sys.stderr)
    return code
