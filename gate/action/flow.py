"""Read the inputs, scan in a process of its own, tell the runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from gate.action.base import Base, base
from gate.action.given import Given, Supplies, read
from gate.action.runner import Runner
from gate.core.decision import Outcome
from gate.core.errors import GateError, UsageError

_DECISIONS = {outcome.exit_code: str(outcome) for outcome in Outcome}
_PASSED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "XDG_DATA_HOME", "XDG_CACHE_HOME")
"""What the process that reads hostile bytes gets of the environment: no token of the job."""
_FORMATS = ("json", "sarif", "markdown", "github")


@dataclass(frozen=True, slots=True)
class Scanned:
    """How a scan ended, and the documents that it wrote; a file is absent when it ended early."""

    code: int
    log: str
    complaints: str
    files: Mapping[str, str]

    def text(self, name: str) -> str:
        try:
            with open(self.files[name], encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def run(environment: Mapping[str, str], runner: Runner) -> int:
    """The whole action; returns its exit code. UsageError for wrong inputs."""
    workspace = _folder(environment, "GITHUB_WORKSPACE")
    scratch = _folder(environment, "RUNNER_TEMP")
    given = read(environment, workspace)
    kept = tempfile.mkdtemp(prefix="gate-", dir=scratch)
    with tempfile.TemporaryDirectory(prefix="gate-base-", dir=scratch) as private:
        origin = base(environment, workspace, private)
        supplies = given.supplies if origin is None else origin.supplies(given.supplies)
        if origin is not None:
            runner.say(_told(origin))
        scanned = _scan(given, supplies, kept, workspace)
    return _tell(runner, given, scanned)


def _folder(environment: Mapping[str, str], name: str) -> str:
    path = environment.get(name, "")
    if not os.path.isabs(path) or not os.path.isdir(path):
        raise UsageError(f"{name} names no folder; this runs in a GitHub workflow, elsewhere use `gate scan`")
    return os.path.normpath(path)


def _told(origin: Base) -> str:
    return f"gate: from the base revision {origin.revision}, not from the pull request: " + (
        ", ".join(origin.taken) or "nothing was asked for"
    )


def _scan(given: Given, supplies: Supplies, kept: str, workspace: str) -> Scanned:
    files = {name: os.path.join(kept, f"gate.{name}") for name in _FORMATS}
    files |= {"sarif": given.sarif_file or files["sarif"], "markdown": given.report_file or f"{kept}/gate.md"}
    single = {
        "policy-data": supplies.policy_data,
        "waivers": supplies.waivers,
        "trust": supplies.trust,
        "db": supplies.db,
    }
    options = [
        *(f"{name}={value}" for name, value in given.request),
        *(f"--{name}={value}" for name, value in single.items() if value),
        *(f"--profile={file}" for file in supplies.profiles),
        *(f"--limit={pair}" for pair in given.limits),
        *(f"--output={name}={path}" for name, path in files.items()),
        f"--format={given.format}",
        "--color=never",
    ]
    for stale in files.values():  # what an earlier step left there is no result of this scan
        if os.path.lexists(stale):
            os.unlink(stale)
    done = subprocess.run(  # noqa: S603  # our own interpreter and package, no shell
        [sys.executable, "-I", "-m", "gate", "scan", *options, "--", *given.targets],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=workspace,
        # A fresh runner has no cache, and one that a workflow restored may be another branch's.
        env={name: os.environ[name] for name in _PASSED if name in os.environ} | {"GATE_CACHE_DIR": ""},
        check=False,
    )
    out, err = (part.decode("utf-8", "backslashreplace") for part in (done.stdout, done.stderr))
    return Scanned(done.returncode if done.returncode >= 0 else 70, out, err, files)


def _tell(runner: Runner, given: Given, scanned: Scanned) -> int:
    digests, outcomes = _results(scanned.text("json"))
    code = scanned.code
    if code == 0 and outcomes != [Outcome.ALLOW] * len(given.targets):
        raise GateError("the scan ended well without a result for every archive")
    status = given.fail_on.status(code)
    runner.say(scanned.complaints)
    if given.format != "github":  # these are commands, and follow as such
        runner.say(scanned.log)
    runner.annotate(scanned.text("github"))
    runner.summary(scanned.text("markdown") or "# gate: ERROR\n\nNothing was decided; the log says why.\n")
    if code not in _DECISIONS:
        runner.error(scanned.complaints.strip() or f"the scan ended with exit code {code}")
    elif status != code:
        runner.error(f"{_DECISIONS[code]}, and fail-on: {given.fail_on} lets the job go on", "warning")
    written = {name: path if os.path.isfile(path) else "" for name, path in scanned.files.items()}
    runner.outputs(
        {
            "decision": _DECISIONS.get(code, "error"),
            "exit-code": str(code),
            "digest": "\n".join(digests),
            "sarif-file": written["sarif"],
            "report-file": written["markdown"],
            "json-file": written["json"],
        }
    )
    return status


def _results(lines: str) -> tuple[list[str], list[str]]:
    """Digests and outcomes of the archives, from gate's own result: one object a line."""
    documents = [json.loads(line) for line in lines.splitlines() if line]
    digests = [
        f"{kind}:{value}" for document in documents for kind, value in sorted(document["subject"]["digest"].items())
    ]
    return digests, [document["decision"]["outcome"] for document in documents]
