"""What all tests share: no network, and archives built in memory."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.zygote import Zygote

ROOT = Path(__file__).resolve().parent.parent
NOW = "2026-11-21T10:00:00Z"
SECONDS = 120
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    """Tests open no socket beyond loopback: a download in a test is a bug in gate."""
    real = socket.socket.connect

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test connects to {address}")
        return real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Machine code of the policy is kept for the tests alone, not in the home of whoever runs them."""
    os.environ["GATE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="session")
def _interruptible():
    """A shell that starts the tests in the background lets them, and all that they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """make({"name": b"..."}) or make(bytes) -> path of an archive."""

    def build(
        content: Mapping[str, bytes] | bytes, name: str = "model.zip", method: int = zipfile.ZIP_DEFLATED
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else zipped(content, method))
        return path

    return build


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(scope="session")
def gate(zygote: Zygote) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command as a user runs it, in a process of its own."""

    def run(*arguments: object, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> object:
        # No data base and no password of whoever runs the tests.
        own = {"NO_COLOR": "1", "COLUMNS": "80", "XDG_DATA_HOME": str(ROOT / "tests" / "nowhere")}
        kept = ("GATE_CACHE_DIR",)
        outer = {name: value for name, value in os.environ.items() if name in kept or not name.startswith("GATE_")}
        environment = {**outer, **own, **(env or {})}
        command = [sys.executable, "-m", "gate", *map(str, arguments)]
        if zygote.can(environment):
            code, out, err = zygote.run(command[3:], stdin, environment, SECONDS)
        else:
            done = subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, env=environment, timeout=SECONDS)
            code, out, err = done.returncode, done.stdout, done.stderr
        result = subprocess.CompletedProcess(command, code, out.decode(), err.decode())
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run
