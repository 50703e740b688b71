"""Scan and decide for the commands that do both."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gate import pipeline
from gate.adapters.opa_server import Server
from gate.cli.embedded import embedded_engine
from gate.cli.files import read_file
from gate.cli.progress import progress
from gate.cli.setup import Setup
from gate.core.decision import Decision, Request
from gate.core.errors import UsageError
from gate.core.report import Report
from gate.core.text import printable
from gate.output import Render, renderer, text
from gate.policy.both import Both
from gate.policy.engine import Engine

logger = logging.getLogger("gate")


_TOKEN_BYTES = 2**14


@dataclass(frozen=True, slots=True)
class Asked:
    """Which engine the options name, and where the server is."""

    engine: str = "embedded"
    url: str = ""
    token_file: str = ""
    ca: str = ""
    check: bool = False


def engine(policy: str, policy_data: str, asked: Asked | None = None, targets: Sequence[str] = ()) -> Engine:
    """The engine that the options name, over the standard bundle or another one.

    Raises UsageError for what cannot be read, and for options that contradict each other or would do nothing.
    """
    asked = asked or Asked()
    server = asked.engine == "opa" or asked.check
    _consistent(asked, server, policy_data)
    embedded = embedded_engine(policy, policy_data, targets)
    if not server:
        return embedded
    if embedded.digest is None:
        raise UsageError(f"--policy {policy}: its manifest.json states no digest that a server could be held to")
    token = _token(asked.token_file) if asked.token_file else ""
    remote = Server(asked.url, expected=embedded.digest, token=token, ca=asked.ca)
    return Both(embedded, remote) if asked.check else remote


def _consistent(asked: Asked, server: bool, policy_data: str) -> None:
    if asked.engine not in ("embedded", "opa"):
        raise UsageError(f"--engine {asked.engine}: embedded or opa")
    if server and not asked.url:
        raise UsageError("--engine opa and --engine-check need the server: --opa-url https://HOST[:PORT]")
    if not server and (asked.url or asked.token_file or asked.ca):
        raise UsageError("--opa-url, --opa-token-file and --opa-ca need --engine opa or --engine-check")
    if policy_data and asked.engine == "opa" and not asked.check:
        raise UsageError(
            "--policy-data: gate writes nothing to a server; load the file there as data.gate_site.config, or compare"
            " with it by --engine-check"
        )


def _token(file: str) -> str:
    text = read_file(file, "--opa-token-file", _TOKEN_BYTES).strip()
    if not text.isascii() or not text:
        raise UsageError(f"--opa-token-file {file}: holds no token")
    return text.decode("ascii")


@dataclass(frozen=True, slots=True)
class Judged:
    """One target: what was seen, what was asked about it, and the answer."""

    report: Report
    request: Request
    decision: Decision


def judge(
    targets: Sequence[str], setup: Setup, engine: Engine, jobs: int, *, show: bool = False
) -> tuple[list[Judged], int]:
    """All reports first, then all decisions: the policy engine starts threads, and workers are forked without any.

    A target that cannot be opened is said on stderr, and the others are judged; the second value is its exit code.
    `show` tells on a terminal how far it is.
    """
    seen, worst = [], 0
    for number, target in enumerate(targets):
        begin = time.monotonic()
        try:
            with progress(target, wanted=show) as tell:
                report = pipeline.scan(target, setup.registry_for(number), setup.limits, jobs, tell)
            seen.append((report, setup.request.about(report.model)))
        except UsageError as error:
            print(f"gate: {printable(str(error), 2000)}", file=sys.stderr)
            worst = 2
        logger.info("%s: scanned in %.2f s", printable(target), time.monotonic() - begin)
    begin = time.monotonic()
    rules, limits = setup.registry.rules, setup.limits
    judged = [Judged(report, asked, pipeline.decide(report, asked, rules, engine, limits)) for report, asked in seen]
    logger.info("decided in %.2f s", time.monotonic() - begin)
    return judged, worst


def log_to_stderr() -> None:
    """`-v`: times, and what a crashed inspector said."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("gate: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def paint(color: str) -> bool:
    """Whether text gets colours; https://no-color.org."""
    if color not in ("auto", "always", "never"):
        raise UsageError(f"--color {color}: auto, always or never")
    return color == "always" or (color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def rendering(name: str, color: bool) -> Render:
    """The renderer of a format; only text has colours."""
    return partial(text.render, color=True) if color and name == "text" else renderer(name)
