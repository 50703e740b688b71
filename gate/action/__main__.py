"""python -I -m gate.action."""

from __future__ import annotations

import os
import sys

from gate.action.flow import run
from gate.action.runner import Runner
from gate.core.errors import GateError, UsageError, site


def main() -> int:
    """The exit code of the action: that of gate. Every error is one annotation, and never exit 0 or 1."""
    runner = Runner(os.environ)
    try:
        return run(os.environ, runner)
    except UsageError as error:
        return _failed(runner, str(error), 2)
    except GateError as error:
        return _failed(runner, str(error), 70)
    except Exception as error:  # noqa: BLE001  # the promise of this function: exit 70, never 1, which means deny
        return _failed(runner, f"internal error: {site(error)}; please report it", 70)


def _failed(runner: Runner, message: str, code: int) -> int:
    runner.error(message)
    try:
        runner.outputs({"decision": "error", "exit-code": str(code)})
        runner.summary("# gate: ERROR\n\nNothing was decided; the log says why.\n")
    except UsageError as error:  # a runner without these files
        runner.error(str(error))
    return code


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
