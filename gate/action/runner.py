"""What the runner reads: its log, and the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name.

Source: GitHub, "Workflow commands for GitHub Actions". Text of an archive can reach all three, so none of it is ever
written where the runner would take it for a command or for another output.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping

from gate.core.errors import UsageError
from gate.core.text import printable
from gate.output.github import command

SUMMARY = 2**20
"""Bytes of a step's summary; GitHub refuses more."""
_CUT = "\n\n**Cut here: the file of the output report-file has the rest.**\n"


class Runner:
    """The runner that this process was started by."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def say(self, text: str) -> None:
        """Text into the log as it is: commands are switched off around it, by a token that nobody can guess."""
        token = secrets.token_hex(32)
        clean = "\n".join(printable(line, len(line) + 1) for line in text.split("\n")).strip("\n")
        if clean:
            sys.stdout.write(f"::stop-commands::{token}\n{clean}\n::{token}::\n")
            sys.stdout.flush()

    def annotate(self, commands: str) -> None:
        """Commands of gate's own making, whose data is escaped already."""
        sys.stdout.write(commands)
        sys.stdout.flush()

    def error(self, message: str, kind: str = "error") -> None:
        """One annotation that belongs to no file."""
        self.annotate(command(kind, message, title="gate") + "\n")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Outputs of the step, each between delimiters that nobody can guess."""
        lines = []
        for name, value in values.items():
            mark = f"gate_{secrets.token_hex(32)}"
            lines.append(f"{name}<<{mark}\n{value}\n{mark}\n")
        self._append("GITHUB_OUTPUT", "".join(lines))

    def summary(self, markdown: str) -> None:
        """The summary of the step, cut at the end of a line where it is longer than GitHub takes."""
        data = markdown.encode("utf-8", "backslashreplace")
        if len(data) > SUMMARY:
            room = data[: SUMMARY - len(_CUT)]
            markdown = room[: room.rfind(b"\n") + 1].decode("utf-8") + _CUT
        self._append("GITHUB_STEP_SUMMARY", markdown)

    def _append(self, variable: str, text: str) -> None:
        path = self._environment.get(variable, "")
        try:
            with open(path, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"{variable}: cannot be written: {error.strerror}") from error
