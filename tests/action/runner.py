"""A runner for tests: evaluates a step of action.yml, runs it with bash, and reads log and files as GitHub's runner does.

Source: actions/runner, src/Runner.Common/ActionCommand.cs and src/Runner.Worker/FileCommandManager.cs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conftest import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def commands(log: str) -> list[Command]:
    """Every command that the runner would obey."""
    found, stopped = [], None
    for line in re.split(r"\r\n|\r|\n", log):
        command = second_form(line) or first_form(line)
        if command is None:
            continue
        if stopped is not None:
            stopped = None if command.name == stopped else stopped
        elif command.name == "stop-commands":
            stopped = command.message
        else:
            found.append(command)
    assert stopped is None, "commands stay switched off"
    return found


def second_form(line):
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, pairs = text[2:end].partition(" ")
    split = [pair.split("=", 1) for pair in pairs.split(",") if "=" in pair]
    return Command(name, {key.strip(): unescape(value) for key, value in split}, unescape(text[end + 2 :]))


def first_form(line):
    """The old form, which is obeyed wherever it stands in a line."""
    start = line.find("##[")
    end = line.find("]", start)
    return Command(line[start + 3 : end].split(" ")[0], {}, line[end + 1 :]) if start >= 0 and end >= 0 else None


def unescape(text):
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def outputs(path: Path) -> dict[str, str]:
    """The outputs of a step, as the runner reads its file."""
    values, lines = {}, iter(re.split(r"\r\n|\r|\n", path.read_bytes().decode()))
    for line in lines:
        if not line:
            continue
        name, mark = re.fullmatch(r"([^=<]+)<<(.+)", line).groups()
        value = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        else:
            raise AssertionError(f"{name} has no end")
        assert name not in values
        values[name] = "\n".join(value)
    return values


@dataclass(frozen=True)
class Ran:
    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self):
        return commands(self.log)

    def titles(self, kind="error"):
        return [command.properties.get("title") for command in self.commands if command.name == kind]


class Job:
    """A workspace, and the step that scans; `python` has gate and what it needs."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder = python, folder
        self.workspace, self.temp = folder / "workspace", folder / "temp"
        for path in (self.workspace, self.temp):
            path.mkdir(parents=True, exist_ok=True)
        self.output, self.summary = folder / "output", folder / "summary"

    def run(self, event="push", document=None, environment=None, **inputs) -> Ran:
        for path in (self.output, self.summary):
            path.write_text("")
        (self.folder / "event.json").write_text(json.dumps(document or {}))
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= ACTION["inputs"].keys()
        step = next(step for step in ACTION["runs"]["steps"] if step["id"] == "gate")
        known = {f"inputs.{name}": given.get(name, row.get("default", "")) for name, row in ACTION["inputs"].items()}
        known["steps.install.outputs.python"] = self.python
        own = {name: re.sub(r"\$\{\{ (\S+) \}\}", lambda m: known[m[1]], value) for name, value in step["env"].items()}
        runner = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
            "SECRET_TOKEN": "hunter2-secret",
        }
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={**runner, **own, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        log = done.stdout.decode()
        assert "Traceback" not in log and "hunter2" not in log, log
        return Ran(done.returncode, log, outputs(self.output), self.summary.read_text())
